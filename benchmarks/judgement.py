"""What the rows of a run say beside their targets and the last release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from benchmarks.release import Release
from benchmarks.report import Mark, Row
from benchmarks.targets import TARGETS, Target


def judged(rows: Iterable[Row], groups: Iterable[str], last: Release) -> list[Row]:
    """Return rows with target, last release and mark, and a row for each target of these groups that has none.

    Args:
        rows: What was measured.
        groups: Names of the groups that were to be measured.
        last: The figures of the last release.
    """
    targets = {name: target for group in groups for name, target in TARGETS.get(group, {}).items()}
    known = [_judged(row, targets.get(row.name), last) for row in rows]
    measured = {row.name for row in known}
    absent = [_absent(name, target, last) for name, target in targets.items() if name not in measured]
    return known + absent


def _judged(row: Row, target: Target | None, last: Release) -> Row:
    then = last.figures.get(row.name)
    # A figure that counts something else by now cannot be put beside this one.
    if then is not None and then.unit == row.unit:
        row = msgspec.structs.replace(row, last=then.value, last_ratio=then.ratio)
    if target is None:
        return row
    mark = Mark.MET if target.is_met(row) else Mark.MISSED
    return msgspec.structs.replace(row, target=str(target), mark=mark)


def _absent(name: str, target: Target, last: Release) -> Row:
    then = last.figures.get(name)
    return Row(
        name=name,
        value=None,
        unit=then.unit if then is not None else target.unit,
        target=str(target),
        last=then.value if then is not None else None,
        last_ratio=then.ratio if then is not None else None,
        mark=Mark.NOT_MEASURED,
    )


def tally(rows: Sequence[Row]) -> str:
    """Return how many targets were met, missed and not measured, in one line."""
    marks = [row.mark for row in rows]
    return ", ".join(f"{marks.count(mark)} {mark}" for mark in Mark if mark)
