"""How many calls went by without a use of a grant, over restarts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from airssys_tui.api.commands import Grant
from airssys_tui.api.views.granting import GrantView
from airssys_tui.runtime.guard.call_totals import EVERY, CallTotals
from tests.support.components import Crafted
from tests.support.world import World

GIT = "process:spawn:git"
WANTS = '[capabilities]\nprocess = ["spawn:git"]\n'


def answer(world: World) -> GrantView:
    """Return the grant of `c`."""
    (row,) = world.runtime.grants("c").result(30).rows
    (found,) = row.answers
    return found


@pytest.fixture
def serving(world: World) -> World:
    """Give a world in which `c` serves, has answered twice, and is granted what it does not use."""
    (world.folder / "airssys.toml").write_text("[trust]\nidle_calls = 5\n", encoding="utf-8")
    world.put("c", Crafted(salt="1"), WANTS)
    world.open()
    for _ in range(2):
        world.call("c", "add", 1)
    world.do(Grant("c", GIT))
    return world


def test_calls_before_the_grant_do_not_count(serving: World) -> None:
    for _ in range(4):
        serving.call("c", "add", 1)
    assert not answer(serving).idle
    serving.call("c", "add", 1)
    assert answer(serving).idle


def test_calls_of_earlier_runs_count(serving: World) -> None:
    for _ in range(3):
        serving.call("c", "add", 1)
    serving.reopen()
    serving.call("c", "add", 1)
    assert not answer(serving).idle
    serving.reopen()
    serving.call("c", "add", 1)
    assert answer(serving).idle
    serving.close()
    assert serving.reopen().grants("c").result(30).rows[0].answers[0].idle


def test_a_grant_that_is_given_again_begins_anew(serving: World) -> None:
    for _ in range(5):
        serving.call("c", "add", 1)
    serving.do(Grant("c", GIT, rationale="once more"))
    fresh = [each for row in serving.runtime.grants("c").result(30).rows for each in row.answers]
    assert [each.idle for each in sorted(fresh, key=lambda each: each.id)][-1] is False


def test_a_count_that_begins_again_adds_to_the_total() -> None:
    counts = {"c": 3}
    totals = CallTotals(lambda name: counts.get(name, 0))
    totals.recall({"c": 10})
    assert totals.of("c") == 13
    counts["c"] = 1  # unloaded, and installed again
    assert totals.of("c") == 14
    counts["c"] = 5
    assert totals.of("c") == 18


def test_a_total_that_two_threads_ask_for_counts_every_call_once() -> None:
    """The second thread asks while the first one counts; what the first counted is older and must not come after."""
    counts, began, asked = iter((5, 7)), threading.Event(), threading.Event()

    def counted(_: str) -> int:
        value = next(counts)
        if value == 5:
            began.set()
            asked.wait(0.2)
        return value

    totals = CallTotals(counted)

    def second() -> int:
        assert began.wait(10)
        total = totals.of("c")
        asked.set()
        return total

    with ThreadPoolExecutor(2) as pool:
        first, later = pool.submit(totals.of, "c"), pool.submit(second)
        assert (first.result(), later.result()) == (5, 7)


def test_totals_are_recorded_once_a_minute_and_at_the_end() -> None:
    counts = {"c": 3, "d": 0}
    totals = CallTotals(lambda name: counts.get(name, 0))
    assert totals.due(("c", "d"), 100.0, last=False) == {"c": 3}
    counts["c"] = 4
    assert totals.due(("c", "d"), 100.0 + EVERY - 1, last=False) == {}
    assert totals.due(("c", "d"), 100.0 + EVERY, last=False) == {"c": 4}
    assert totals.due(("c", "d"), 100.0 + EVERY, last=True) == {}
    counts["d"] = 2
    assert totals.due(("c", "d"), 50.0, last=False) == {"d": 2}  # a clock that was set back
