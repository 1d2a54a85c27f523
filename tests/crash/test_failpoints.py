"""The program is killed at each failpoint that deployments and rollbacks pass: what is left is one of two truths."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from airssys_tui.store.failpoint import NAMES
from tests.crash.aftermath import check_recovered, check_remains, kill_at, victim
from tests.crash.script import STEPS, truths

UNREACHED: Final = {
    "forget-refusals": "an activation forgets them in its own transaction",
    "hold": "an activation holds in its own transaction",
    "lift-hold": "an activation lifts in its own transaction",
    "mark-snapshot-failed": "the counter loads every state that any release saved",
    "mark-stable": "what is superseded in time is found stable by the activation, before its probation is over",
}
"""Transactions that this script does not come to, and why; the store's own crash test kills at all of them."""

FIRST_DEPLOYMENT, UPDATE, ROLLBACK, RESTORE, FRESH = 1, 2, 3, 5, 6
"""Passages of what every successful deployment passes once."""

REFUSED, ROLLED_BACK = 3, 4
"""Passages of what every deployment passes before its gates: refused ones count, too."""

EVERY: Final = tuple(name for name in sorted(NAMES) if not any(f"/{skipped}/" in name for skipped in UNREACHED))

LATER: Final = (
    *(
        (name, hit)
        for name in ("deploy/held", "deploy/committed", "deploy/switched", "deploy/compiled", "deploy/rehearsed")
        for hit in (UPDATE, ROLLBACK)
    ),
    *(
        (f"catalog/activate/{side}-commit", hit)
        for side in ("before", "after")
        for hit in (UPDATE, ROLLBACK, RESTORE, FRESH)
    ),
    *(
        (name, hit)
        for name in ("deploy/accepted", "catalog/add-revision/before-commit", "catalog/begin-deployment/after-commit")
        for hit in (UPDATE, REFUSED, ROLLED_BACK)
    ),
    *(("deploy/saved", 2), ("deploy/saved", 4), ("deploy/loaded", 2), ("deploy/loaded", 4), ("deploy/retired", 3)),
    *(("catalog/stage/after-commit", 3), ("catalog/stage/before-commit", 4), ("catalog/set-interface/after-commit", 3)),
    *(("blobs/put/before-rename", 2), ("blobs/put/after-rename", 3), ("code/put/after-rename", 4)),
    *(("catalog/record-code/before-commit", 2), ("catalog/record-code/after-commit", 3)),
    *(("catalog/set-desired/after-commit", 2), ("catalog/set-desired/after-commit", 3)),
    *(("catalog/add-snapshot/before-commit", 2), ("catalog/add-snapshot/after-commit", 3)),
    ("catalog/abort-unfinished/after-commit", 2),
)
"""The same points in the middle of updates, refusals and rollbacks."""


def test_every_failpoint_is_passed_or_known_not_to_be(tmp_path: Path) -> None:
    with victim(tmp_path / "scene", CRASH_DRY_RUN="1") as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert output.count("end ") == len(STEPS)
    passed = {line.removeprefix("passed ") for line in output.splitlines() if line.startswith("passed ")}
    assert passed == set(EVERY)


@pytest.mark.parametrize(("point", "hit"), [*((name, 1) for name in EVERY), *LATER])
def test_a_kill_leaves_one_of_two_truths(point: str, hit: int, tmp_path: Path) -> None:
    directory = tmp_path / "scene"
    said = kill_at(f"{point}:{hit}", directory)
    known = truths()
    legal = tuple({known[said.ended], known[said.begun]})
    before = check_remains(directory, legal)
    check_recovered(directory, before)
