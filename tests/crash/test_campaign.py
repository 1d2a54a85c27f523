"""The short form of the campaign: one kill at each failpoint that any operation passes, and some at any moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import pytest

from airssys_tui.store.disk.failpoint import MAIL_TRANSACTIONS, registered
from tests.crash.campaign import Account, Inconsistency, Target, Verdict, apart, learn, lives, plan
from tests.crash.life import Seen
from tests.crash.model import GOOD, UNHEALTHY, Operation, Truth, passes

PARTS: Final = 4
RANDOM: Final = 16
SEED: Final = 7

UNREACHED: Final = {
    **dict.fromkeys(MAIL_TRANSACTIONS, "no messages are sent here; `test_mail_kills` kills at them"),
    "answer-candidate": "no revision here asks for more than another one",
    "approved": "no revision here waits for approval",
    "remove": "there are never so many files of the audit",
    "repair": "a process that is killed leaves no unfinished entry",
    "settle-question": "no question here is dismissed",
    "trust": "nobody is trusted here",
    "check": "calls that are kept change nothing that is at stake here",
    "forget-refusals": "an activation forgets them in its own transaction",
    "hold": "an activation holds in its own transaction",
    "keep-end": "no command lives here",
    "lift-hold": "an activation lifts in its own transaction",
    "mark-snapshot-failed": "what is made here loads every state that any version saved",
    "reinstate": "there is always something to go back to",
    "set-present": "the files are always there, and the catalog says so since the first deployment",
    "trim": "there are never so many events",
}
"""Transactions that no operation here comes to, and why; the store's own crash test kills at all of them."""


def require_consistent(verdicts: Iterable[Verdict]) -> None:
    """Fail with all that was found of each life that left something that may not be."""
    faults = [verdict for verdict in verdicts if verdict.fault]
    told = [f"{each.target}\nwhile {each.last}\n{each.fault}\nin {each.scene}" for each in faults]
    assert not told, "\n\n".join(told)


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[str, ...]]:
    """Learn which operations pass which failpoints."""
    return apart(learn, tmp_path_factory.mktemp("learnt") / "scene")


def test_every_failpoint_is_passed_or_known_not_to_be(passing: Mapping[str, tuple[str, ...]]) -> None:
    missing = {name.split("/")[1] for name in registered() if name not in passing}
    assert missing <= set(UNREACHED)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_kill_leaves_a_state_that_may_be(
    passing: Mapping[str, tuple[str, ...]], part: int, tmp_path: Path
) -> None:
    targets = plan(passing, len(passing) + RANDOM, 1, SEED)[part::PARTS]
    verdicts = apart(lives, targets, tmp_path / "scenes")
    require_consistent(verdicts)
    killed = {verdict.target.point for verdict in verdicts if verdict.killed}
    rare = {"blobs/remove/before-unlink", "blobs/remove/after-unlink"}
    assert {target.point for target in targets} - killed <= rare


def test_the_same_seed_lives_the_same_life(tmp_path: Path) -> None:
    target = Target("undo/undone", ("undo",), 11)
    one, other = (apart(lives, [target], tmp_path / name)[-1] for name in ("one", "other"))
    assert one.killed
    assert one.last == other.last


def test_the_judge_notices_what_is_lost() -> None:
    """A judge that could not fail would prove nothing: each thing that may go wrong is put before it once."""
    account = Account()
    served = Truth(version=GOOD[0], revision=1, last=1, count=5, saved=5, pins=frozenset({1}), stable=frozenset({1}))
    account.settle(served)
    account.recognise(served)
    change = msgspec.structs.replace
    for found in (
        change(served, saved=4),
        change(served, version=GOOD[1]),
        change(served, last=0),
        change(served, pins=frozenset()),
        change(served, stable=frozenset()),
        change(served, held=frozenset({GOOD[1]})),
        change(served, desired="stopped"),
        change(served, notes=((1, "note 1"),)),
    ):
        account.settle(served)
        with pytest.raises(Inconsistency):
            account.recognise(found)
    account.settle(served)
    with pytest.raises(Inconsistency):
        account.hear({"end": msgspec.to_builtins(Seen(GOOD[0], 1, 1, "running", 6))})


def test_an_operation_begins_where_the_last_one_ended() -> None:
    before = Truth(version=GOOD[0], revision=1, last=1, count=5)
    for verb in ("update", "rollback", "restore", "stop", "add", "pin", "undo-rollback", "fault"):
        assert passes(before, Operation(verb, GOOD[1], 1))[0].revision == 1


def test_what_was_refused_before_a_rollback_is_refused_again_when_that_is_undone() -> None:
    before = Truth(version=GOOD[1], revision=3, last=4, disk=UNHEALTHY, refused=frozenset({UNHEALTHY}))
    rolled = passes(before, Operation("rollback", GOOD[0]))[-1]
    assert rolled.refused == frozenset()
    undone = passes(rolled, Operation("undo-rollback", GOOD[1], undo=True))[-1]
    assert (undone.version, undone.refused) == (GOOD[1], frozenset({UNHEALTHY}))


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_many_kills(passing: Mapping[str, tuple[str, ...]], tmp_path: Path) -> None:
    verdicts = apart(lives, plan(passing, 500, 3, SEED + 1), tmp_path / "scenes")
    require_consistent(verdicts)
