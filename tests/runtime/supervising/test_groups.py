"""Groups of real components: who ends with whom, in which order, and what happens when a group gives up."""

from __future__ import annotations

import pytest

from airssys_tui.api.commands import RestartGroup, Start, StartGroup, Stop, StopGroup, Undo
from airssys_tui.core.errors import TransitionError, UsageError
from airssys_tui.core.lifecycle import RecoveryKind, State
from airssys_tui.core.traps import GuestTrap
from tests.support.components import Crafted
from tests.support.world import World

QUICK = '[supervision]\nbackoff = {initial = "10ms", factor = 1.0, jitter = 0.0}\n'
SLOW = '[supervision]\nbackoff = {initial = "30s", max = "30s"}\n'
NAMES = ("a", "b", "c")


def group(strategy: str, restarts: int = 3, name: str = "line", members: str = '"a", "b", "c"') -> str:
    return f'[groups.{name}]\nstrategy = "{strategy}"\nmembers = [{members}]\nmax_restarts = {restarts}\n'


def grouped(
    world: World, text: str, *, manifests: dict[str, str] | None = None, names: tuple[str, ...] = NAMES
) -> None:
    """Have components serve in the groups of a folder."""
    (world.folder / "airssys.toml").write_text(text, encoding="utf-8")
    for name in names:
        world.put(name, Crafted(), (manifests or {}).get(name, QUICK))
    world.open()


def trap(world: World, name: str) -> None:
    assert isinstance(world.runtime.invoke(name, "trap").exception(30), GuestTrap)


def history(world: World) -> list[str]:
    """Return what started and ended since the folder was opened, in order."""
    words = {"started": "+", "stopped": "-"}
    found = [event for event in world.events() if event.action in words and event.component]
    return [words[event.action] + str(event.component) for event in found]


