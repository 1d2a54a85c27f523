"""A runtime that goes away and comes back as another: what was seen stays, what is asked fails, numbers go on."""

from __future__ import annotations

import contextlib
import os
import struct
import threading

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui import __version__
from airssys_tui.api import wire
from airssys_tui.api.commands import Stop
from airssys_tui.api.played import scenes
from airssys_tui.api.socket.address import listen
from airssys_tui.api.socket.frames import PROTOCOL, Access, Answer, Failure, Moment, Part, Splitter, Welcome, frame
from airssys_tui.api.socket.mirror import Mirror
from airssys_tui.api.socket.ticks import tick_of
from airssys_tui.api.socket.wire_errors import WireError
from airssys_tui.api.views.runtime import Phase, Snapshot
from airssys_tui.core.errors import AirssysError, Disconnected, NothingRuns, ProtocolMismatch, Unreachable
from airssys_tui.core.events import Event, EventKind, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.text import GuestText, sanitise
from airssys_tui.tui.state.feed import Feed
from tests.support.api.sockets import PATIENCE, client, serving, wait_for

HEAD = Snapshot(generation=1, at=0.0, phase=Phase.RUNNING, folder=GuestText("f"))
HOSTILE = "\x1b]52;c;b3duZWQ=\x07\x1b[2J\u202e\u200b\x9b31m"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sock"


def disconnected(remote) -> Disconnected | None:
    try:
        remote.snapshot()
    except Disconnected as error:
        return error
    return None


def test_nobody_there_is_said_at_once(path):
    with pytest.raises(NothingRuns), client(path):
        pass


def test_screens_live_through_a_restart_of_the_runtime(path):
    first, second = scenes.mixed(scenes.still), scenes.mixed(scenes.still)
    second.remove("greeter")
    second.edit("counter", version="7.7.7")
    feed = Feed()
    with contextlib.ExitStack() as opened:
        with serving(first, path):
            remote = opened.enter_context(client(path, follow=True))
            first.emit("a word before", component="counter")
            remote.disk().result(PATIENCE)
            feed.pull(remote)
            known = set(feed.rows)
            seen = feed.log[-1].seq
            assert "greeter" in known
        wait_for(lambda: disconnected(remote))
        error = disconnected(remote)
        assert (error.pid, error.retryable) == (os.getpid(), True)
        assert f"pid {os.getpid()} stopped" in str(error)
        for ask in (lambda: remote.disk().result(0), remote.events):
            with pytest.raises(Disconnected):
                ask()
        second.emit("a word after", component="counter")
        with serving(second, path):
            wait_for(lambda: not disconnected(remote))
            change = feed.pull(remote)
            assert change.removed == {"greeter"}
            assert change.rows == known - {"greeter"} == set(feed.rows)
            assert feed.rows["counter"].version == "7.7.7"
            assert change.events[-1].text == "a word after"
            assert all(event.seq > seen for event in change.events)
            numbers = [event.seq for event in feed.log]
            assert numbers == sorted(set(numbers))
            assert feed.pull(remote).rows == frozenset()
            remote.submit(Stop("counter")).result(PATIENCE)
            assert feed.pull(remote).rows == {"counter"}


def test_the_same_runtime_again_brings_only_what_changed(path):
    runtime = scenes.mixed(scenes.still)
    feed = Feed()
    with serving(runtime, path) as server, client(path, follow=True) as remote:
        feed.pull(remote)
        server.cut_off()
        wait_for(lambda: server.status().served == 2 and not disconnected(remote))
        runtime.edit("counter", version="8.8.8")
        remote.disk().result(PATIENCE)
        change = feed.pull(remote)
        assert (change.rows, change.removed, change.events) == ({"counter"}, frozenset(), ())


def test_what_waited_ends_with_it(path):
    runtime = scenes.mixed(scenes.still)
    runtime.patience = True
    with serving(runtime, path) as server, client(path) as remote:
        asked = remote.disk()
        wait_for(lambda: runtime.waiting)
        server.close()
        with pytest.raises(Disconnected, match="unknown"):
            asked.result(PATIENCE)
        with pytest.raises(Disconnected):
            remote.disk().result(PATIENCE)


