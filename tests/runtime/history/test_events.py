"""What happened, joined from the catalog and the buffer: nothing twice, nothing lost, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.api.commands import Annotate
from airssys_tui.api.views.past import HistoryQuery
from airssys_tui.api.views.runtime import EventPage
from airssys_tui.core.errors import DiskFull, UsageError
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.gates import Gate
from airssys_tui.runtime.history.past_events import history
from airssys_tui.runtime.machinery.journal import UNWRITTEN, Journal
from airssys_tui.store.directory import StateDirectory
from tests.support.components import ALL, Crafted
from tests.support.first_program import of_the_first_program
from tests.support.world import World


def ask(world: World, **said: object) -> EventPage:
    return world.runtime.history(HistoryQuery(**said)).result(30)


def test_nothing_is_told_twice_and_nothing_is_lost_over_restarts(world: World) -> None:
    world.open()
    world.install("c", Crafted(salt="a"))
    before = [event.text for event in ask(world, component="c").events]
    world.reopen()
    world.do(Annotate("c", 1, "hello"))
    for _ in range(3):
        page = ask(world, component="c")
        texts = [event.text for event in page.events]
        assert texts[: len(before)] == before
        assert sum("hello" in text for text in texts) == 1
        assert len({event.seq for event in page.events}) == len(page.events)
        assert [event.at for event in page.events] == sorted(event.at for event in page.events)
        assert page.missed == 0


def test_events_of_this_runtime_keep_their_numbers(world: World) -> None:
    world.open()
    world.install("c", Crafted())
    world.reopen()
    before = list(world.runtime.events().events)
    told = ask(world).events
    after = list(world.runtime.events().events)
    ours = [event for event in told if event.seq > 0]
    assert ours == after[: len(ours)]
    assert len(ours) >= len(before) > 0
    assert any(event.seq < 0 for event in told)


def test_levels_and_revisions_of_decisions_survive_a_restart(world: World) -> None:
    world.open()
    world.install("c", Crafted(salt="a"))
    world.install("c", Crafted(exports=ALL - {"get"}))
    world.reopen()
    (refused,) = ask(world, level=Level.ERROR).events
    assert (refused.kind, refused.action, refused.revision) == (EventKind.DECISION, "refused", 2)


def test_it_is_the_same_without_a_runtime(world: World) -> None:
    world.open()
    world.install("c", Crafted())
    world.close()
    with StateDirectory.open_readonly(world.state_dir) as reader:
        everything = history(reader.catalog, HistoryQuery()).events
        assert {event.kind for event in everything} >= {EventKind.SYSTEM, EventKind.DECISION}
        newest = history(reader.catalog, HistoryQuery(limit=2)).events
        assert [event.text for event in newest] == [event.text for event in everything[-2:]]
        middle = everything[len(everything) // 2].at
        later = history(reader.catalog, HistoryQuery(since=middle)).events
        earlier = history(reader.catalog, HistoryQuery(until=middle)).events
        assert [e.text for e in (*earlier, *later)] == [e.text for e in everything]
        assert history(reader.catalog, HistoryQuery(limit=0)).events == ()
        assert history(reader.catalog, HistoryQuery(component="c; DROP TABLE events")).events == ()


def test_what_could_not_be_written_is_written_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.open()
    catalog = world.runtime.probe.floor.state.catalog
    real = catalog.append_events

    def full(*_: object) -> None:
        raise DiskFull("no room")

    monkeypatch.setattr(catalog, "append_events", full)
    world.install("c", Crafted())
    world.run(world.runtime.probe.system.writing.write)
    assert any(event.action == EventAction.SWITCHED for event in ask(world, component="c").events)
    monkeypatch.setattr(catalog, "append_events", real)
    world.close()
    with StateDirectory.open_readonly(world.state_dir) as reader:
        told = [event.action for event in history(reader.catalog, HistoryQuery(component="c")).events]
    assert told.count("switched") == 1


def test_what_waits_for_the_disk_is_bounded_and_what_goes_is_counted() -> None:
    journal = Journal()
    for number in range(10):
        journal.emit(EventKind.SYSTEM, str(number))
    taken = journal.take_unwritten()
    for number in range(UNWRITTEN - 4):
        journal.emit(EventKind.SYSTEM, str(number))
    journal.give_back(taken)
    waiting = journal.take_unwritten()
    assert len(waiting) == UNWRITTEN
    assert [event.text for event in waiting[:4]] == ["6", "7", "8", "9"]
    assert journal.unwritten_dropped == 6


def test_any_two_revisions_are_compared(world: World) -> None:
    world.open()
    for salt in "abc":
        world.install("c", Crafted(salt=salt), version=f"1.{ord(salt) - 97}.0")
    diff = world.runtime.diff("c", 1, 2).result(30)
    assert (diff.now.number, diff.then.number) == (2, 1)
    assert any(line.subject == "version" and line.text == "1.1.0 → 1.0.0" for line in diff.lines)
    with pytest.raises(UsageError, match="no revision r9"):
        world.runtime.diff("c", 1, 9).result(30)


def test_a_revision_says_when_it_served_and_what_it_cost(world: World) -> None:
    world.open()
    world.install("c", Crafted(salt="a"))
    world.call("c", "add", 1)
    world.call("c", "add", 1)
    world.install("c", Crafted(salt="b"))
    world.install("c", Crafted(exports=ALL - {"get"}))
    third, second, first = world.history("c")
    assert first.activated_at is not None
    assert first.ended_at == second.activated_at
    assert second.ended_at is None
    assert third.activated_at is None
    assert third.ended_at is not None
    assert (first.calls, second.calls) == (2, None)
    assert first.fuel_per_call is not None
    assert Gate.COMPILE in dict(first.gates)
    assert Gate.COMPILE in dict(third.gates)
    assert Gate.HEALTH_PROBE not in dict(third.gates)


def test_decisions_of_the_first_program_are_read_as_decisions(tmp_path: Path) -> None:
    directory = of_the_first_program(tmp_path)
    with StateDirectory.open(directory, folder=tmp_path / "components") as state:
        page = history(state.catalog, HistoryQuery(kinds=(EventKind.DECISION,)))
    assert [(event.kind, event.action, event.text) for event in page.events] == [
        (EventKind.DECISION, EventAction.ACCEPTED, "accepted: generation 2 as r2"),
        (EventKind.DECISION, EventAction.SWITCHED, "switched to r2"),
    ]
    assert page.missed == 15
