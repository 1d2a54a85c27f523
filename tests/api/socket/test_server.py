"""The control socket under clients that mean no good, read nothing, or are too many: nobody else is harmed."""

from __future__ import annotations

import contextlib
import struct

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.api import wire
from airssys_tui.api.commands import Start, Stop
from airssys_tui.api.played import scenes
from airssys_tui.api.socket.frames import MAX_HELLO, PROTOCOL, Access, Ask, Beat, Bye, Hello, Moment, Part, frame
from airssys_tui.api.socket.methods import METHODS, READING
from airssys_tui.api.views.past import StateFile
from airssys_tui.core.errors import (
    AirssysError,
    Disconnected,
    Overcrowded,
    ProtocolMismatch,
    ReadOnlyAccess,
    StoreError,
    UnknownComponent,
    UsageError,
)
from tests.support.api.sockets import PATIENCE, RawClient, client, serving, wait_for


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sock"


@pytest.fixture
def runtime():
    return scenes.mixed(scenes.still)


def lives(path) -> bool:
    """Whether a well-behaved client is served."""
    with client(path) as remote:
        return bool(remote.snapshot().components)


@contextlib.contextmanager
def ended_as(server, **expected):
    """See that connections end within the block and are counted so."""
    before = msgspec.to_builtins(server.status())
    yield
    wait_for(lambda: all(getattr(server.status(), name) - before[name] == count for name, count in expected.items()))


class TestAccess:
    def test_a_connection_for_reading_may_read_and_nothing_else(self, path, runtime):
        with serving(runtime, path), client(path, access=Access.READ) as remote:
            assert remote.welcome.access is Access.READ
            assert remote.describe("counter").result(PATIENCE).view.id == "counter"
            for asked in (
                remote.submit(Stop("counter")),
                remote.call("counter", "value"),
                remote.collect(),
            ):
                with pytest.raises(ReadOnlyAccess) as refused:
                    asked.result(PATIENCE)
                assert refused.value.remedy
            assert remote.collect(dry=True).result(PATIENCE).dry
        assert runtime.commands == []

    def test_the_server_decides_not_the_client(self, path, runtime):
        with serving(runtime, path), RawClient(path) as raw:
            raw.greet(access=Access.READ)
            raw.ask(1, "submit", Start("counter"), "me")
            assert "ReadOnlyAccess" in raw.receive().fault.kinds

    def test_everything_that_is_not_named_as_reading_needs_full_access(self):
        assert METHODS.keys() > READING
        changing = {name for name, method in METHODS.items() if name not in READING}
        messages = {"send_message", "ask_component", "publish", "replay_dead_letters", "discard_dead_letters"}
        calls = {"call", "close_handle", "save_check", "drop_check", "verify", "replay"}
        assert changing == {"submit", "collect", *calls, *messages}


