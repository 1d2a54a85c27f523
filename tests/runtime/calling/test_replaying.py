"""Recorded calls run again: the same code never differs, other code is told where, and nothing outside is touched."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import wasmtime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.api.commands import Grant, Restart, Stop
from airssys_tui.api.views.recordings import DifferenceKind, ReplayedCall, ReplayOutcome, ReplayReport
from airssys_tui.core.errors import AirssysError, UsageError
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.values import Ok, Some, Variant
from airssys_tui.host.recording import recordings
from airssys_tui.host.recording.host_log import MOST_HOST_CALLS
from airssys_tui.runtime.actors.recorded_serving import RecordedServing
from tests.support.components import STATELESS, Crafted
from tests.support.engine import guests
from tests.support.linked_carts import CART, SHOP
from tests.support.linked_guests import LINKS
from tests.support.places import FIXTURES
from tests.support.wasi.passing_guest import passing_guest
from tests.support.wasi.random_calls import RandomCalls
from tests.support.world import World

PATIENCE = 60.0
FACES = (
    "filesystem/preopens",
    "filesystem/types",
    "io/streams",
    "io/poll",
    "clocks/monotonic-clock",
    "clocks/wall-clock",
    "random/random",
    "cli/stdin",
    "cli/stdout",
    "cli/environment",
    "cli/exit",
    "sockets/instance-network",
    "sockets/tcp-create-socket",
    "sockets/tcp",
)
MANIFEST = """
[capabilities]
filesystem = ["read:{data}/**", "write:{data}/**", "list:{data}/**", "delete:{data}/**"]
[wasi]
preopens = {{"/data" = "{data}"}}
[resources]
deadline = "200ms"
[supervision]
max_restarts = 1000
[state]
record = 30
"""


def replayed(world: World, name: str, call: int | None = None, **asked: Any) -> ReplayReport:
    return world.runtime.replay(name, call, **asked).result(PATIENCE)


def told(report: ReplayReport) -> list[tuple[int, str, list[Any], str]]:
    return [(one.call.number, one.call.export, [*one.differences], one.note) for one in report.calls if _odd(one)]


def _odd(one: ReplayedCall) -> bool:
    return one.outcome is not ReplayOutcome.SAME


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A component that may use a folder, and passes calls on to most of WASI."""
    root = tmp_path_factory.mktemp("replaying")
    world = World(root)
    (root / "data" / "folder").mkdir(parents=True)
    (root / "data" / "a").write_bytes(b"some bytes" * 20)
    world.open()
    world.install("guest", passing_guest(*FACES), MANIFEST.format(data=root / "data"))
    for action in ("read", "write", "list", "delete"):
        world.do(Grant("guest", f"filesystem:{action}:{root / 'data'}/**"))
    yield world
    world.close()


@given(data=st.data())
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_a_random_program_replayed_does_the_same(machine: World, data: st.DataObject) -> None:
    machine.do(Restart("guest"))
    calls, made = RandomCalls(FACES, without=("exit", "exit-with-code")), 0
    for _ in range(data.draw(st.integers(1, 25))):
        path, arguments, function = calls.draw(data)
        made += 1
        try:
            calls.note(function, machine.call("guest", path, *arguments))
        except GuestTrap:
            break
    report = replayed(machine, "guest", every=True)
    assert told(report) == []
    assert all(one.fuel_counts for one in report.calls[-made:])


# what a component does with the host, in text


