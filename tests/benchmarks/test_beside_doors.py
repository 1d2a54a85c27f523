"""The arithmetic of what is measured beside something, and the work that it is measured beside."""

from __future__ import annotations

import itertools
import threading

import pytest

from benchmarks.beside_doors import FAIR, Weather, in_turn, middle, pooled
from benchmarks.door_crowd import Work

WAIT = 30.0


def test_weathers_are_measured_in_turn_and_each_round_begins_with_the_next() -> None:
    told: list[str] = []
    present = ["fair"]

    def weather(name: str) -> Weather:
        return Weather(lambda: present.append(name), lambda: present.remove(name))

    def measure() -> list[float]:
        told.append(present[-1])
        return [float(len(told))]

    rounds = in_turn(3, [weather("rain"), weather("snow"), FAIR], measure)
    assert told == ["rain", "snow", "fair", "snow", "fair", "rain", "fair", "rain", "snow"]
    assert rounds == [[[1.0], [6.0], [8.0]], [[2.0], [4.0], [9.0]], [[3.0], [5.0], [7.0]]]


def test_a_weather_ends_when_what_is_measured_fails() -> None:
    ended: list[str] = []
    with pytest.raises(ZeroDivisionError):
        in_turn(1, [Weather(int, lambda: ended.append("rain"))], lambda: [1 / 0])
    assert ended == ["rain"]


def test_a_round_in_bad_weather_does_not_count_in_the_middle_and_counts_in_the_pool() -> None:
    rounds = [[1.0, 2.0, 3.0], [1.0, 2.0, 4.0], [100.0, 200.0, 300.0]]
    assert middle(rounds, 0.5) == 2.0
    assert pooled(rounds, 1.0) == 300.0


def test_work_is_under_way_when_it_has_begun_and_over_when_it_has_ended() -> None:
    done = [0, 0]
    often = threading.Event()

    def one() -> None:
        done[0] += 1
        if done[0] > 50:
            often.set()

    def other() -> None:
        done[1] += 1

    work = Work([one, other])
    for _ in range(2):
        work.begin()
        assert all(done)
        assert often.wait(WAIT)
        work.end()
        after = list(done)
        assert not [thread for thread in threading.enumerate() if thread.name == "door-work"]
        assert done == after
        often.clear()
    assert work.rate > 0


def test_work_that_fails_is_told_when_it_begins_or_ends() -> None:
    with pytest.raises(RuntimeError, match="division"):
        Work([lambda: 1 / 0, int]).begin()
    failed, count = threading.Event(), itertools.count()

    def fails_later() -> None:
        if next(count) == 3:
            failed.set()
            raise ValueError("later")

    late = Work([fails_later])
    late.begin()
    assert failed.wait(WAIT)
    with pytest.raises(RuntimeError, match="the work beside failed: later"):
        late.end()
