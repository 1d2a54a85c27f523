"""The campaign in its short form, and that it would notice."""

from __future__ import annotations

import os
import signal
from collections import Counter
from random import Random

import pytest

from airssys_tui.core.gates import Gate
from airssys_tui.core.revision import Tier
from tests.fuzz import differential, seeds
from tests.fuzz.campaign import campaign
from tests.fuzz.differential import Comparisons
from tests.fuzz.mutation import WAYS, leb, overlong, sections
from tests.fuzz.trial import Trials

SHORT = 600


def test_damaged_components_are_refused_or_admitted_and_nothing_else():
    report = campaign(seed=20, count=SHORT)
    assert report.findings == []
    assert report.trials == SHORT
    assert report.processes == 1
    assert min(report.outcomes[gate] for gate in (Gate.MAGIC, Gate.SECTIONS, Gate.COMPILE, "admitted")) > 0


def test_a_campaign_can_be_ended_by_time():
    report = campaign(seed=1, count=10**9, seconds=2.0)
    assert report.findings == []
    assert report.trials < 10**9


def test_random_modules_answer_the_same_in_both_tiers():
    comparisons = Comparisons(seed=3)
    try:
        outcomes = Counter(comparisons.run(number) for number in range(20))
    finally:
        comparisons.close()
    assert outcomes["alike"] > 10
    assert comparisons.bytes_of(1) == Comparisons(seed=3).bytes_of(1) != comparisons.bytes_of(2)


def test_a_compiler_that_is_wrong_would_be_noticed(monkeypatch):
    comparisons = Comparisons(seed=3)
    answer = differential.answer_of

    def wrong(tier, *call):
        given = answer(tier, *call)
        return given + 1 if tier is Tier.BASELINE and isinstance(given, int) else given

    monkeypatch.setattr(differential, "answer_of", wrong)
    with pytest.raises(AssertionError, match=r"optimised .*, baseline "):
        comparisons.run(0)
    comparisons.close()


class Dying:
    """Stands in for the gates: some trials end their process, one raises what is no refusal."""

    def __init__(self, _seed: int) -> None:
        pass

    def run(self, number: int) -> str:
        if number == 60:
            os.kill(os.getpid(), signal.SIGSEGV)
        if number == 70:
            raise KeyError("surprise")
        return "admitted"

    def close(self) -> None:
        pass


def test_a_crash_and_a_surprise_are_findings_with_their_trials():
    report = campaign(seed=1, count=100, trials=Dying)
    assert len(report.findings) == 2
    assert report.findings[0].startswith("trial 60: the process ended with status -11")
    assert report.findings[1].startswith("trial 70: ")
    assert "KeyError: 'surprise'" in report.findings[1]
    assert report.processes == 2


def test_the_same_number_gives_the_same_bytes():
    one, other = Trials(7), Trials(7)
    assert [one.bytes_of(number) for number in range(50)] == [other.bytes_of(number) for number in range(50)]
    assert Trials(8).bytes_of(3) != one.bytes_of(3)


@pytest.mark.parametrize("way", sorted(set(WAYS), key=lambda way: way.__name__))
def test_every_way_does_damage(way):
    chance = Random(5)
    data = seeds.light()[0]
    assert any(way(data, seeds.light(), chance) != data for _ in range(20))
    for nothing in (b"", b"\0asm"):
        way(nothing, seeds.light(), chance)


def test_numbers_are_written_as_wide_as_wished():
    assert [leb(0), leb(127), leb(128)] == [b"\0", b"\x7f", b"\x80\x01"]
    assert leb(5, 5) == b"\x85\x80\x80\x80\x00"
    data = seeds.light()[0]
    assert len(sections(data)) > 5
    assert len(overlong(data, (), Random(1))) > len(data)
