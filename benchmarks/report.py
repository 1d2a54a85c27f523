"""One row per figure, as a table for people or as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Mark(StrEnum):
    """What became of a target."""

    NONE = ""
    MET = "met"
    MISSED = "missed"
    NOT_MEASURED = "not measured"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure. Whoever measures it gives its name, value, unit and baseline; the rest is added to all rows together.

    Attributes:
        name: ``area/what``.
        value: The figure, in ``unit``; None if it was not measured.
        unit: What it counts.
        baseline: What it is compared with; empty when nothing is.
        baseline_value: The baseline's figure in the same unit.
        ratio: How many times better than the baseline; below one it is worse.
        target: What :data:`benchmarks.targets.TARGETS` asks for.
        last: The figure of the last release.
        last_ratio: Its ratio; it says more than the figure where the machine is another one.
        mark: Whether the target is met.
    """

    name: str
    value: float | None
    unit: str
    baseline: str = ""
    baseline_value: float | None = None
    ratio: float | None = None
    target: str = ""
    last: float | None = None
    last_ratio: float | None = None
    mark: Mark = Mark.NONE


def beside(
    name: str,
    value: float,
    unit: str,
    baseline: str,
    baseline_value: float,
    *,
    more_is_better: bool = False,
) -> Row:
    """Return a row with its ratio."""
    ratio = value / baseline_value if more_is_better else baseline_value / value
    return Row(
        name=name,
        value=value,
        unit=unit,
        baseline=baseline,
        baseline_value=baseline_value,
        ratio=ratio,
    )


def number(value: float | None) -> str:
    """Write a figure with three significant digits."""
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def table(rows: Iterable[Row]) -> str:
    """Lay rows out in columns; figures are aligned on the right."""
    head = ("figure", "value", "unit", "baseline", "", "times better", "last release", "target", "mark")
    return columns(head, [_cells(row) for row in rows], right={1, 4, 5, 6})


def _cells(row: Row) -> tuple[str, ...]:
    then = f" ({number(row.last_ratio)}x)" if row.last_ratio is not None else ""
    return (
        row.name,
        number(row.value),
        row.unit,
        row.baseline,
        number(row.baseline_value),
        number(row.ratio),
        number(row.last) + then,
        row.target,
        row.mark,
    )


def columns(head: tuple[str, ...], lines: list[tuple[str, ...]], right: set[int]) -> str:
    """Lay lines out below a head; the columns of these positions are aligned on the right."""
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (head, *lines)
    )
