"""Commands: a minute of their own, arguments, and a state that tells success from failure, also after a restart."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from airssys_tui.api.commands import Start, Stop
from airssys_tui.api.views.components import NoteKind
from airssys_tui.api.views.past import HistoryQuery
from airssys_tui.cli.reaching.row import Recorded, row
from airssys_tui.core.errors import ManifestError, TransitionError, UsageError
from airssys_tui.core.lifecycle import CommandOutcome, State
from airssys_tui.core.limits import COMMAND_DEADLINE, UNLIMITED_FUEL, Limits
from airssys_tui.core.manifest.document import parse_manifest
from airssys_tui.runtime.history.past_events import history
from airssys_tui.runtime.standalone.call import call_path
from airssys_tui.store.catalog.catalog import Catalog
from tests.support.command_guests import command, exiting, telling_arguments
from tests.support.world import World

QUICK = '[supervision]\nshutdown = "50ms"\n'
FINE = command("")
ERR = command("(return (i32.const 1))")
TRAPS = command("unreachable")
SPINS = command("(loop $for-ever (br $for-ever))")

ENDS = {
    "it returns ok": (FINE, State.STOPPED, "completed in ", "completed"),
    "it exits with 0": (exiting(0), State.STOPPED, "completed in ", "completed"),
    "it returns an error": (ERR, State.FAILED, "its run returned an error", "exited"),
    "it exits with 3": (exiting(3), State.FAILED, "exit status 3", "exited"),
    "it exits with 255": (exiting(255), State.FAILED, "exit status 255", "exited"),
    "it traps": (TRAPS, State.FAILED, "trapped after ", "trapped"),
}


def offline(world: World) -> tuple[State, NoteKind]:
    """Return what `list` says while no runtime is there."""
    with contextlib.closing(Catalog.open_readonly(world.state_dir / "catalog.db")) as catalog:
        (record,) = catalog.components()
        seen = row(catalog, Recorded.of(catalog, record), None, world.folder)
    return seen.state, seen.note.kind


def ended(world: World) -> None:
    world.wait_row("c", lambda row: row.revision and row.state in {State.STOPPED, State.FAILED} and row.note.text)


@pytest.mark.parametrize("name", ENDS)
def test_the_state_tells_success_from_failure_and_is_kept_over_restarts(world: World, name: str) -> None:
    wasm, state, said, outcome = ENDS[name]
    world.put("c", wasm)
    world.open()
    ended(world)
    kind = NoteKind.TROUBLE if state is State.FAILED else NoteKind.INFO
    first = world.row("c")
    assert (first.state, first.note.kind, first.kind) == (state, kind, "command")
    assert said in first.note.text
    assert world.events("c", "failed" if state is State.FAILED else "completed")
    world.close()
    assert offline(world) == (state, kind)
    world.open()
    again = world.row("c")
    assert (again.state, again.note.kind) == (state, kind)
    assert said in again.note.text
    assert "start runs it again" in again.note.text
    assert world.runtime.probe.floor.state.catalog.command_end("c").outcome == CommandOutcome(outcome)
    assert again.restarts == 0


def test_one_that_failed_is_not_started_again_by_itself_but_runs_when_it_is_asked(world: World) -> None:
    world.put("c", TRAPS, '[supervision]\nbackoff = {initial = "1ms", factor = 1.0, jitter = 0.0}\n')
    world.open()
    ended(world)
    world.notice("c")
    world.publish()
    assert (world.row("c").state, world.row("c").restarts) == (State.FAILED, 0)
    with contextlib.suppress(Exception):
        world.do(Start("c"))
    world.wait_for(lambda _: len(world.events("c", "failed")) == 2)
    world.install("c", FINE)
    world.wait_row("c", lambda row: row.state is State.STOPPED and "completed in" in row.note.text)
    world.reopen()
    assert world.row("c").state is State.STOPPED


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ('command_deadline = "150ms"', "ended at its deadline of 150ms"),
        ('command_deadline = 0.2\ndeadline = "1s"', "ended at its deadline of 200ms"),
        ('command_deadline = "30s"\ndeadline = "30s"\nfuel_per_call = 100_000', "out-of-fuel"),
    ],
)
def test_its_deadline_and_its_fuel_bound_it(world: World, limits: str, said: str) -> None:
    fuel = "" if "fuel" in limits else 'fuel_per_call = "unlimited"\n'
    world.put("c", SPINS, f"[resources]\n{fuel}{limits}\n")
    world.open()
    ended(world)
    assert world.row("c").state is State.FAILED
    assert said in world.row("c").note.text


def test_a_command_may_take_longer_than_a_call(world: World) -> None:
    wait = """(import "airssys:core-host/clock@1.0.0" (instance $ck (export "monotonic-ns" (func (result u64)))))
      (core func $now (canon lower (func $ck "monotonic-ns")))"""
    slow = command(
        """(local $until i64) (local.set $until (i64.add (call $now) (i64.const 120000000)))
          (loop $x (br_if $x (i64.lt_u (call $now) (local.get $until))))""",
        wait,
        '(import "h" "now" (func $now (result i64)))',
        '(with "h" (instance (export "now" (func $now))))',
    )
    world.put("c", slow, '[resources]\ndeadline = "50ms"\n')
    world.open()
    ended(world)
    assert world.row("c").state is State.STOPPED, world.row("c").note.text


def test_a_stop_is_no_failure(world: World) -> None:
    world.put("c", SPINS, '[resources]\nfuel_per_call = "unlimited"\n' + QUICK)
    settled = world.open_later()
    world.wait_row("c", lambda row: row.state is State.RUNNING)
    world.do(Stop("c"))
    assert settled()
    assert world.row("c").state is State.STOPPED
    assert world.runtime.probe.floor.state.catalog.command_end("c").outcome is CommandOutcome.CANCELLED


@pytest.mark.parametrize(
    ("args", "status"), [([], 16 + (ord("c") & 15)), (["x"], 32 + (ord("x") & 15)), (["a b", "é", "7"], 64 + 7)]
)
def test_arguments_follow_the_name(world: World, args: list[str], status: int) -> None:
    listed = ", ".join(f'"{arg}"' for arg in args)
    put_with_args(world, f"args = [{listed}]\n")
    world.open()
    ended(world)
    assert f"exit status {status}" in world.row("c").note.text


def put_with_args(world: World, line: str) -> None:
    world.put("c", telling_arguments())
    manifest = world.folder / "c" / "Component.toml"
    manifest.write_text(manifest.read_text() + line)  # [component] is its last table


def test_a_call_by_hand_of_a_path_has_the_minute_and_the_arguments_too(tmp_path: Path) -> None:
    file = tmp_path / "c.wasm"
    file.write_bytes(FINE)
    assert call_path(file, "run").result == '{"ok":null}'


HEAD = '[package]\nname = "c"\n[component]\nwasm = "c.wasm"\n'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("args = [1, 2, 3]", "text"),
        ("args = [" + "'a', " * 65 + "]", "at most 64 arguments, got 65"),
        ("args = ['" + "x" * 32_769 + "']", "at most 32768 bytes"),
        ("args = ['" + "é" * 16_385 + "']", "at most 32768 bytes"),
        ('args = ["a\\u0000b"]', "NUL"),
        ('args = "one"', "array"),
        ('[resources]\ncommand_deadline = "25h"', "command_deadline"),
        ("[resources]\ncommand_deadline = 0.01", "command_deadline"),
    ],
)
def test_both_are_bounded(line: str, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        parse_manifest(HEAD + line, "Component.toml")


def test_both_are_read_up_to_their_bounds() -> None:
    many = ", ".join([f'"{"x" * 512}"'] * 64)
    manifest = parse_manifest(HEAD + f'args = [{many}]\n[resources]\ncommand_deadline = "24h"', "Component.toml")
    assert len(manifest.artifact.args) == 64
    assert manifest.limits.of_command().deadline == 86_400.0


def test_the_limits_of_a_command() -> None:
    standard = Limits().of_command()
    assert (standard.deadline, standard.fuel_per_call) == (COMMAND_DEADLINE, 60 * Limits().fuel_per_call)
    assert Limits(deadline=300.0).of_command().deadline == 300.0
    assert Limits(deadline=300.0).of_command().fuel_per_call == Limits().fuel_per_call
    assert Limits(command_deadline=0.5).of_command().fuel_per_call == Limits().fuel_per_call
    assert Limits(fuel_per_call=UNLIMITED_FUEL).of_command().fuel_per_call == UNLIMITED_FUEL


@pytest.mark.parametrize(
    ("wasm", "own", "status"), [(exiting(0), 0, 0), (exiting(7), 7, 7), (ERR, 1, 1), (TRAPS, None, 134)]
)
def test_the_exit_code_is_a_number_everywhere(world: World, wasm: bytes, own: int | None, status: int) -> None:
    world.put("c", wasm)
    world.open()
    ended(world)
    assert world.row("c").exit_code == own
    (event,) = world.events("c", "completed" if own == 0 else "failed")
    assert event.exit_code == own
    answer = world.do(Start("c"))
    assert answer.exit_code == status
    assert "ran at r1: " in answer.text
    world.close()
    with contextlib.closing(Catalog.open_readonly(world.state_dir / "catalog.db")) as catalog:
        assert catalog.command_end("c").exit_code == own
        kept = [event.exit_code for event in history(catalog, HistoryQuery(component="c")).events if event.exit_code]
        assert kept == [own] * 2 if own else kept == []
        (record,) = catalog.components()
        assert row(catalog, Recorded.of(catalog, record), None, world.folder).exit_code == own
    assert world.open().snapshot(0).components[0].exit_code == own


def test_a_run_may_have_arguments_of_its_own(world: World) -> None:
    put_with_args(world, 'args = ["x"]\n')
    world.open()
    ended(world)
    assert world.do(Start("c", ("a", "b", "7"))).exit_code == 64 + 7
    assert world.do(Start("c", ())).exit_code == 16 + (ord("c") & 15)
    assert world.do(Start("c")).exit_code == 32 + (ord("x") & 15)
    assert any("start it with the arguments a b 7" in event.text for event in world.events("c", "start"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("a",) * 65, "at most 64 arguments, got 65"), (("a\0",), "NUL"), (("x" * 32_769,), "bytes")],
)
def test_arguments_of_a_run_have_the_bounds_of_the_manifest(
    world: World, arguments: tuple[str, ...], said: str
) -> None:
    world.put("c", FINE)
    world.open()
    ended(world)
    with pytest.raises(UsageError, match=said):
        world.do(Start("c", arguments))
    assert world.row("c").exit_code == 0


def test_only_a_command_takes_arguments(world: World) -> None:
    world.put("counter", Path("sample_components/counter"))
    world.open()
    world.do(Stop("counter"))
    with pytest.raises(UsageError, match="counter is no command"):
        world.do(Start("counter", ("x",)))
    assert world.do(Start("counter", wait=False)).exit_code is None
    assert world.row("counter").state is State.RUNNING


def test_who_does_not_wait_is_answered_while_it_runs(world: World) -> None:
    world.put("c", SPINS, '[resources]\nfuel_per_call = "unlimited"\n' + QUICK)
    settled = world.open_later()
    world.wait_row("c", lambda row: row.state is State.RUNNING)
    world.do(Stop("c"))
    assert settled()
    answer = world.do(Start("c", wait=False))
    assert (answer.text, answer.exit_code) == ("c started at r1", None)
    assert world.row("c").state is State.RUNNING
    with pytest.raises(TransitionError, match="c already runs"):
        world.do(Start("c"))
    world.do(Stop("c"))
    assert world.row("c").exit_code is None
    assert world.runtime.probe.floor.state.catalog.command_end("c").status == 143


def test_who_does_not_wait_still_learns_why_it_cannot_be_started(world: World) -> None:
    world.put("counter", Path("sample_components/counter"))
    world.open()
    with pytest.raises(TransitionError, match="already runs"):
        world.do(Start("counter", wait=False))
    assert "internal" not in {event.action for event in world.runtime.events(0, 1_000).events}


def test_a_runtime_that_closes_ends_a_run_that_nobody_waits_for(world: World) -> None:
    world.put("c", SPINS, '[resources]\nfuel_per_call = "unlimited"\n' + QUICK)
    settled = world.open_later()
    world.wait_row("c", lambda row: row.state is State.RUNNING)
    world.do(Stop("c"))
    assert settled()
    world.do(Start("c", wait=False))
    world.close()
    with contextlib.closing(Catalog.open_readonly(world.state_dir / "catalog.db")) as catalog:
        assert catalog.command_end("c").outcome is CommandOutcome.CANCELLED
