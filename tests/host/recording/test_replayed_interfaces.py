"""A replay reaches nothing: no function of the host is behind what it is linked with."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from airssys_tui.core.errors import HostFault
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, Trap, TrapKind
from airssys_tui.engine import kept_bytes
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostFunction, HostInterface, HostResource
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.host.recording.host_log import CallLog
from airssys_tui.host.recording.host_table import HostTable
from airssys_tui.host.recording.packed_forms import Handles
from airssys_tui.host.recording.recorded_interfaces import recorded_interfaces
from airssys_tui.host.recording.replayed_interfaces import replayed_interfaces
from airssys_tui.host.recording.replayer import Replayer
from airssys_tui.host.wasi import clocks, io
from tests.support.wasi.passing_guest import export_of, passing_guest


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


def behind(face: HostInterface) -> list[Any]:
    return [*(one.call for one in face.functions), *(one.drop for one in face.resources if one.drop is not None)]


@pytest.mark.parametrize("place", range(len(INTERFACES)), ids=[face.name for face in INTERFACES])
def test_no_function_of_the_host_is_behind_it(place: int) -> None:
    face = INTERFACES[place]
    (replaced,) = replayed_interfaces([face])
    assert replaced.type == face.type
    assert replaced.uses == face.uses
    reachable = [found for call in behind(replaced) for found in gc.get_referents(call)]
    reachable += [inside for found in reachable if isinstance(found, tuple) for inside in gc.get_referents(found)]
    reachable += [cell.cell_contents for cell in reachable if type(cell).__name__ == "cell"]
    assert not {id(call) for call in behind(face)} & {id(found) for found in reachable}
    (recorded,) = recorded_interfaces([face])
    assert recorded.type == face.type
    assert len(behind(recorded)) == len(face.functions) + len(face.resources)


def counting(face: HostInterface, seen: list[str]) -> HostInterface:
    """Return an interface that notes each call of the host."""

    def counted(host: HostFunction) -> HostFunction:
        def call(*arguments: Any) -> Any:
            seen.append(host.type.name)
            return host.call(*arguments)

        return HostFunction(host.type, call)

    def dropped(resource: HostResource) -> HostResource:
        def drop(*arguments: Any) -> None:
            seen.append(f"[drop]{resource.name}")
            if resource.drop is not None:
                resource.drop(*arguments)

        return HostResource(resource.name, drop, resource.weight)

    functions, resources = tuple(map(counted, face.functions)), tuple(map(dropped, face.resources))
    return HostInterface(face.name, functions, resources, face.uses)


def test_what_is_recorded_reaches_the_host_once_and_what_is_replayed_never(engine: Engine) -> None:
    seen: list[str] = []
    faces = [counting(face, seen) for face in (*io.INTERFACES, *clocks.INTERFACES)]
    code = engine.compile(passing_guest("io/poll", "clocks/monotonic-clock", "clocks/wall-clock"))
    clock, limits = "clocks/monotonic-clock#", Limits(deadline=60.0)
    owner: Any = SimpleNamespace(recorder=SimpleNamespace(log=None))
    recorded = engine.linker(recorded_interfaces(faces)).instantiate(code, limits, owner=owner)
    log = owner.recorder.log = CallLog(Handles())

    def run(instance: Any) -> list[Any]:
        told = [instance.call(export_of(f"{clock}now"))]
        handle = instance.call(export_of(f"{clock}subscribe-duration"), 10_000)
        told += [handle, instance.call(export_of("io/poll#[method]pollable.block"), handle.value)]
        told += [instance.call("drop-pollable", handle.value), instance.call(export_of("clocks/wall-clock#now"))]
        return [(one.value, one.fuel) for one in told]

    first = run(recorded)
    owner.recorder.log = None
    reached = list(seen)
    assert reached == ["now", "subscribe-duration", "[method]pollable.block", "[drop]pollable", "now"]
    replayer = Replayer(HostTable.of(faces))
    replayed = engine.linker(replayed_interfaces(faces)).instantiate(code, limits, owner=replayer)
    replayer.begin(log.finish())
    assert run(replayed) == first, "the same times, and the same fuel"
    replayer.finish()
    assert (replayer.strayed, replayer.ran_out) == (0, "")
    assert seen == reached, "nothing of the host was called"
    recorded.close()
    replayed.close()
    assert seen == reached


class Recording:
    """An instance that is recorded, and another one that replays it."""

    def __init__(self, engine: Engine, faces: list[HostInterface], guest: bytes) -> None:
        code, limits = engine.compile(guest), Limits(deadline=60.0)
        self.owner: Any = SimpleNamespace(recorder=SimpleNamespace(log=CallLog(Handles())))
        self.recorded = engine.linker(recorded_interfaces(faces)).instantiate(code, limits, owner=self.owner)
        self.replayer = Replayer(HostTable.of(faces))
        linker = engine.linker(replayed_interfaces(faces))
        self.replayed = linker.instantiate(code, limits, owner=self.replayer)

    def end(self, trap: Trap | None = None) -> None:
        """End the recording; the replay can begin."""
        self.replayer.begin(self.owner.recorder.log.finish(), trap)
        self.owner.recorder.log = None


def test_a_drop_that_fails_is_replayed_with_its_words(engine: Engine) -> None:
    def fail(*_: Any) -> None:
        raise HostFault("it does not go")

    poll = HostInterface(io.POLL.name, io.POLL.functions, (HostResource("pollable", fail),), io.POLL.uses)
    recording = Recording(engine, [io.ERROR, poll, *clocks.INTERFACES], passing_guest("clocks/monotonic-clock"))
    traps = []
    for instance in (recording.recorded, recording.replayed):
        instance.call(export_of("clocks/monotonic-clock#subscribe-duration"), 1)
        with pytest.raises(GuestTrap) as caught:
            instance.call("drop-pollable", 1)
        traps.append(caught.value.trap)
        if len(traps) == 1:
            recording.end(traps[0])
    recording.replayer.finish()
    assert traps[0] == traps[1]
    assert "wasi:io/poll@0.2.12#pollable: it does not go" in traps[0].message
    assert recording.replayer.strayed == 0


def test_more_than_is_kept_for_an_instance_is_replayed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_bytes, "MOST_KEPT", 4_096)
    recording = Recording(engine, list(INTERFACES), passing_guest("http/types"))
    traps = []
    for instance in (recording.recorded, recording.replayed):
        instance.call(export_of("http/types#[constructor]fields"))
        instance.call(export_of("http/types#[method]fields.append"), 1, "x", b"1" * 3_000)
        with pytest.raises(GuestTrap) as caught:
            instance.call(export_of("http/types#[method]fields.clone"), 1)
        traps.append(caught.value.trap)
        if len(traps) == 1:
            recording.end(traps[0])
    recording.replayer.finish()
    assert traps[0] == traps[1]
    assert traps[0].kind is TrapKind.HANDLE_LIMIT
    assert recording.replayer.strayed == 0