def test_what_is_cancelled_is_forgotten(path):
    runtime = scenes.mixed(scenes.still)
    runtime.patience = True
    with serving(runtime, path), client(path) as remote:
        asked = remote.disk()
        assert asked.cancel()
        wait_for(lambda: runtime.waiting)
        runtime.settle()
        runtime.patience = False
        assert remote.describe("counter").result(PATIENCE)
        assert remote.waiting == 0


def test_silence_counts_as_gone(path, monkeypatch):
    with serving(scenes.mixed(scenes.still), path, beat=3_600.0), client(path, follow=True) as remote:
        assert disconnected(remote) is None
        monkeypatch.setattr("airssys_tui.api.socket.remote.SILENCE", -1.0)
        assert "has said nothing" in str(disconnected(remote))


class Impostor:
    """What listens where a runtime should, and says whatever a test has it say."""

    def __init__(self, path, *script: bytes, welcome: bytes | None = None, ends: bool = False) -> None:
        self._ends = ends
        self._listening = listen(path)
        self._listening.setblocking(True)
        self._listening.settimeout(PATIENCE)
        self._script = script
        greeting = Welcome(PROTOCOL, __version__, "epoch", os.getpid(), HOSTILE, Access.FULL)
        self._welcome = frame(greeting) if welcome is None else welcome
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._listening.close()
        self._thread.join(PATIENCE)

    def _serve(self):
        with contextlib.suppress(OSError):
            connected, _ = self._listening.accept()
            with connected:
                splitter = Splitter(1_000_000)
                self._receive(connected, splitter)
                connected.sendall(self._welcome)
                for reply in self._script:
                    if reply.startswith(b"?"):
                        self._receive(connected, splitter)
                    connected.sendall(reply.removeprefix(b"?"))
                self._over.wait(0.0 if self._ends else PATIENCE)

    def _receive(self, connected, splitter):
        while not list(splitter.feed(connected.recv(65_536))):
            pass


def raw_frame(message) -> bytes:
    """A frame whose texts are as hostile as they were made."""
    return frame(message)


def hostile_view():
    view = scenes.mixed(scenes.still).snapshot().components[0]
    return msgspec.structs.replace(
        view,
        id=f"a{HOSTILE}",
        version=HOSTILE,
        digest=HOSTILE,
        kind=HOSTILE,
        source=GuestText(HOSTILE),
        held=(GuestText(HOSTILE),),
    )


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from (*texts(name), *texts(part))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)


def assert_harmless(value):
    for text in texts(wire.plain(value)):
        assert text == sanitise(str(text)), "safe already"
        assert "\x1b" not in text


def test_a_hostile_server_gets_nothing_raw_to_a_screen(path):
    event = Event(seq=1, at=0.0, kind=EventKind.LOG, level=Level.INFO, text=HOSTILE, component=HOSTILE, action=HOSTILE)
    head = Snapshot(
        generation=1, at=0.0, phase=Phase.RUNNING, folder=GuestText(HOSTILE), last_event=1, removed=(HOSTILE,)
    )
    fault = WireError(
        kinds=(HOSTILE, "GateRefusal", "AirssysError"),
        message=HOSTILE,
        remedy=HOSTILE,
        component=HOSTILE,
        more={"gate": Gate.SIZE},
    )
    impossible = msgspec.structs.replace(fault, more={"gate": HOSTILE})
    script = (
        frame(Part((hostile_view(),), (event,))),
        frame(Moment(head, True, 0)),
        b"?" + frame(Failure(1, fault)),
        b"?" + frame(Failure(2, impossible)),
        b"?" + frame(Answer(3, msgspec.Raw(wire.pack(GuestText(HOSTILE))))),
    )
    with Impostor(path, *script), client(path, follow=True) as remote:
        assert_harmless(remote.snapshot())
        (told,) = remote.events().events
        assert told.text == HOSTILE, "a guest's line is data: it is sanitised where it is drawn"
        assert_harmless(msgspec.structs.replace(told, text=""))
        assert_harmless(remote.welcome)
        with pytest.raises(AirssysError) as failed:
            remote.describe("counter").result(PATIENCE)
        assert type(failed.value).__name__ == "GateRefusal"
        assert_harmless([str(failed.value), failed.value.remedy, failed.value.component, failed.value.gate])
        with pytest.raises(AirssysError) as failed:
            remote.describe("counter").result(PATIENCE)
        assert type(failed.value) is AirssysError, "there is no such gate"
        assert_harmless([str(failed.value), failed.value.remedy, failed.value.component])
        with pytest.raises(Unreachable) as unreadable:
            remote.describe("counter").result(PATIENCE)
        assert_harmless([str(unreadable.value)])


