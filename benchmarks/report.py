"""One row per figure, as a table for people or as JSON."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure.

    Attributes:
        name: ``area/what``.
        value: The figure, in ``unit``.
        unit: What it counts.
        baseline: What it is compared with; empty when nothing is.
        baseline_value: The baseline's figure in the same unit.
        ratio: How many times better than the baseline; below one it is worse.
        target: What ``targets`` asks for.
    """

    name: str
    value: float
    unit: str
    baseline: str = ""
    baseline_value: float | None = None
    ratio: float | None = None
    target: str = ""


def beside(
    name: str,
    value: float,
    unit: str,
    baseline: str,
    baseline_value: float,
    *,
    target: str = "",
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
        target=target,
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
    head = ("figure", "value", "unit", "baseline", "", "times better", "target")
    cells = [
        (row.name, number(row.value), row.unit, row.baseline, number(row.baseline_value), number(row.ratio), row.target)
        for row in rows
    ]
    widths = [max(len(line[column]) for line in (head, *cells)) for column in range(len(head))]
    right = {1, 4, 5}
    return "\n".join(
        "  ".join(
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (head, *cells)
    )
