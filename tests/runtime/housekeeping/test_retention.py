"""Collection in a living runtime: what goes, what stays, what is said before, and that nobody is in its way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from airssys_tui.api.commands import Annotate, MarkStable, Pin, Rollback, SaveState
from airssys_tui.api.views.disk import Collected
from airssys_tui.core.errors import RollbackRefused, TransitionError
from airssys_tui.core.identity import digest_of
from airssys_tui.core.retention import STABLE_FOR, STATES
from airssys_tui.core.revision import Outcome
from airssys_tui.store.catalog.records import EventRow
from airssys_tui.store.catalog.trimming import AGE, BATCH, YOUNG
from tests.support.components import Crafted
from tests.support.world import PATIENCE, World

KEEP_TWO = "[deployment]\nkeep = 2\nstable_after = 1\n"


def collect(world: World, *, dry: bool = False) -> Collected:
    return world.runtime.collect(dry=dry).result(PATIENCE)


def release(world: World, number: int, name: str = "c", manifest: str = KEEP_TWO) -> None:
    world.install(name, Crafted(salt=str(number)), manifest, version=f"{number}.0.0")
    world.call(name, "add", 1)


def files(world: World, kind: str) -> set[str]:
    """Return the digests, without their algorithm, of what is on the disk."""
    return {path.stem for path in (world.state_dir / kind).glob("*/*") if path.parent.name != "unfinished"}


def age(world: World, seconds: float) -> None:
    """Let time pass for the rules of retention."""
    floor = world.runtime.probe.floor
    now = floor.clock()
    floor.clock = lambda: now + seconds


def digest(number: int) -> str:
    return digest_of(Crafted(salt=str(number)).wasm()).removeprefix("sha256:")


@pytest.fixture
def aged(world: World) -> World:
    """Give a world in which `c` had six releases, of which two are kept, all of them more than a day ago."""
    world.open(collect_every=0.0)
    for number in range(1, 7):
        release(world, number)
    age(world, STABLE_FOR + 60.0)
    return world


def test_what_is_said_before_is_what_is_done(aged: World) -> None:
    said = collect(aged, dry=True)
    assert said.dry
    assert (said.revisions, len(files(aged, "blobs"))) == (4, 6), "a dry run takes nothing"
    assert collect(aged, dry=True) == said
    done = collect(aged)
    assert not done.dry
    assert (done.items, done.revisions, done.states, done.rows, done.bytes) == (
        said.items,
        said.revisions,
        said.states,
        said.rows,
        said.bytes,
    )
    assert "c: r1 (1.0.0), superseded: no rule keeps it" in done.items
    assert done.bytes > 0
    nothing = collect(aged)
    assert (nothing.items, nothing.bytes) == ((), 0)
    assert aged.events(None, "collected")[-1].text.startswith("collected 4 revisions, ")


def test_what_no_rule_keeps_goes_with_its_code_and_its_line_of_the_history_stays(aged: World) -> None:
    collect(aged)
    expected = {1: Outcome.PURGED, 2: Outcome.PURGED, 3: Outcome.PURGED, 4: Outcome.PURGED}
    assert aged.outcomes("c") == {**expected, 5: Outcome.SUPERSEDED, 6: Outcome.ACTIVE}
    assert files(aged, "blobs") == {digest(5), digest(6)}
    assert files(aged, "code") == {digest(5), digest(6)}
    purged = aged.runtime.probe.floor.state.catalog.revision("c", 1)
    assert purged is not None
    assert (purged.purged_from, purged.outcome_reason, purged.version) == ("superseded", "reload to r2", "1.0.0")
    aged.do(Rollback("c"))
    assert (aged.row("c").version, aged.call("c", "get")) == ("5.0.0", 6)


def test_what_was_stable_within_a_day_stays(world: World) -> None:
    world.open(collect_every=0.0)
    for number in range(1, 7):
        release(world, number)
    assert collect(world).revisions == 0
    age(world, STABLE_FOR + 60.0)
    assert collect(world).revisions == 4


def test_a_purged_revision_is_refused_as_a_target_and_cannot_be_pinned(aged: World) -> None:
    collect(aged)
    with pytest.raises(RollbackRefused, match="r1 of c was purged: its code is no longer kept"):
        aged.do(Rollback("c", to=1, force=True))
    with pytest.raises(TransitionError, match="r1 of c was purged: it can no longer be pinned"):
        aged.do(Pin("c", 1))
    aged.do(MarkStable("c", 1, stable=False))
    with pytest.raises(TransitionError, match="it can no longer be stable"):
        aged.do(MarkStable("c", 1))
    aged.do(Annotate("c", 1, "gone, not forgotten"))
    assert aged.history("c")[-1].note == "gone, not forgotten"


def test_what_is_pinned_stays_until_it_is_let_go(aged: World) -> None:
    aged.do(Pin("c", 1))
    assert aged.history("c")[-1].pinned
    collect(aged)
    assert aged.outcomes("c")[1] is Outcome.SUPERSEDED
    assert digest(1) in files(aged, "blobs")
    assert any(view.revision == 1 for view in aged.runtime.states("c").result(PATIENCE))
    aged.do(Rollback("c", to=1))
    assert aged.row("c").version == "1.0.0"
    aged.do(Rollback("c", to=6))
    aged.do(Pin("c", 1, pinned=False))
    age(aged, STABLE_FOR + 60.0)
    collect(aged)
    assert aged.outcomes("c")[1] is Outcome.PURGED


def test_pins_protect_compiled_code_from_eviction(world: World) -> None:
    world.open(code_cache=1)
    release(world, 1)
    world.do(Pin("c", 1))
    for number in range(2, 15):
        release(world, number, manifest="")
    assert digest(1) in files(world, "code")
    assert digest(2) not in files(world, "code")


def test_code_that_another_component_refers_to_stays(aged: World) -> None:
    aged.install("d", Crafted(salt="1"))
    collect(aged)
    assert aged.outcomes("c")[1] is Outcome.PURGED
    assert digest(1) in files(aged, "blobs")
    assert digest(1) in files(aged, "code")


def test_states_are_bounded_and_the_paired_ones_stay(world: World) -> None:
    world.open(collect_every=0.0)
    release(world, 1)
    release(world, 2)
    for _ in range(3 * STATES):
        world.call("c", "add", 1)
        world.do(SaveState("c"))
    done = collect(world)
    left = world.runtime.states("c").result(PATIENCE)
    assert len(left) == STATES + 1
    assert done.states == 2 * STATES
    assert [view.revision for view in left] == [2] * STATES + [1], "the one paired with the rollback target"
    assert left[-1].paired


def test_old_decisions_and_events_go_and_are_counted(aged: World) -> None:
    floor = aged.runtime.probe.floor
    catalog = floor.state.catalog
    then = floor.clock() - 2 * AGE
    rows = [EventRow(then, "health", "info", "well", "c") for _ in range(2 * YOUNG + BATCH)]
    aged.run(lambda: floor.disk(catalog.append_events, rows))
    said = collect(aged, dry=True)
    done = collect(aged)
    assert said.rows == done.rows >= YOUNG + BATCH
    assert catalog.trimmed("events", "c") == done.rows
    assert len(catalog.events("c", limit=5_000)) >= YOUNG
    assert f"c: {done.rows} old decisions and events" in done.items


def test_a_component_in_the_middle_of_an_operation_is_left_alone(aged: World) -> None:
    component = aged.runtime.probe.component("c")

    async def hold_and_collect() -> Collected:
        async with component.lock:
            return await asyncio.wait_for(aged.runtime.probe.system.retention.collect(dry=False), PATIENCE)

    assert aged.run(hold_and_collect).revisions == 0
    assert collect(aged).revisions == 4


def test_what_a_crash_has_orphaned_is_swept(world: World) -> None:
    world.put("c", Crafted(salt="1"))
    world.open(collect_every=0.0)  # else its first collection may come late and sweep what is put here
    blobs = world.runtime.probe.floor.state.blobs
    blobs.put(b"an artifact whose candidate was never recorded")
    (world.state_dir / "blobs" / "unfinished" / "half").write_bytes(b"half")
    (world.state_dir / "code" / "unfinished" / "half").write_bytes(b"half")
    world.reopen()
    world.wait_event(None, "collected")  # type: ignore[arg-type]
    assert files(world, "blobs") == {digest(1)}
    assert not list(Path(world.state_dir).glob("*/unfinished/*"))


def test_it_collects_by_itself_after_a_deployment(world: World) -> None:
    world.open(collect_every=3600.0)
    for number in range(1, 5):
        release(world, number)
    age(world, STABLE_FOR + 60.0)
    release(world, 5)
    world.wait_event(None, "collected")  # type: ignore[arg-type]
    assert world.outcomes("c")[1] is Outcome.PURGED
    assert world.call("c", "get") == 5


def test_a_component_without_files_keeps_what_it_needs(aged: World) -> None:
    aged.remove("c")
    collect(aged)
    assert set(aged.outcomes("c").values()) == {Outcome.PURGED, Outcome.SUPERSEDED, Outcome.ACTIVE}
    assert files(aged, "blobs") == {digest(5), digest(6)}


def test_a_long_report_is_cut_and_says_so(aged: World) -> None:
    for number in range(250):
        aged.runtime.probe.floor.state.blobs.put(f"orphan {number}".encode())
    said = collect(aged, dry=True)
    assert len(said.items) == 200
    assert said.items[-1].startswith("and ")
    assert collect(aged).items == said.items