@pytest.mark.parametrize(
    "welcome",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\xff\xff\xff\xff",
        struct.pack(">I", 3) + b"\x1b[2",
        frame(Answer(1, msgspec.Raw(b"\x80"))),
        frame(Welcome(PROTOCOL + 1, HOSTILE, "e", 1, "f", Access.FULL)),
    ],
    ids=["text", "huge", "rubbish", "no welcome", "another version"],
)
def test_what_is_no_runtime_is_not_believed(path, welcome):
    with Impostor(path, welcome=welcome), pytest.raises(ProtocolMismatch) as mismatch, client(path):
        pass
    assert_harmless([str(mismatch.value)])


def test_one_that_says_nothing_is_not_waited_for(path, monkeypatch):
    monkeypatch.setattr("airssys_tui.api.socket.remote.PATIENCE", 0.05)
    with Impostor(path, welcome=b""), pytest.raises(Unreachable), client(path):
        pass


def test_one_that_turns_to_rubbish_is_disconnected(path):
    with Impostor(path, b"?\xff\xff\xff\xff"), client(path) as remote, pytest.raises(Disconnected):
        remote.disk().result(PATIENCE)


TICK = tick_of(hostile_view(), hostile_view())
MESSAGES = st.one_of(
    st.binary(max_size=60).map(lambda body: struct.pack(">I", len(body)) + body),
    st.binary(max_size=60).filter(lambda data: not data.startswith(b"?")),
    st.builds(
        lambda generation, sample, full: frame(
            Part(ticks=(msgspec.structs.replace(TICK, generation=generation, sample=sample, full=full),))
        ),
        st.integers(-(2**63), 2**63),
        st.none() | st.tuples(st.floats(), st.floats(), st.floats()),
        st.booleans(),
    ),
    st.builds(
        lambda generation, last, lost, whole: frame(
            Moment(msgspec.structs.replace(HEAD, generation=generation, last_event=last), whole, lost)
        ),
        st.integers(-(2**63), 2**63),
        st.integers(-(2**63), 2**63),
        st.integers(-(2**63), 2**63),
        st.booleans(),
    ),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.lists(MESSAGES, max_size=8))
def test_whatever_a_server_says_ends_as_an_error_of_the_tree(tmp_path_factory, sent):
    path = tmp_path_factory.mktemp("fuzz") / "control.sock"
    script = (frame(Part(rows=(hostile_view(),))), frame(Moment(HEAD, True, 0)), *sent)
    with contextlib.suppress(Unreachable), Impostor(path, *script, ends=True), client(path, follow=True) as remote:
        wait_for(lambda: remote.lost)
        with pytest.raises(Disconnected):
            remote.disk().result(PATIENCE)
        assert_harmless(remote.mirror.snapshot())


def test_a_mirror_is_as_gone_as_it_was(path):
    mirror = Mirror(lambda: 0.0)
    head = Snapshot(generation=3, at=0.0, phase=Phase.RUNNING, folder=GuestText("f"), last_event=4)
    views = [msgspec.structs.replace(view, generation=2) for view in scenes.mixed(scenes.still).snapshot().components]
    assert mirror.replace(head, views, ())
    assert not mirror.replace(head, views, ())
    assert mirror.last == 0
    mirror.restart()
    assert mirror.replace(msgspec.structs.replace(head, generation=0), views[1:], ())
    gone = mirror.snapshot(3)
    assert gone.removed == (views[0].id,)
    assert len(gone.components) == len(views) - 1
    assert mirror.snapshot(gone.generation).removed == ()