@cache
def clockwork(body: str) -> bytes:
    """Make a component whose export ``run`` has a body that may call the monotonic clock."""
    return wasmtime.wat2wasm(f"""(component
      (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
      (alias export $poll "pollable" (type $pollable))
      (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
        (alias outer 1 $pollable (type $used)) (export "pollable" (type $here (eq $used)))
        (export "now" (func (result u64))) (export "resolution" (func (result u64)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $here))))))
      (core func $now (canon lower (func $clock "now")))
      (core func $resolution (canon lower (func $clock "resolution")))
      (core func $wait (canon lower (func $clock "subscribe-duration")))
      (core func $drop (canon resource.drop $pollable))
      (core module $m
        (import "" "now" (func $now (result i64)))
        (import "" "resolution" (func $resolution (result i64)))
        (import "" "wait" (func $wait (param i64) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (func (export "run") (result i64) {body}))
      (core instance $i (instantiate $m (with "" (instance (export "now" (func $now)) (export "wait" (func $wait))
        (export "resolution" (func $resolution)) (export "drop" (func $drop))))))
      (func (export "run") (result u64) (canon lift (core func $i "run"))))""")


USUAL = "(call $drop (call $wait (i64.const 7))) (i64.add (call $now) (i64.const 1))"
RECORD = "[state]\nrecord = 10\n"

