"""``logs``: what one component wrote, several of them, or all."""

from __future__ import annotations

import re
from typing import Annotated

from cyclopts import Parameter

from airssys_tui.cli.reaching.event_stream import LAST, Choice, ask_history, follow_events, make_query, show_events
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import ANSWER, Without, reach
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import NothingRuns, UsageError
from airssys_tui.core.events import EventKind, Level


def logs(
    *names: NameArgument,
    follow: Annotated[bool, Parameter(name=("--follow", "-f"))] = False,
    since: str | None = None,
    level: Level = Level.DEBUG,
    grep: str | None = None,
    last: Annotated[int, Parameter(name=("--last", "--tail"))] = LAST,
    place: Place = HERE,
) -> int:
    """Show what components logged and wrote to standard output and standard error.

    Lines of several components come in the order in which they were written. Log lines exist only while the runtime
    runs, which keeps a bounded number of them.

    Args:
        names: The components, as `name` or `namespace/name`. Default: all.
        follow: Keep printing new ones until ctrl+c.
        since: Only those newer than this: "10m", "1h30m", or a time such as 2026-03-14T14:00.
        level: Only those of this level or above.
        grep: Only lines that match this regular expression, such as "total|limit".
        last: Begin with at most this many of the newest lines.
        place: Which runtime.
    """
    chosen = tuple(dict.fromkeys(component_name(name) for name in names))
    queries = [make_query(name, since, level, last, kinds=(EventKind.LOG,)) for name in (chosen or (None,))]
    wanted = _found(grep)
    site = locate(place.folder, place.state_dir)
    if follow:
        query = queries[0] if len(queries) == 1 else make_query(None, since, level, last, kinds=(EventKind.LOG,))
        return follow_events(site, query, _of(chosen, wanted), place, client="logs", known=chosen)
    try:
        with reach(site, Without.NOTHING) as api:
            pages = [ask_history(api, query).result(ANSWER) for query in queries]
    except NothingRuns as error:
        raise NothingRuns(f"{error.message}: log lines exist only while a runtime runs", remedy=error.remedy) from error
    found = sorted((event for page in pages for event in page.events), key=lambda event: (event.at, event.seq))
    shown = [event for event in found[max(0, len(found) - last) :] if wanted(event)]
    return show_events(shown, place)


def _of(names: tuple[str, ...], wanted: Choice) -> Choice:
    return lambda event: (not names or event.component in names) and wanted(event)


def _found(expression: str | None) -> Choice:
    if expression is None:
        return lambda _: True
    try:
        pattern = re.compile(expression)
    except re.error as error:
        raise UsageError(f"--grep {expression!r} is not a regular expression: {error}") from error
    return lambda event: pattern.search(event.text) is not None
