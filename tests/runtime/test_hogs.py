"""Components whose calls take long, and others that get their turns nevertheless; across the real boundary."""

from __future__ import annotations

from typing import Any

import pytest

from airssys_tui.api.commands import Start, Stop
from airssys_tui.cli.reaching.figures import honest
from airssys_tui.core.lifecycle import State
from airssys_tui.runtime.actors.reply import Reply
from airssys_tui.runtime.machinery import guest_threads
from tests.support.components import STATELESS, Crafted
from tests.support.hog import HOG
from tests.support.world import PATIENCE, World

LONG = """
[resources]
deadline = "1h"
fuel_per_call = "unlimited"
[supervision]
shutdown = "50ms"
restart = "temporary"
"""
SPINNER = Crafted(exports=frozenset({"spin", "get"}))


def spinning(world: World, count: int) -> list[Reply[Any]]:
    """Install components that spin under deadlines of an hour; return their calls."""
    for number in range(count):
        world.put(f"spinner-{number}", SPINNER, LONG)
    world.put("counter", Crafted())
    world.open(workers=2)
    calls = [world.runtime.invoke(f"spinner-{number}", "spin") for number in range(count)]
    world.wait_for(lambda _: all(serving_call(world, f"spinner-{number}") for number in range(min(count, 2))))
    return calls


def serving_call(world: World, name: str) -> bool:
    serving = world.runtime.probe.component(name).actor.serving
    return serving is not None and serving.instance.busy


def end(world: World) -> None:
    for component in world.runtime.probe.system.router:
        serving = component.actor.serving
        if serving is not None:
            serving.cancel()


@pytest.mark.parametrize("count", [2, 3, 40])
def test_a_component_answers_beside_any_number_that_spin_for_an_hour(world: World, count: int) -> None:
    calls = spinning(world, count)

    assert [world.call("counter", "add", 1) for _ in range(20)] == list(range(1, 21))

    assert not any(call.done() for call in calls)
    # What takes long while others wait is counted and shown, and the workers stay as many as they were. Of two that
    # spin, one may keep its place: when the other was handed off, nobody waited any more.
    shown = world.wait_for(lambda seen: seen if seen.handed >= min(count - 1, 2) else None)
    assert shown.workers == 2
    assert shown.busy <= 2


def test_a_component_answers_beside_two_whose_timers_keep_ringing(world: World) -> None:
    for name in ("hog1", "hog2"):
        world.put(name, HOG)
    world.put("counter", Crafted())
    world.open(workers=2)
    for name in ("hog1", "hog2"):
        world.call(name, "arm")
    world.wait_for(lambda _: all(serving_call(world, name) for name in ("hog1", "hog2")))
    before = sum(finished(world, name) for name in ("hog1", "hog2"))

    assert [world.call("counter", "add", 1) for _ in range(60)] == list(range(1, 61))

    # In line behind the handlers of two components on two workers, every second answer would wait for one to end.
    assert sum(finished(world, name) for name in ("hog1", "hog2")) - before < 20
    world.wait_for(lambda _: sum(finished(world, name) for name in ("hog1", "hog2")) > before)


def finished(world: World, name: str) -> int:
    return world.runtime.probe.component(name).actor.counters.calls


def test_new_components_start_beside_candidates_whose_init_spins(world: World) -> None:
    world.put("counter", Crafted())
    world.open(workers=2)
    hours = '[resources]\ninit_deadline = "1h"\nfuel_per_call = "unlimited"\n'
    waiting = [world.notice_later(world.put(f"slow-{n}", Crafted(init="spin", salt=str(n)), hours)) for n in range(5)]

    assert world.install("late", Crafted(salt="late")).state is State.RUNNING
    assert world.call("late", "add", 3) == 3
    assert world.call("counter", "add", 2) == 2

    assert not any(each.done() for each in waiting)


def test_the_first_scan_goes_past_candidates_whose_init_spins(world: World) -> None:
    hours = '[resources]\ninit_deadline = "1h"\nfuel_per_call = "unlimited"\n'
    for number in range(5):  # more than are deployed at a time
        world.put(f"a-{number}", Crafted(init="spin", salt=str(number)), hours)
    world.put("counter", Crafted())
    world.open_later(workers=2)

    world.wait_row("counter", lambda row: row.state is State.RUNNING)
    assert world.call("counter", "add", 1) == 1

    assert {world.row(f"a-{number}").state for number in range(5)} == {State.INSTALLING}


@pytest.mark.parametrize(
    ("does", "gate"),
    [(Crafted(init="spin"), "init"), (Crafted(start="(loop $x (br $x))"), "instantiate")],
)
def test_the_start_of_an_instance_has_a_deadline_of_its_own(world: World, does: Crafted, gate: str) -> None:
    world.put("slow", does, '[resources]\ndeadline = "1h"\ninit_deadline = "60ms"\nfuel_per_call = "unlimited"\n')
    world.open()

    row = world.row("slow")

    assert row.state is State.FAILED
    refusal = world.runtime.probe.component("slow").refusal
    assert refusal is not None
    assert refusal.gate == gate
    assert "init_deadline" in world.told("slow", "refused")


SLOW_START = Crafted(
    exports=STATELESS,
    start="(local $i i32) (loop $x (local.set $i (i32.add (local.get $i) (i32.const 1)))"
    " (br_if $x (i32.lt_u (local.get $i) (i32.const 200000000))))",
)
"""Counts to 200 million when it is started: more than 20 ms, less than 5 s."""


def test_init_may_take_longer_than_a_call(world: World) -> None:
    world.put("slow", SLOW_START, '[resources]\ndeadline = "20ms"\nfuel_per_call = "unlimited"\n')
    world.open()

    assert world.row("slow").state is State.RUNNING


def test_a_call_that_takes_long_is_shown_until_it_ends(world: World) -> None:
    calls = spinning(world, 1)

    row = world.wait_row("spinner-0", lambda row: row.running is not None and row.running.seconds >= 2)

    assert row.running is not None
    assert row.running.export == "spin"
    assert row.note.text == f"running spin for {row.running.seconds} s"
    told = honest(row, live=True)["running"]
    assert told == {"export": "spin", "seconds": row.running.seconds}
    assert world.row("counter").running is None
    end(world)
    assert calls[0].exception(PATIENCE) is not None
    world.wait_row("spinner-0", lambda row: row.running is None)


def test_stopping_a_component_names_the_call_that_it_cancels(world: World) -> None:
    spinning(world, 1)

    world.do(Stop("spinner-0"))

    assert world.told("spinner-0", "cancelled").startswith("its call of spin, running for ")
    world.do(Start("spinner-0"))
    assert world.call("spinner-0", "get") == 0


def test_at_the_bound_the_journal_names_who_runs_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_threads, "MAX_HANDED", 2)
    calls = spinning(world, 5)

    event = world.wait_for(lambda _: next((e for e in world.events() if e.action == "crowded"), None))

    assert "spinner-" in event.text
    assert "deadline" in event.text
    end(world)  # makes room; the others are cancelled as they get to run
    assert calls[0].exception(PATIENCE) is not None
