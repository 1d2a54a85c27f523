"""``top``: what the components use, in a table that refreshes."""

from __future__ import annotations

import itertools
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated, Final

from cyclopts import Parameter

from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.runtime import Snapshot
from airssys_tui.cli.answering.colour import styled
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, say, terminal_height
from airssys_tui.cli.answering.usage_table import TOP_COLUMNS, top_row, totals
from airssys_tui.cli.reaching.options import HERE, Place, seconds_of
from airssys_tui.cli.reaching.reach import Without, reach
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import UsageError
from airssys_tui.core.units import format_duration

SHORTEST: Final = 0.1
"""Minimum seconds between two tables."""


class SortKey(StrEnum):
    """What a table of components is sorted by."""

    NAME = "name"
    FUEL = "fuel"
    CPU = "cpu"
    MEMORY = "memory"
    CALLS = "calls"
    ERRORS = "errors"
    LATENCY = "latency"
    QUEUE = "queue"


_ORDER: Final[dict[SortKey, Callable[[ComponentView], float]]] = {
    SortKey.FUEL: lambda row: row.meters.fuel_per_second,
    SortKey.CPU: lambda row: row.meters.cpu or 0.0,
    SortKey.MEMORY: lambda row: row.meters.memory or 0,
    SortKey.CALLS: lambda row: row.meters.calls_per_second,
    SortKey.ERRORS: lambda row: row.meters.errors,
    SortKey.LATENCY: lambda row: row.meters.p95_ms or 0.0,
    SortKey.QUEUE: lambda row: row.meters.queue,
}


def top(
    *,
    once: bool = False,
    interval: str = "2s",
    tables: Annotated[int | None, Parameter(name=("--tables", "-n"))] = None,
    sort: SortKey = SortKey.FUEL,
    rows: int | None = None,
    place: Place = HERE,
) -> int:
    """Show what the components use, in a table that refreshes until ctrl+c.

    On a terminal each table replaces the one before; in a file or a pipe they follow each other.

    Args:
        once: Print one table.
        interval: Time between two tables: "500ms", "2s"; a number alone is seconds.
        tables: Number of tables to print.
        sort: Sort by this figure, largest first.
        rows: Maximum number of rows. Default: as many as fit on the terminal.
        place: Which runtime.
    """
    if place.json:
        raise UsageError("top has no JSON output", remedy="use airssys-tui stats --json")
    count = 1 if once else tables
    if count is not None and count < 1:
        raise UsageError("--tables must be at least 1")
    seconds = seconds_of(interval)
    if seconds < SHORTEST:
        raise UsageError(f"--interval must be at least {format_duration(SHORTEST)}")
    with reach(locate(place.folder, place.state_dir), Without.NOTHING, client="top") as api:
        written = 0
        for drawn in itertools.count(1):
            written = _draw(_top_lines(api.snapshot(), sort, rows), written)
            if count is not None and drawn >= count:
                break
            time.sleep(seconds)
    return ExitCode.OK


def _draw(lines: Sequence[str], before: int) -> int:
    """Print a table, replacing the previous one on a terminal; return its number of lines.

    Args:
        lines: The table.
        before: Number of lines of the previous table; 0 for the first one.
    """
    if before and _repaints():
        sys.stdout.write(f"\x1b[{before}F\x1b[J")
    elif before:
        say()
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return len(lines)


def _repaints() -> bool:
    import os  # noqa: PLC0415

    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _top_lines(seen: Snapshot, sort: SortKey, rows: int | None) -> list[str]:
    from airssys_tui.cli.answering.plain_table import render  # noqa: PLC0415

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    room = rows if rows is not None else (max(1, terminal_height() - 5) if _repaints() else None)
    views = list(seen.components)
    if sort is not SortKey.NAME:
        views.sort(key=_ORDER[sort], reverse=True)
    shown = views if room is None else views[:room]
    head = ""
    for title, value in totals(seen):
        longer = f"{head}  {title} {value}".strip()
        if value != NOTHING and (width is None or len(longer) <= width):
            head = longer
    lines = [head, ""]
    heading, *table = render(TOP_COLUMNS, [top_row(view) for view in shown], width)
    lines += [styled(heading, "title"), *table]
    if len(shown) < len(views):
        lines.append(f"… {len(views) - len(shown)} more")
    return lines