class TestRubbish:
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_no_bytes_harm_the_server_or_another_client(self, rubbish_served, data):
        path, other = rubbish_served
        framed = st.binary(max_size=200).map(lambda body: struct.pack(">I", len(body)) + body)
        sent = data.draw(st.lists(st.one_of(st.binary(max_size=200), framed), max_size=6).map(b"".join))
        greeted = data.draw(st.booleans())
        with RawClient(path) as raw:
            if greeted:
                raw.greet()
            raw.send(sent)
        assert other.describe("counter").result(PATIENCE).view.id == "counter"

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        method=st.sampled_from(sorted(METHODS)),
        arguments=st.recursive(
            st.none() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5) | st.binary(max_size=5) | st.floats(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["component", "command", "type", "limit", "export"]), inner, max_size=4
                )
            ),
            max_leaves=8,
        ),
    )
    def test_arguments_that_do_not_fit_are_an_error_of_the_question(self, rubbish_served, method, arguments):
        path, _ = rubbish_served
        with RawClient(path) as raw:
            raw.greet()
            raw.send(frame(Ask(7, method, msgspec.Raw(msgspec.msgpack.encode(arguments)))))
            assert raw.receive().number == 7
            raw.ask(8, "describe", "counter")
            assert raw.receive().number == 8

    @pytest.fixture(scope="class")
    def rubbish_served(self, tmp_path_factory):
        path = tmp_path_factory.mktemp("rubbish") / "control.sock"
        with serving(scenes.mixed(scenes.still), path), client(path) as other:
            yield path, other

    @pytest.mark.parametrize(
        ("sent", "reason"),
        [
            (b"GET / HTTP/1.1\r\n\r\n", "bytes"),
            (struct.pack(">I", 0xFFFF_FFFF), "bytes"),
            (struct.pack(">I", 0), "bytes"),
            (struct.pack(">I", MAX_HELLO + 1), "bytes"),
            (struct.pack(">I", 4) + b"\xff\xff\xff\xff", "malformed"),
            (frame(Ask(1, "disk", msgspec.Raw(b"\x80"))), "malformed"),
            (struct.pack(">I", 2_000) + b"\x91" * 2_000, "malformed"),
        ],
        ids=["http", "huge", "empty", "too large", "no msgpack", "no hello", "deep"],
    )
    def test_what_is_no_hello_is_cut_off_with_a_reason(self, path, runtime, sent, reason):
        with serving(runtime, path) as server, ended_as(server, faulty=1), RawClient(path) as raw:
            raw.send(sent)
            error = raw.refusal()
            assert isinstance(error, ProtocolMismatch)
            assert reason in str(error)
        assert lives_after(runtime, path)

    def test_an_unknown_method_is_an_error_and_the_connection_goes_on(self, path, runtime):
        with serving(runtime, path), RawClient(path) as raw:
            raw.greet()
            raw.send(frame(Ask(1, "__class__", msgspec.Raw(wire.pack({})))))
            assert "UsageError" in raw.receive().fault.kinds
            raw.send(frame(Ask(2, "close", msgspec.Raw(wire.pack({})))))
            assert "UsageError" in raw.receive().fault.kinds
        assert not runtime.closed

    def test_another_protocol_is_refused_with_both_versions(self, path, runtime):
        with serving(runtime, path) as server, ended_as(server, refused=1), RawClient(path) as raw:
            raw.send(frame(Hello(PROTOCOL + 1, "9.9.9", Access.FULL, "future")))
            error = raw.refusal()
            assert isinstance(error, ProtocolMismatch)
            assert "9.9.9" in str(error)
            assert error.remedy

    def test_a_large_question_needs_full_access(self, path, runtime):
        big = frame(Ask(1, "disk", msgspec.Raw(wire.pack({"x": b"\0" * 1_100_000}))))
        with serving(runtime, path), RawClient(path) as raw:
            raw.greet(access=Access.READ)
            raw.send(big[:8])
            assert isinstance(raw.refusal(), ProtocolMismatch)
        with serving(runtime, path), RawClient(path) as raw:
            raw.greet(access=Access.FULL)
            raw.send(big)
            assert raw.receive().number == 1


def lives_after(runtime, path) -> bool:
    with serving(runtime, path):
        return lives(path)


class TestStalling:
    def test_who_says_nothing_is_cut_off(self, path, runtime):
        with serving(runtime, path, hello=0.05) as server, ended_as(server, faulty=1), RawClient(path) as raw:
            assert "in time" in str(raw.refusal())
            assert lives(path)

    def test_half_a_message_is_cut_off(self, path, runtime):
        with serving(runtime, path, frame=0.05) as server, ended_as(server, faulty=1), RawClient(path) as raw:
            raw.greet()
            raw.send(frame(Ask(1, "disk", msgspec.Raw(wire.pack({}))))[:-1])
            assert "complete in time" in str(raw.refusal())
            assert lives(path)

    def test_whoever_waits_between_whole_messages_may(self, path, runtime):
        with serving(runtime, path, frame=0.05, hello=0.05), client(path) as patient:
            with RawClient(path) as raw:  # a half message of another: when that is cut off, more time has passed
                raw.greet()
                raw.send(b"\0")
                raw.refusal()
            assert patient.disk().result(PATIENCE)

    def test_a_client_that_does_not_read_is_cut_off_while_others_are_served(self, path, runtime):
        with serving(runtime, path, write=0.2, pulse=0.01) as server, client(path, follow=True) as other:
            with ended_as(server, slow=1), RawClient(path) as raw:
                raw.greet()
                for number in range(60):
                    raw.ask(number, "describe", "counter")
                    raw.ask(1_000 + number, "snapshot")
                    raw.ask(2_000 + number, "events")
                assert other.submit(Stop("counter")).result(PATIENCE)
                wait_for(lambda: server.status().slow)
            assert any("slow" in told and "raw" in told for told in server.told)
            assert other.submit(Start("counter")).result(PATIENCE)

    def test_what_waits_for_a_client_is_bounded_also_before_its_time_is_up(self, path, runtime):
        with serving(runtime, path, write=60.0, unsent=20_000) as server, ended_as(server, slow=1):
            with RawClient(path) as raw:
                raw.greet()
                for number in range(2_000):
                    raw.ask(number, "describe", "counter")
                wait_for(lambda: server.status().slow)
            assert lives(path)