@pytest.mark.parametrize(
    ("strategy", "happened"),
    [
        ("one-for-one", ["+b"]),
        ("one-for-all", ["-c", "-a", "+a", "+b", "+c"]),
        ("rest-for-one", ["-c", "+b", "+c"]),
    ],
)
def test_the_strategy_says_who_restarts_and_in_which_order(world: World, strategy: str, happened: list[str]) -> None:
    grouped(world, group(strategy))
    trap(world, "b")
    for entry in happened:
        if entry.startswith("+"):
            world.wait_row(entry[1:], lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert history(world) == happened
    assert [world.call(name, "add", 1) for name in NAMES] == [1, 1, 1]
    assert world.runtime.snapshot().groups[0].restarts == 1


def test_calls_to_a_member_that_waits_for_its_turn_are_answered(world: World) -> None:
    grouped(world, group("rest-for-one"))
    trap(world, "a")
    assert world.call("c", "add", 2) == 2
    assert world.wait_row("c", lambda row: row.restarts == 1)


def test_an_exhausted_group_ends_all_its_members_and_says_why(world: World) -> None:
    grouped(world, group("one-for-one", restarts=1))
    trap(world, "b")
    world.wait_row("b", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    trap(world, "b")
    for name in NAMES:
        row = world.wait_row(name, lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
        assert row.state is State.FAILED
        assert "given up with group line: b: unreachable" in row.note.text
        assert "line: 1 restart within 60 s is used up" in row.note.text
    told = " ".join(world.runtime.explain("a").result(30).sentences)
    assert "gave it up with no tries left: given up with group line: b: unreachable" in told
    (view,) = world.runtime.snapshot().groups
    assert view.given_up[-1] == "line: 1 restart within 60 s is used up"
    world.do(Start("a"))
    assert world.wait_row("a", lambda row: row.state is State.RUNNING)
    assert not world.runtime.snapshot().groups[0].given_up


def test_an_inner_group_escalates_to_the_outer_one(world: World) -> None:
    text = group("one-for-all", restarts=0, members='"a", "b"') + group(
        "rest-for-one", name="site", members='"line", "c"'
    )
    grouped(world, text)
    trap(world, "a")
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert history(world) == ["-b", "-c", "+a", "+b", "+c"]
    (event,) = world.events(None, "escalated")
    assert "group site ends b, c and starts a, b, c: a: unreachable" in event.text
    assert event.text.endswith("-> line: 0 restarts within 60 s are used up")


def test_a_crash_of_a_member_while_others_are_being_restarted(world: World) -> None:
    grouped(world, group("one-for-one"), manifests={"a": SLOW})
    trap(world, "a")
    trap(world, "b")
    world.wait_row("b", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.row("a").recovery.kind is RecoveryKind.BACKOFF
    world.do(Start("a"))
    assert world.row("a").state is State.RUNNING


def test_who_the_operator_stopped_stays_stopped_and_who_is_temporary_stays_down(world: World) -> None:
    grouped(world, group("one-for-all"), manifests={"c": '[supervision]\nrestart = "temporary"\n'})
    world.do(Stop("b"))
    trap(world, "a")
    world.wait_row("a", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.row("b").state is State.STOPPED
    row = world.row("c")
    assert (row.state, row.recovery.kind) == (State.STOPPED, RecoveryKind.NONE)
    assert "ended with its group line" in row.note.text
    world.do(Start("c"))
    trap(world, "c")
    row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    assert "restart = temporary" in row.note.text


def test_a_member_that_leaves_or_is_reloaded_changes_nothing_for_the_others(world: World) -> None:
    grouped(world, group("one-for-all"))
    world.install("b", Crafted(version="2.0.0"))
    world.remove("c")
    assert [entry for entry in history(world) if entry.startswith("-")] == ["-c"]
    trap(world, "a")
    world.wait_row("b", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.row("c").state is State.STOPPED


def test_a_member_that_fails_on_probation_is_rolled_back_and_its_group_follows(world: World) -> None:
    at_once = {"a": QUICK + '[deployment]\nprobation = "0s"\n'}
    grouped(world, group("one-for-all", restarts=0), manifests=at_once)
    for _ in range(20):
        world.call("a", "add", 0)
    world.wait_row("a", lambda row: row.stable)
    world.install("a", Crafted(version="2.0.0"), QUICK + '[deployment]\nprobation = "60s"\ntraps = 0\n')
    assert world.row("a").revision == 2
    trap(world, "a")
    row = world.wait_row("a", lambda row: row.revision == 3 and row.state is State.RUNNING)
    assert row.quarantined == (2,)
    assert world.wait_row("c", lambda row: row.restarts == 0 and row.state is State.RUNNING)
    assert world.runtime.snapshot().groups[0].restarts == 0


def test_members_start_in_order_after_a_restart_of_the_runtime(world: World) -> None:
    grouped(world, group("one-for-one", members='"c", "missing", "a", "b"'))
    world.reopen()
    started = [event.component for event in world.events(None, "started") if event.component]
    assert started[-3:] == ["c", "a", "b"]


def test_a_bad_file_changes_nothing_and_is_told_with_its_place(world: World) -> None:
    grouped(world, group("one-for-one"))
    file = world.folder / "airssys.toml"
    file.write_text(group("one-for-two"), encoding="utf-8")
    world.notice("airssys.toml")
    snapshot = world.runtime.snapshot()
    assert "airssys.toml:2: groups.line.strategy: expected one of 'one-for-one'" in snapshot.problems[0]
    assert snapshot.groups[0].strategy == "one-for-one"
    file.write_text(group("one-for-all"), encoding="utf-8")
    world.notice("airssys.toml")
    snapshot = world.runtime.snapshot()
    assert (snapshot.problems, snapshot.groups[0].strategy) == ((), "one-for-all")


def test_a_bad_file_is_told_at_the_start_as_well(world: World) -> None:
    grouped(world, group("one-for-two"))
    assert "groups.line.strategy" in world.runtime.snapshot().problems[0]


def test_an_operator_restarts_stops_and_starts_a_group(world: World) -> None:
    grouped(world, group("one-for-one", members='"a", "nobody", "b"'), names=("a", "b", "c"))
    world.call("a", "add", 3)
    assert world.do(RestartGroup("line")).text == "group line restarted: a, b"
    assert history(world) == ["-b", "-a", "+a", "+b"]
    assert world.call("a", "get") == 3
    assert world.row("a").restarts == 0
    assert world.do(StopGroup("line")).text == "group line stopped: b, a"
    assert [world.row(name).desired for name in ("a", "b", "c")] == ["stopped", "stopped", "running"]
    with pytest.raises(TransitionError, match="is stopped already"):
        world.do(StopGroup("line"))
    assert world.do(RestartGroup("line")).text == "group line restarted: nothing runs; still stopped: a, b"
    assert world.do(StartGroup("line")).text == "group line started: a, b"
    assert world.do(Undo()).text.startswith("undone: ")
    assert [world.row(name).state for name in ("a", "b")] == [State.STOPPED, State.STOPPED]
    with pytest.raises(UsageError, match="there is no group 'lime'") as caught:
        world.do(StopGroup("lime"))
    assert caught.value.remedy == "groups: line"


def test_a_group_that_was_given_up_is_started_again_as_a_whole(world: World) -> None:
    grouped(world, group("one-for-one", restarts=0))
    trap(world, "b")
    for name in NAMES:
        world.wait_row(name, lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    assert world.do(StartGroup("line")).text == "group line started: a, b, c"
    assert not world.runtime.snapshot().groups[0].given_up
