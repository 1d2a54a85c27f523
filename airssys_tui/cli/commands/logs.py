"""``logs``: what one component wrote."""

from __future__ import annotations

import re

from airssys_tui.cli.reaching.event_stream import LAST, Choice, ask_history, follow_events, make_query, show_events
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place
from airssys_tui.cli.reaching.reach import ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import NothingRuns, UsageError
from airssys_tui.core.events import EventKind, Level


def logs(
    name: NameArgument,
    /,
    *,
    follow: bool = False,
    since: str | None = None,
    level: Level = Level.DEBUG,
    grep: str | None = None,
    last: int = LAST,
    place: Place = HERE,
) -> int:
    """Show what a component logged and wrote to standard output and standard error.

    Log lines exist only while the runtime runs, which keeps a bounded number of them.

    Args:
        name: The component, as `name` or `namespace/name`.
        follow: Keep printing new ones until ctrl+c.
        since: Only those newer than this: "10m", "1h30m", or a time such as 2026-03-14T14:00.
        level: Only those of this level or above.
        grep: Only lines that match this regular expression.
        last: Begin with at most this many of the newest lines.
        place: Which runtime.
    """
    query = make_query(name, since, level, last, kinds=(EventKind.LOG,))
    wanted = _found(grep)
    site = locate(place.folder, place.state_dir)
    if follow:
        return follow_events(site, query, wanted, place, client="logs")
    try:
        page = ask(site, lambda api: ask_history(api, query))
    except NothingRuns as error:
        raise NothingRuns(f"{error.message}: log lines exist only while a runtime runs", remedy=error.remedy) from error
    return show_events([event for event in page.events if wanted(event)], place)


def _found(expression: str | None) -> Choice:
    if expression is None:
        return lambda _: True
    try:
        pattern = re.compile(expression)
    except re.error as error:
        raise UsageError(f"--grep {expression!r} is not a regular expression: {error}") from error
    return lambda event: pattern.search(event.text) is not None
