"""``logs`` and ``events``: what happened, once or as it happens, line by line."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from airssys_tui.api.views.past import HistoryQuery
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, answer_line, say, warn
from airssys_tui.cli.commands.run import event_line
from airssys_tui.cli.reaching.absence import nothing_runs
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import ANSWER, Without, ask, connect
from airssys_tui.cli.reaching.site import Site, locate
from airssys_tui.core.errors import NothingRuns, QuantityError, UsageError
from airssys_tui.core.events import Event, EventKind, Level

if TYPE_CHECKING:
    from concurrent.futures import Future

    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.views.runtime import EventPage

LAST: Final = 500
"""Lines that are shown when nothing else is said."""

POLL: Final = 0.1
"""Seconds between two looks at what is new."""

PAGE: Final = 10_000

Choice = Callable[[Event], bool]


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
    """Show what a component wrote: its log calls, standard output and standard error.

    Log lines are kept by the runtime while it runs, within bounds, and nowhere else: without one there are none.

    Args:
        name: The component, as `name` or `namespace/name`.
        follow: Go on with what comes, until ctrl+c.
        since: Nothing older than this: "10m", "1h30m", or a time such as 2026-03-14T14:00.
        level: Nothing that matters less.
        grep: Only lines in which this regular expression is found.
        last: At most this many of the newest lines to begin with.
        place: Which runtime.
    """
    query = _query(name, since, level, last, kinds=(EventKind.LOG,))
    wanted = _found(grep)
    site = locate(place.folder, place.state_dir)
    if follow:
        return _follow(site, query, wanted, place, client="logs")
    try:
        page = ask(site, lambda api: _asked(api, query))
    except NothingRuns as error:
        raise NothingRuns(f"{error.message}: log lines live only in a running runtime", remedy=error.remedy) from error
    return _show([event for event in page.events if wanted(event)], place)


def events(
    name: NameArgument | None = None,
    /,
    *,
    follow: bool = False,
    since: str | None = None,
    level: Level = Level.DEBUG,
    kind: Annotated[list[EventKind] | None, Parameter(negative_iterable=())] = None,
    last: int = LAST,
    place: Place = HERE,
) -> int:
    """Show what happened: decisions about files, lifecycle, supervision, health and operators' commands.

    While nothing runs it is told from what was recorded.

    Args:
        name: Only of this component, as `name` or `namespace/name`.
        follow: Go on with what comes, until ctrl+c.
        since: Nothing older than this: "10m", "1h30m", or a time such as 2026-03-14T14:00.
        level: Nothing that matters less.
        kind: Only of this kind; may be given more than once.
        last: At most this many of the newest to begin with.
        place: Which runtime.
    """
    kinds = tuple(kind or (found for found in EventKind if found is not EventKind.LOG))
    query = _query(name, since, level, last, kinds=kinds)
    site = locate(place.folder, place.state_dir)
    if follow:
        return _follow(site, query, lambda _: True, place, client="events")
    page = ask(site, lambda api: _asked(api, query), Without.RECORD)
    return _show(page.events, place)


def _asked(api: RuntimeApi, query: HistoryQuery) -> Future[EventPage]:
    """Ask for the past; of a component that has none it is asked first whether it is there at all."""
    asked = api.history(query)
    if query.component is not None and not asked.result(ANSWER).events:
        api.describe(query.component).result(ANSWER)
    return asked


def _query(
    name: str | None, since: str | None, level: Level, last: int, *, kinds: tuple[EventKind, ...]
) -> HistoryQuery:
    if last < 0:
        raise UsageError("--last is how many lines to begin with: 0 or more")
    return HistoryQuery(
        component=None if name is None else component_name(name),
        kinds=kinds,
        level=level,
        since=0.0 if since is None else _moment(since),
        limit=last,
    )


def _moment(text: str) -> float:
    """Return the Unix time of "ten minutes ago" or of a time that is written out; without a zone it is the local one.

    Raises:
        UsageError: It is neither.
    """
    from datetime import datetime  # noqa: PLC0415 - late: most commands do without

    from airssys_tui.core.units import parse_duration  # noqa: PLC0415

    with contextlib.suppress(QuantityError):
        return time.time() - parse_duration(f"{text}s" if text.isdecimal() else text)
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(text).astimezone().timestamp()
    raise UsageError(f"--since {text!r} is no duration and no time", remedy="write 10m, 1h30m or 2026-03-14T14:00")


def _found(expression: str | None) -> Choice:
    if expression is None:
        return lambda _: True
    try:
        pattern = re.compile(expression)
    except re.error as error:
        raise UsageError(f"--grep {expression!r} is no regular expression: {error}") from error
    return lambda event: pattern.search(event.text) is not None


def _show(found: tuple[Event, ...] | list[Event], place: Place) -> int:
    if place.json:
        answer(found)
    else:
        for event in found:
            say(event_line(event))
    return ExitCode.OK


def _follow(site: Site, query: HistoryQuery, wanted: Choice, place: Place, *, client: str) -> int:
    from airssys_tui.api.socket.frames import Access  # noqa: PLC0415 - late: who asks once does without
    from airssys_tui.runtime.history.past_events import fits  # noqa: PLC0415

    remote = connect(site, access=Access.READ, client=client, follow=True)
    if remote is None:
        raise nothing_runs(site)
    with contextlib.closing(remote):
        if query.component is not None:
            remote.describe(query.component).result(ANSWER)  # says when there is none
        first = True
        for page in _pages(remote):
            chosen = [event for event in page if fits(event, query) and wanted(event)]
            for event in chosen[len(chosen) - query.limit if first and len(chosen) > query.limit else 0 :]:
                if place.json:
                    answer_line(event)
                else:
                    say(event_line(event))
            sys.stdout.flush()
            first = False
    return ExitCode.OK


def _pages(api: RuntimeApi) -> Iterator[tuple[Event, ...]]:
    """Give what has happened since the last look, for ever; what was lost between two looks is said.

    Raises:
        Disconnected: The runtime went away.
    """
    seen, began = 0, False
    while True:
        page = api.events(after=seen, limit=PAGE)
        if page.missed and began:
            warn(f"{page.missed} events were lost before they could be shown")
        seen = page.events[-1].seq if page.events else seen
        yield page.events
        began = True
        time.sleep(POLL)