CHANGES = {
    "the same, in other words": ("(call $drop (call $wait (i64.const 7))) (i64.add (i64.const 1) (call $now))", []),
    "other arguments": (USUAL.replace("7", "8"), [(DifferenceKind.ARGUMENTS, 0, "[7]", "[8]")]),
    "a host call left out": (
        "(i64.add (call $now) (i64.const 1))",
        [
            (DifferenceKind.LEFT_OUT, 0, "subscribe-duration[7]", ""),
            (DifferenceKind.LEFT_OUT, 1, "[drop]pollable[1]", ""),
        ],
    ),
    "another host call": (
        "(drop (call $resolution)) " + USUAL,
        [(DifferenceKind.ADDED, 0, "", "resolution[]"), (DifferenceKind.TRAP, None, "", "no answer to it")],
    ),
    "a host call less at the end": (
        "(call $drop (call $wait (i64.const 7))) (i64.const 1)",
        [(DifferenceKind.LEFT_OUT, 2, "now[]", ""), (DifferenceKind.RESULT, None, "", "1")],
    ),
    "another result": (USUAL.replace("const 1", "const 2"), [(DifferenceKind.RESULT, None, "", "")]),
    "a trap": (
        "(call $drop (call $wait (i64.const 7))) (drop (call $now)) (unreachable)",
        [(DifferenceKind.TRAP, None, "", "unreachable")],
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_another_revision_is_told_where_it_differs(world: World, change: Any) -> None:
    body, differences = change
    world.open()
    world.install("clockwork", clockwork(USUAL), RECORD, version="1.0.0")
    assert world.call("clockwork", "run") > 1
    world.install("clockwork", clockwork(body), RECORD, version="2.0.0")
    (one,) = replayed(world, "clockwork", revision=2).calls
    assert [found.kind for found in one.differences] == [kind for kind, *_ in differences], one
    for found, (_, place, recorded, now) in zip(one.differences, differences, strict=True):
        assert found.host_call == place
        assert recorded in found.recorded
        assert now in found.replayed
    assert (one.outcome is ReplayOutcome.DIFFERS) == bool(differences)
    assert not one.fuel_counts
    assert replayed(world, "clockwork", 1).same, "the recorded revision does the same still"


# what the calls before left behind


def test_a_call_depends_on_those_before_it(world: World) -> None:
    world.open()
    world.install("crafted", Crafted(exports=STATELESS), RECORD, version="1.0.0")
    for by in range(1, 8):
        world.call("crafted", "add", by)
    report = replayed(world, "crafted", 7)
    assert [(one.call.result, one.fuel_counts, one.note) for one in report.calls] == [("28", True, "")]
    assert report.same
    world.install("crafted", Crafted(exports=STATELESS, add="(local.set $by (i64.const 1))"), RECORD, version="2.0.0")
    first, second, *_ = replayed(world, "crafted", revision=2, every=True).calls
    assert first.outcome is ReplayOutcome.SAME
    assert [(one.kind, one.recorded, one.replayed) for one in second.differences] == [(DifferenceKind.RESULT, "3", "2")]
    (last,) = replayed(world, "crafted", 7, revision=2).calls
    assert last.differences[0].replayed == "7"
    assert "call 2" in last.note


def test_a_component_with_state_is_replayed_from_a_saved_one(world: World) -> None:
    world.open()
    world.install("crafted", Crafted(), "[state]\nrecord = 5\n")
    for _ in range(300):
        world.call("crafted", "add", 2)
    kept = world.runtime.recordings("crafted").result(PATIENCE)
    assert [call.number for call in kept.calls] == [300, 299, 298, 297, 296]
    assert kept.bytes < 200 * 400, "what is older than the saved state is gone"
    report = replayed(world, "crafted", every=True)
    assert told(report) == []
    assert [one.call.result for one in report.calls][-1] == "600"
    assert all("saved state" in one.note and not one.fuel_counts for one in report.calls)


def test_a_restart_and_a_trap_begin_another_chain(world: World) -> None:
    world.open()
    world.install("crafted", Crafted(), RECORD + "[supervision]\nmax_restarts = 100\n")
    world.call("crafted", "add", 5)
    world.do(Restart("crafted"))
    world.call("crafted", "add", 1)
    with pytest.raises(AirssysError, match="unreachable"):
        world.runtime.call("crafted", "trap").result(PATIENCE)
    report = replayed(world, "crafted", every=True)
    assert told(report) == []
    assert [(one.call.result, one.call.trap[:18]) for one in report.calls] == [
        ("5", ""),
        ("6", ""),
        ("", "trap: unreachable:"),
    ]


def test_a_resource_of_a_call_that_is_not_kept_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "COMPONENT_BYTES", 6_000)
    world.open()
    world.install("shop", guests.binary(guests.RESOURCES), RECORD)
    world.runtime.call("shop", "make", "[3]").result(PATIENCE)
    for _ in range(30):
        world.runtime.call("shop", "dropped").result(PATIENCE)
    world.runtime.close_handle("shop", 1).result(PATIENCE)
    world.runtime.call("shop", "dropped").result(PATIENCE)
    last = replayed(world, "shop").calls[-1]
    assert (last.call.result, last.outcome) == ("1", ReplayOutcome.DIFFERS)
    assert "not exact" in last.note


def test_a_resource_that_is_dropped_over_a_link_is_dropped_in_the_replay(world: World) -> None:
    world.open()
    world.install("carts", CART, RECORD)
    world.install("shop", SHOP, LINKS)
    world.call("shop", "open", 5)
    world.call("shop", "drop", 0)
    assert world.call("carts", "dropped") == 1
    assert told(replayed(world, "carts", every=True)) == []


def test_resources_of_the_guest_are_found_again(world: World) -> None:
    world.open()
    world.install("shop", guests.binary(guests.RESOURCES), RECORD)
    first, second = (world.runtime.call("shop", "make", f"[{number}]").result(PATIENCE) for number in (3, 4))
    assert first.result != second.result
    world.runtime.call("shop", "read", '[{"$resource": 2}]').result(PATIENCE)
    world.runtime.call("shop", "eat", '[{"$resource": 2}]').result(PATIENCE)
    world.runtime.close_handle("shop", 1).result(PATIENCE)
    world.runtime.call("shop", "dropped").result(PATIENCE)
    report = replayed(world, "shop", every=True)
    assert told(report) == []
    assert [one.call.result for one in report.calls] == ['{"$resource":1}', '{"$resource":2}', "4", "4", "2"]


# how a call may end


def test_an_exit_is_replayed(machine: World) -> None:
    machine.do(Restart("guest"))
    for status in (Ok(None), 7):
        with pytest.raises(GuestTrap):
            machine.call("guest", "cli-exit-exit" if isinstance(status, Ok) else "cli-exit-exit-with-code", status)
        (one,) = replayed(machine, "guest").calls
        assert (one.outcome, one.call.host_calls) == (ReplayOutcome.SAME, 1)
        assert "exited with status" in one.call.trap
        machine.do(Restart("guest"))


def test_a_call_cut_off_by_its_deadline_is_run_as_far(world: World) -> None:
    world.open()
    world.install("crafted", Crafted(), RECORD + '[resources]\ndeadline = "50ms"\nfuel_per_call = 10_000_000_000\n')
    with pytest.raises(AirssysError, match="deadline"):
        world.runtime.call("crafted", "spin").result(PATIENCE)
    assert replayed(world, "crafted").same


def test_one_handle_too_many_is_replayed(world: World) -> None:
    world.open()
    world.install("guest", passing_guest("clocks/monotonic-clock"), RECORD + "[resources]\nhandles = 2\n")
    for _ in range(2):
        world.call("guest", "clocks-monotonic-clock-subscribe-duration", 5)
    with pytest.raises(AirssysError, match="handle-limit"):
        world.runtime.call("guest", "clocks-monotonic-clock-subscribe-duration", "[5]").result(PATIENCE)
    assert told(replayed(world, "guest", every=True)) == []


def test_a_stop_while_a_call_is_recorded_harms_nothing(world: World) -> None:
    world.open()
    manifest = RECORD + '[resources]\nfuel_per_call = "unlimited"\ndeadline = "60s"\n[supervision]\nshutdown = "0s"\n'
    world.install("crafted", Crafted(), manifest)
    asked = world.runtime.call("crafted", "spin")
    running = serving(world)
    world.wait_for(lambda _: running.in_flight)
    world.do(Stop("crafted"))
    with pytest.raises(AirssysError, match="cancelled"):
        asked.result(PATIENCE)
    (call,) = world.runtime.recordings("crafted").result(PATIENCE).calls
    assert "cancelled" in call.trap


# what is outside


STORING = '[capabilities]\nstorage = "read-write"\n' + RECORD
DOOR = "fixture:services/storage-door@1.0.0#"
OTHERS = "fixture:services/doors@1.0.0#"


def test_a_replay_touches_nothing_outside(world: World) -> None:
    world.open()
    world.install("keeper", (FIXTURES / "services" / "services.wasm").read_bytes(), STORING)
    assert world.call("keeper", f"{DOOR}set", "a", Variant("text", "first")) == Ok()
    assert world.call("keeper", f"{DOOR}get", "a") == Ok(Some(Variant("text", "first")))
    world.call("keeper", f"{OTHERS}log", "info", "heard once", [])
    assert world.call("keeper", f"{DOOR}set", "a", Variant("text", "later")) == Ok()
    before = world.runtime.events(limit=10_000).events
    report = replayed(world, "keeper", every=True)
    assert told(report) == []
    assert [one.call.host_calls for one in report.calls] == [1, 1, 1, 1]
    assert world.runtime.events(limit=10_000).events == before
    assert world.call("keeper", f"{DOOR}get", "a") == Ok(Some(Variant("text", "later")))


def test_what_calls_the_host_too_often_is_recorded_as_far_as_there_is_room(world: World) -> None:
    world.open()
    world.install("keeper", (FIXTURES / "services" / "services.wasm").read_bytes(), STORING)
    world.call("keeper", f"{OTHERS}log-often", MOST_HOST_CALLS + 5)
    world.call("keeper", f"{DOOR}get", "a")
    kept = world.runtime.recordings("keeper").result(PATIENCE)
    after, often = kept.calls
    assert (often.host_calls, often.cut, kept.cut) == (MOST_HOST_CALLS, "more than 10000 host calls", 1)
    assert "1 earlier calls" in after.gap
    report = replayed(world, "keeper", every=True)
    assert told(report) == []
    first, second = report.calls
    assert "compared as far as it is recorded" in first.note
    assert "not exact" in second.note


# whether anything is recorded


def test_without_the_key_nothing_is_recorded_and_nothing_is_left(world: World) -> None:
    world.open()
    world.install("crafted", Crafted(), version="1.0.0")
    world.call("crafted", "add", 1)
    services = world.runtime.probe.floor.services.find("crafted")
    assert services is not None
    assert services.recordings is None
    assert not isinstance(serving(world), RecordedServing)
    with pytest.raises(UsageError, match="no call of crafted is recorded"):
        replayed(world, "crafted")
    world.install("crafted", Crafted(), RECORD, version="1.1.0")
    world.call("crafted", "add", 1)
    assert isinstance(serving(world), RecordedServing)
    assert len(world.runtime.recordings("crafted").result(PATIENCE).calls) == 1
    detail = world.runtime.describe("crafted").result(PATIENCE)
    assert ("recorded calls", 1, 10) in [(use.what, use.count, use.limit) for use in detail.host_use]
    world.install("crafted", Crafted(), version="1.2.0")
    world.call("crafted", "add", 1)
    assert world.runtime.recordings("crafted").result(PATIENCE).calls == ()
    assert services.recordings is not None
    assert services.recordings.bytes == 0


def test_a_refused_candidate_leaves_no_recording(world: World) -> None:
    world.open()
    world.install("crafted", Crafted(), RECORD, version="1.0.0")
    world.call("crafted", "add", 1)
    world.install("crafted", Crafted(health="unhealthy"), RECORD, version="1.1.0")
    world.call("crafted", "add", 1)
    assert [call.revision for call in world.runtime.recordings("crafted").result(PATIENCE).calls] == [1, 1]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"call": 9}, "call 9 of crafted is not recorded"),
        ({"revision": 9}, "no revision r9"),
        ({"call": 1, "every": True}, "one call, or all"),
    ],
)
def test_what_is_not_there_is_named(world: World, asked: dict[str, Any], message: str) -> None:
    world.open()
    world.install("crafted", Crafted(), RECORD)
    world.call("crafted", "add", 1)
    with pytest.raises(UsageError, match=message):
        replayed(world, "crafted", **asked)