class TestMany:
    def test_more_clients_than_there_is_room_for_are_refused_and_told(self, path, runtime):
        with serving(runtime, path, clients=3) as server, contextlib.ExitStack() as opened:
            for _ in range(3):
                opened.enter_context(client(path))
            with ended_as(server, refused=1), pytest.raises(Overcrowded, match="3 clients"):
                opened.enter_context(client(path))
            opened.close()
            wait_for(lambda: server.status().clients == 0)
            assert lives(path)

    def test_questions_in_flight_are_bounded_and_forgotten_with_the_client(self, path, runtime):
        runtime.patience = True
        with serving(runtime, path, in_flight=2) as server:
            with client(path) as remote:
                waiting = [remote.describe("counter"), remote.describe("counter")]
                with pytest.raises(Overcrowded):
                    remote.describe("counter").result(PATIENCE)
                runtime.settle()
                assert [future.result(PATIENCE).view.id for future in waiting] == ["counter", "counter"]
                left = remote.describe("counter")
                wait_for(lambda: runtime.waiting)
            with pytest.raises(Disconnected):
                left.result(PATIENCE)
            wait_for(lambda: server.status().clients == 0)
            runtime.settle()  # nobody waits for it any more, and nothing breaks
            runtime.patience = False
            assert lives(path)

    def test_followers_are_told_and_nothing_is_sent_at_rest(self, path, runtime):
        with serving(runtime, path, pulse=0.01, beat=60.0) as server, contextlib.ExitStack() as opened:
            watching = [opened.enter_context(client(path, follow=True)) for _ in range(5)]
            acting = opened.enter_context(client(path))
            sent = server.status().sent
            one = acting.disk().result(PATIENCE)
            again = server.status().sent
            assert acting.disk().result(PATIENCE) == one
            assert server.status().sent - again == again - sent, "two answers of one size, and nothing else"
            acting.submit(Stop("counter")).result(PATIENCE)
            for remote in watching:
                wait_for(lambda remote=remote: row(remote, "counter").state == "stopped")

    def test_a_client_at_rest_hears_that_the_server_is_there(self, path, runtime):
        with serving(runtime, path, pulse=0.01, beat=0.02), RawClient(path) as raw:
            raw.greet(follow=True)
            message = raw.receive()
            assert isinstance(message, Part)
            while isinstance(message, Part):
                message = raw.receive()
            assert isinstance(message, Moment)
            assert message.whole
            assert isinstance(raw.receive(), Beat)

    def test_clients_hear_that_the_runtime_stops(self, path, runtime):
        with serving(runtime, path) as server, RawClient(path) as raw:
            raw.greet()
            server.close()
            assert isinstance(raw.receive(), Bye)
            assert raw.receive() is None
            assert not path.exists()


def row(remote, component):
    return next(view for view in remote.snapshot().components if view.id == component)


class TestValues:
    def test_bytes_travel_as_they_are(self, path, runtime):
        data = bytes(range(256)) * 40
        file = StateFile(
            component="counter",
            revision=2,
            version="1.1.0",
            schema="s\x1b",
            kind="binary",
            at=1.5,
            digest="sha256:0",
            data=data,
        )
        runtime.export_state = lambda component, snapshot: finished(file)
        with serving(runtime, path), client(path) as remote:
            assert remote.export_state("counter", 1).result(PATIENCE) == file

    def test_errors_are_themselves(self, path, runtime):
        with serving(runtime, path), client(path) as remote:
            with pytest.raises(UnknownComponent) as unknown:
                remote.describe("nobody").result(PATIENCE)
            assert unknown.value.component == "nobody"
            assert "counter" in unknown.value.remedy

    def test_a_fault_behind_the_api_reaches_the_one_who_asked(self, path, runtime):
        def broken(*_, **__):
            raise ZeroDivisionError("by zero")

        runtime.disk = broken
        with serving(runtime, path), client(path) as remote:
            with pytest.raises(AirssysError, match="ZeroDivisionError"):
                remote.disk().result(PATIENCE)
            assert remote.describe("counter").result(PATIENCE)

    def test_a_runtime_that_cannot_be_looked_at_for_a_while(self, path, runtime):
        look = runtime.snapshot

        def broken(since=0):
            raise ZeroDivisionError("by zero")

        with serving(runtime, path, pulse=0.01) as server, client(path, follow=True) as remote:
            runtime.snapshot = broken
            wait_for(lambda: server.told)
            assert "ZeroDivisionError" in server.told[0]
            assert remote.disk().result(PATIENCE), "what is asked is answered all the same"
            runtime.snapshot = look
            runtime.edit("counter", version="5.5.5")
            wait_for(lambda: row(remote, "counter").version == "5.5.5")

    def test_arguments_that_the_client_itself_cannot_mean(self, path, runtime):
        with serving(runtime, path), client(path) as remote, pytest.raises(TypeError):
            remote.describe()

    def test_a_closed_client_says_so(self, path, runtime):
        with serving(runtime, path), client(path) as remote:
            remote.close()
            with pytest.raises(UsageError):
                remote.disk()


def finished(value):
    from concurrent.futures import Future

    future = Future()
    future.set_result(value)
    return future


def test_a_server_that_cannot_have_its_place_says_so(tmp_path, runtime):
    path = tmp_path / "control.sock"
    path.mkdir()
    with pytest.raises(StoreError, match="control socket"), serving(runtime, path):
        pass
