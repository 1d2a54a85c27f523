"""Entries that could not be read now: when each is read again, and whether the reason is news."""

from __future__ import annotations

import pytest

from airssys_tui.runtime.deploying.postponed import FIRST, LONGEST, Postponed


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_time_grows_up_to_a_bound(clock: Clock) -> None:
    postponed, times = Postponed(clock), []
    for _ in range(8):
        began = clock.now
        postponed.postpone("c", "no access")
        while not postponed.due():
            clock.now += FIRST / 4
        times.append(clock.now - began)
    assert times == [1.0, 2.0, 4.0, 8.0, 16.0, LONGEST, LONGEST, LONGEST]


@pytest.mark.parametrize("seconds", [0.1, 2.0, 3600.0])
def test_each_is_due_once_until_it_is_postponed_again(clock: Clock, seconds: float) -> None:
    postponed = Postponed(clock)
    postponed.postpone("c", "early", seconds)
    postponed.postpone("d", "early", 2 * seconds)
    assert postponed.due() == ()
    clock.now = seconds
    assert (postponed.due(), postponed.due()) == (("c",), ())
    clock.now = 10 * seconds
    assert (postponed.due(), postponed.due()) == (("d",), ())
    postponed.postpone("c", "early", seconds)
    clock.now = 11 * seconds
    assert postponed.due() == ("c",)


def test_a_time_that_was_given_grows_from_half_a_second_at_least(clock: Clock) -> None:
    postponed = Postponed(clock)
    postponed.postpone("c", "early", 0.001)
    postponed.postpone("c", "no access")
    assert postponed.due() == ()
    clock.now = FIRST
    assert postponed.due() == ("c",)


def test_a_reason_is_news_until_it_is_the_same_again(clock: Clock) -> None:
    postponed = Postponed(clock)
    told = [postponed.postpone("c", reason) for reason in ("no access", "no access", "an error", "no access")]
    assert told == [True, False, True, True]
    assert (postponed.settle("c"), postponed.settle("c")) == (True, False)
    clock.now = 100.0
    assert postponed.due() == ()
    assert postponed.postpone("c", "no access"), "after it was read, it is news again"