def test_a_revision_without_the_export_says_so(world: World) -> None:
    world.open()
    world.install("crafted", Crafted(), RECORD, version="1.0.0")
    world.call("crafted", "add", 1)
    world.put("crafted", Crafted(exports=frozenset({"get"})), RECORD, version="2.0.0")
    world.notice("crafted")
    (one,) = replayed(world, "crafted", revision=2).calls
    assert one.outcome is ReplayOutcome.NOT_REPLAYED
    assert "no export `add`" in one.note


def serving(world: World) -> Any:
    return world.run(lambda: _serving(world))


async def _serving(world: World) -> Any:
    return world.runtime.probe.system.router.find("crafted").actor.serving


def test_numbers_of_resources_go_on_where_a_recording_begins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "COMPONENT_BYTES", 6_000)
    world.open()
    world.install("shop", guests.binary(guests.RESOURCES), RECORD)
    for number in range(1, 30):
        world.runtime.call("shop", "make", f"[{number}]").result(PATIENCE)
        world.runtime.call("shop", "eat", f'[{{"$resource": {number}}}]').result(PATIENCE)
    report = replayed(world, "shop", every=True)
    assert [one.call.result for one in report.calls][-2:] == ['{"$resource":29}', "29"]
    assert told(report) == []
    assert "not exact" in report.calls[-1].note


def test_a_component_that_is_removed_gives_its_share_of_the_memory_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "RUNTIME_BYTES", 1_000)
    world.open()
    for name in ("one", "two"):
        world.install(name, Crafted(), RECORD)
    one, two = (world.runtime.probe.floor.services.of(name).recorded() for name in ("one", "two"))
    assert (one.most, two.share) == (10, 500)
    world.remove("one")
    assert (one.most, two.share) == (0, 1_000)
