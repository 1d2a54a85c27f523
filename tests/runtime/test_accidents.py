"""The classic accidents of ordering, a test named for each: what comes twice, too late, half done or in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from airssys_tui.api.commands import MarkStable, Pin, Rollback, Start, Stop
from airssys_tui.core.errors import RollbackRefused
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import Desired, RecoveryKind, State
from airssys_tui.core.revision import Cause, Outcome
from airssys_tui.core.traps import GuestTrap
from airssys_tui.runtime.sources import folder
from tests.support.components import Crafted
from tests.support.gate import Gate
from tests.support.probation import ONE, QUICK, STRICT, THREE, TWO, fallen, trap, updated
from tests.support.world import World, replace

COMMAND = """(component
  (core module $m (func (export "run") (result i32) (loop $l (br $l)) (unreachable)))
  (core instance $i (instantiate $m))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $cli (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $cli)))"""
ENDLESS = '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n'
HOUR = 3_600.0


@dataclass(frozen=True, kw_only=True, repr=False)
class Old(Crafted):
    """Counts, and refuses a state in a form that is newer than its own."""

    def _text(self) -> str:
        loaded = "(global.set $count (i64.load (local.get $at)))"
        refuse = "(if (i64.ge_u (global.get $count) (i64.const 1000000000)) (then (return NO)))"
        no = "(call $no (i32.const 48) (i32.const 2))"
        return super()._text().replace(loaded, loaded + refuse.replace("NO", no))


@dataclass(frozen=True, kw_only=True, repr=False)
class Migrating(Crafted):
    """Counts, loads the old form of the state, and saves it in a newer one."""

    def _text(self) -> str:
        saved = "(i64.store (i32.const 160) (global.get $count))"
        loaded = "(global.set $count (i64.load (local.get $at)))"
        newer = "(i64.add (global.get $count) (i64.const 1000000000))"
        either = "(i64.rem_u (i64.load (local.get $at)) (i64.const 1000000000))"
        text = super()._text().replace(saved, saved.replace("(global.get $count)", newer))
        return text.replace(loaded, f"(global.set $count {either})")


def jump(world: World, seconds: float) -> None:
    """Set the wall clock of the runtime."""
    floor = world.runtime.probe.floor
    floor.clock = lambda: time.time() + seconds


# --- reverts --------------------------------------------------------------------------------------------------------


def test_a_revert_during_a_half_done_update(world: World) -> None:
    updated(world)
    world.put("c", Crafted(init="spin"), ENDLESS, version="3.0.0")
    following = world.notice_later("c")
    world.wait_row("c", lambda row: row.candidate == 3)
    world.do(Rollback("c"))
    wait([following], 30)
    assert (world.row("c").version, world.row("c").state) == ("1.0.0", State.RUNNING)
    assert world.outcomes("c") == {
        1: Outcome.SUPERSEDED,
        2: Outcome.SUPERSEDED,
        3: Outcome.FAILED,
        4: Outcome.ACTIVE,
    }
    assert world.call("c", "get") == 5


def test_a_revert_to_a_purged_revision_is_refused(world: World) -> None:
    updated(world)
    catalog = world.runtime.probe.floor.state.catalog
    world.install("c", THREE, STRICT)
    world.run(lambda: world.runtime.probe.floor.disk(catalog.set_outcome, "c", 1, Outcome.PURGED, "too old"))
    with pytest.raises(RollbackRefused, match="r1 of c was purged: its code is no longer kept"):
        world.do(Rollback("c", to=1))
    assert world.row("c").revision == 3


def test_an_automatic_rollback_passes_over_what_was_purged(world: World) -> None:
    updated(world)
    catalog = world.runtime.probe.floor.state.catalog
    world.run(lambda: world.runtime.probe.floor.disk(catalog.set_outcome, "c", 1, Outcome.PURGED, "too old"))
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.row("c").revision == 2, "there is nothing to go back to: supervision goes on"
    assert "cannot roll back: there is no earlier stable revision" in world.told("c", "unproven")


def test_a_revert_to_a_quarantined_revision_is_refused_unless_forced(world: World) -> None:
    updated(world)
    trap(world)
    fallen(world)
    with pytest.raises(RollbackRefused, match="r2 of c is quarantined"):
        world.do(Rollback("c", to=2))
    world.do(Rollback("c", to=2, force=True))
    row = world.row("c")
    assert (row.version, row.quarantined) == ("2.0.0", ())
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.row("c").version == "2.0.0", "a rollback is never on probation"


def test_a_revert_of_a_revert(world: World) -> None:
    updated(world)
    world.do(Rollback("c"))
    world.do(Rollback("c", to=2))
    newest = world.history("c")[0]
    assert (newest.number, newest.origin, newest.cause) == (4, 2, Cause.ROLLBACK)
    world.do(Rollback("c", to=3))
    assert (world.history("c")[0].origin, world.row("c").version) == (1, "1.0.0")
    assert world.call("c", "get") == 5


def test_a_revert_of_an_automatic_revert_is_not_answered_by_another(world: World) -> None:
    updated(world)
    trap(world)
    fallen(world)
    with pytest.raises(RollbackRefused, match="no earlier revision"):
        world.do(Rollback("c"))
    assert world.row("c").revision == 3


# --- what is gone back to fails as well -----------------------------------------------------------------------------


def test_a_stable_revision_that_also_fails_ends_as_failed_with_the_chain(world: World) -> None:
    once = '[supervision]\nmax_restarts = 1\nbackoff = {initial = "1ms"}\n[deployment]\ntraps = 0\n'
    updated(world, manifest=once)
    trap(world)
    fallen(world)
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert "(0 tries left)" in world.told("c", "restarting")
    trap(world)
    row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    assert (row.state, row.revision, row.recovery.tries_left) == (State.FAILED, 3, 0)
    assert "given up: 1 restarts within 60 s are used up" in row.note.text
    assert "before that: r2 quarantined: 1 trap in" in row.note.text
    assert world.outcomes("c") == {1: Outcome.SUPERSEDED, 2: Outcome.QUARANTINED, 3: Outcome.ACTIVE}, "no loop"
    world.do(Start("c"))
    assert world.call("c", "get") == 5


def test_a_stable_revision_that_cannot_even_be_started_leaves_supervision_in_charge(world: World) -> None:
    world.put("c", ONE, STRICT)
    world.open()
    world.call("c", "add", 5)
    world.do(MarkStable("c", 1))
    world.install("c", TWO, '[supervision]\nmax_restarts = 1\nbackoff = {initial = "1ms"}\n[deployment]\ntraps = 0\n')
    blobs = world.runtime.probe.floor.state.blobs
    world.run(lambda: world.runtime.probe.floor.disk(blobs.path(digest_of(ONE.wasm())).unlink))
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert "cannot roll back: the code of r1 is not available" in world.told("c", "unproven")
    trap(world)
    row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    assert (row.state, row.quarantined) == (State.FAILED, (2,))
    assert "rollback failed: the code of r1 is not available" in row.note.text


# --- states ---------------------------------------------------------------------------------------------------------


def test_a_version_that_migrated_the_state_and_is_rolled_back(world: World) -> None:
    manifest = QUICK + '[health]\ninterval = "100ms"\nfailures = 1\n'
    world.put("c", Old(), manifest)
    world.open()
    world.call("c", "add", 5)
    world.do(MarkStable("c", 1))
    world.install("c", Migrating(health="unhealthy", sick_after=2), manifest)
    assert world.call("c", "get") == 5
    world.wait_row("c", lambda row: row.quarantined and row.state is State.RUNNING)
    assert world.call("c", "get") == 5, "the state saved before the update"
    assert "the state of r1 was restored (state load: load answered invalid-state" in world.told("c", "quarantined")
    assert world.outcomes("c") == {
        1: Outcome.SUPERSEDED,
        2: Outcome.QUARANTINED,
        3: Outcome.FAILED,
        4: Outcome.ACTIVE,
    }


def test_an_operators_rollback_from_a_migrated_state_says_how(world: World) -> None:
    world.put("c", Old())
    world.open()
    world.call("c", "add", 5)
    world.install("c", Migrating())
    with pytest.raises(RollbackRefused, match="refused at state load") as refused:
        world.do(Rollback("c"))
    assert "restore" in refused.value.remedy
    assert (world.row("c").revision, world.call("c", "get")) == (2, 5)


# --- changes that meet ----------------------------------------------------------------------------------------------


def test_of_two_quick_changes_the_newer_serves_though_the_older_compile_finishes_last(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    updated(world)
    from airssys_tui.runtime.deploying import rehearsal

    older, compiled, load_code = digest_of(THREE.wasm()), threading.Event(), rehearsal.load_code

    async def slow(floor, digest, wasm=None, **more):  # type: ignore[no-untyped-def]
        if digest == older:
            await floor.compiling(compiled.wait, 30)
        return await load_code(floor, digest, wasm, **more)

    monkeypatch.setattr(rehearsal, "load_code", slow)
    world.put("c", THREE, STRICT, version="3.0.0")
    first = world.notice_later("c")
    world.wait_row("c", lambda row: row.candidate == 3)
    world.put("c", Crafted(salt="4"), STRICT, version="4.0.0")
    second = world.notice_later("c")
    second.result(30)
    compiled.set()
    wait([first], 30)
    world.publish()
    assert (world.row("c").version, world.row("c").revision) == ("4.0.0", 4)
    assert world.outcomes("c")[3] is Outcome.FAILED
    assert world.call("c", "get") == 5


def test_a_newer_change_that_cannot_be_read_makes_an_older_candidate_void(world: World) -> None:
    updated(world)
    world.put("c", Crafted(init="spin"), ENDLESS, version="3.0.0")
    first = world.notice_later("c")
    world.wait_row("c", lambda row: row.candidate == 3)
    replace(world.folder / "c" / "Component.toml", b"[package")
    world.notice("c")
    wait([first], 30)
    row = world.wait_row("c", lambda row: row.candidate is None)
    assert row.revision == 2
    assert "refused at manifest" in row.note.text
    assert world.outcomes("c")[3] is Outcome.FAILED


def test_a_file_that_is_replaced_while_it_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    updated(world)
    wasm, newest = world.folder / "c" / "c.wasm", Crafted(salt="4").wasm()
    world.put("c", THREE, STRICT, version="3.0.0")
    read = folder.read_regular

    def replaced_meanwhile(path: Path, *given: Any) -> bytes:
        content = read(path, *given)
        if Path(path) == wasm and content != newest:
            replace(wasm, newest)
        return content

    monkeypatch.setattr(folder, "read_regular", replaced_meanwhile)
    world.notice("c")
    assert world.row("c").digest == digest_of(THREE.wasm()), "what was read, whole"
    world.notice("c")  # the replacement is a change of its own
    assert world.row("c").digest == digest_of(newest)
    assert world.call("c", "get") == 5


@pytest.mark.parametrize("order", ["manifest first", "wasm first"])
def test_manifest_and_wasm_are_replaced_in_either_order(world: World, order: str) -> None:
    world.put("c", Crafted(version="1.0.0"), version="1.0.0")
    world.open()
    world.call("c", "add", 5)
    directory = world.folder / "c"
    manifest = (directory / "Component.toml").read_bytes().replace(b"1.0.0", b"2.0.0")
    steps: list[Callable[[], None]] = [
        lambda: replace(directory / "Component.toml", manifest),
        lambda: replace(directory / "c.wasm", Crafted(version="2.0.0").wasm()),
    ]
    if order == "wasm first":
        steps.reverse()
    steps[0]()
    world.notice("c")
    row = world.row("c")
    assert (row.revision, row.version) == (1, "1.0.0"), "the two are not of one release"
    assert "refused at manifest" in row.note.text
    steps[1]()
    world.notice("c")
    assert world.row("c").version == "2.0.0"
    assert world.call("c", "get") == 5


def test_a_newer_change_during_an_automatic_rollback_is_deployed_on_top_of_it(world: World) -> None:
    updated(world)
    gate = Gate(world, "c")
    trapping = world.runtime.invoke("c", "trap")
    world.put("c", THREE, STRICT, version="3.0.0")
    gate.open()
    assert isinstance(trapping.exception(30), GuestTrap)
    following = world.notice_later("c")
    following.result(30)
    row = world.wait_row("c", lambda row: row.version == "3.0.0" and row.state is State.RUNNING)
    assert row.quarantined == (2,), "whichever came first, what failed is known"
    assert world.call("c", "get") == 5


def test_a_newer_change_that_is_under_way_goes_before_an_automatic_rollback(world: World) -> None:
    updated(world)
    world.put("c", Crafted(init="spin"), ENDLESS, version="3.0.0")
    following = world.notice_later("c")
    world.wait_row("c", lambda row: row.candidate == 3)
    trap(world)
    assert world.row("c").candidate == 3, "it is not made void"
    world.put("c", THREE, STRICT, version="3.1.0")
    newer = world.notice_later("c")
    wait([following, newer], 30)
    row = world.wait_row("c", lambda row: row.version == "3.1.0" and row.state is State.RUNNING)
    assert row.quarantined in {(2,), ()}
    assert world.call("c", "get") == 5


def test_a_newer_change_that_is_refused_leaves_the_way_to_an_automatic_rollback(world: World) -> None:
    updated(world)
    world.put("c", Crafted(init="spin"), STRICT, version="3.0.0")
    following = world.notice_later("c")
    world.wait_row("c", lambda row: row.candidate == 3)
    trap(world)
    following.result(30)
    row = world.wait_row("c", lambda row: row.revision == 4 and row.state is State.RUNNING)
    assert (row.version, row.quarantined) == ("1.0.0", (2,))
    assert world.outcomes("c")[3] is Outcome.FAILED
    assert "refused at init" in row.note.text, "what lies on the disk is still told"
    assert world.call("c", "get") == 5


# --- the folder and the operator ------------------------------------------------------------------------------------


def test_the_second_source_of_an_identity_takes_over_when_the_first_is_gone(world: World) -> None:
    world.put("c", ONE)
    world.open()
    world.call("c", "add", 3)
    world.put("d", TWO)
    replace(world.folder / "d" / "Component.toml", b'[package]\nname = "c"\n[component]\nwasm = "d.wasm"\n')
    world.notice("d")
    assert world.runtime.snapshot().problems
    world.remove("c")
    row = world.row("c")
    assert (row.source, row.state, row.revision) == ("d", State.RUNNING, 2)
    assert world.runtime.snapshot().problems == ()
    assert world.call("c", "get") == 3


def test_a_failed_component_whose_files_come_back_is_tried_again(world: World) -> None:
    manifest = '[supervision]\nmax_restarts = 0\n[deployment]\nprobation = "0s"\n'
    world.put("c", ONE, manifest)
    world.open()
    trap(world)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    world.notice("c")
    assert world.row("c").state is State.FAILED, "the same files, looked at again, change nothing"
    world.remove("c")
    world.install("c", ONE, manifest)
    assert (world.row("c").state, world.row("c").recovery.kind) == (State.RUNNING, RecoveryKind.NONE)


def test_one_that_was_rolled_back_without_its_files_is_resumed(world: World) -> None:
    updated(world)
    world.remove("c")
    world.do(Rollback("c", to=1))
    assert world.call("c", "add", 1) == 6
    world.reopen()
    row = world.row("c")
    assert (row.state, row.present, row.version) == (State.RUNNING, False, "1.0.0")
    assert world.call("c", "get") == 6
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    world.install("c", THREE, STRICT, version="3.0.0")
    row = world.row("c")
    assert (row.present, row.version, row.source) == (True, "3.0.0", "c")
    world.remove("c")
    world.reopen()
    assert world.row("c").state is not State.RUNNING, "files that were there and went are a stop, as ever"


@pytest.mark.parametrize("begun", ["deployed", "started"])
def test_a_stop_ends_a_command_that_runs(world: World, begun: str) -> None:
    world.put("c", bytes(wasmtime.wat2wasm(COMMAND)), ENDLESS + '[supervision]\nshutdown = "50ms"\n')
    settled = world.open_later()
    world.wait_row("c", lambda row: row.kind == "command" and row.state is State.RUNNING)
    if begun == "started":
        world.do(Stop("c"))
        assert settled()
        world.runtime.submit(Start("c"))
        world.wait_row("c", lambda row: row.state is State.RUNNING)
    world.do(Stop("c"))
    assert settled()
    row = world.row("c")
    assert (row.state, row.desired) == (State.STOPPED, Desired.STOPPED)
    world.reopen()
    assert world.row("c").state is State.INSTALLED


# --- the clock ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_a_clock_that_jumps_ends_no_probation_and_prolongs_none(world: World, seconds: float) -> None:
    updated(world, manifest=QUICK + '[deployment]\ntraps = 0\nprobation = "1h"\n')
    jump(world, seconds)
    world.publish()
    world.wait_for(lambda _: world.events("c"))
    assert not world.row("c").stable
    trap(world)
    assert fallen(world).quarantined == (2,)
    world.install("c", THREE, QUICK + '[deployment]\nprobation = "100ms"\nstable_after = 1\n')
    world.call("c", "get")
    jump(world, -seconds)
    assert world.wait_row("c", lambda row: row.stable).revision == 4


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_a_clock_that_jumps_neither_refills_the_budget_nor_stops_a_restart(world: World, seconds: float) -> None:
    manifest = '[supervision]\nmax_restarts = 2\nbackoff = {initial = "20ms"}\n[deployment]\nprobation = "0s"\n'
    world.put("c", ONE, manifest)
    world.open()
    for restarts in (1, 2):
        trap(world)
        jump(world, seconds * restarts)
        world.wait_row("c", lambda row, restarts=restarts: row.restarts == restarts and row.state is State.RUNNING)
    trap(world)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)


def test_a_refused_rollback_after_a_jump_resumes_the_restart_it_interrupted(world: World) -> None:
    world.put("c", ONE, '[supervision]\nbackoff = {initial = "200ms"}\n')
    world.open()
    trap(world)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.BACKOFF)
    jump(world, -HOUR)
    with pytest.raises(RollbackRefused):
        world.do(Rollback("c"))
    world.wait_row("c", lambda row: row.state is State.RUNNING and row.restarts == 1)


def test_a_pin_changes_nothing_of_a_quarantine(world: World) -> None:
    updated(world)
    trap(world)
    fallen(world)
    world.do(Pin("c", 2))
    assert world.outcomes("c")[2] is Outcome.QUARANTINED
    world.notice("c")
    assert world.row("c").version == "1.0.0"
