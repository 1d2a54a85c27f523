"""Events as lines, once or continuously; shared by ``logs`` and ``events``."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from airssys_tui.api.views.past import HistoryQuery
from airssys_tui.cli.answering.event_line import event_line
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, answer_line, say, warn
from airssys_tui.cli.reaching.absence import nothing_runs
from airssys_tui.cli.reaching.options import Place, component_name, seconds_of
from airssys_tui.cli.reaching.reach import ANSWER, connect
from airssys_tui.cli.reaching.site import Site
from airssys_tui.core.errors import QuantityError, UsageError
from airssys_tui.core.events import Event, EventKind, Level

if TYPE_CHECKING:
    from concurrent.futures import Future

    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.views.runtime import EventPage

LAST: Final = 500
"""Lines shown by default."""

POLL: Final = 0.1
"""Seconds between two checks for new events."""

PAGE: Final = 10_000

Choice = Callable[[Event], bool]


def ask_history(api: RuntimeApi, query: HistoryQuery) -> Future[EventPage]:
    """Request events; if a component has none, check that it exists."""
    asked = api.history(query)
    if query.component is not None and not asked.result(ANSWER).events:
        api.describe(query.component).result(ANSWER)
    return asked


def make_query(
    name: str | None, since: str | None, level: Level, last: int, *, kinds: tuple[EventKind, ...]
) -> HistoryQuery:
    """Return the query for the options of a command.

    Raises:
        UsageError: An option is not valid.
    """
    if last < 0:
        raise UsageError("--last must be at least 0")
    return HistoryQuery(
        component=None if name is None else component_name(name),
        kinds=kinds,
        level=level,
        since=0.0 if since is None else _moment(since),
        limit=last,
    )


def _moment(text: str) -> float:
    """Return the Unix time of a duration ago ("10m") or of a time, which is local unless it has a time zone.

    Raises:
        UsageError: The text is neither.
    """
    from datetime import datetime  # noqa: PLC0415 - late: most commands do without

    with contextlib.suppress(QuantityError):
        return time.time() - seconds_of(text)
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(text).astimezone().timestamp()
    raise UsageError(
        f"--since {text!r} is neither a duration nor a time", remedy="write 10m, 1h30m or 2026-03-14T14:00"
    )


def show_events(found: tuple[Event, ...] | list[Event], place: Place) -> int:
    """Print events, oldest first."""
    if place.json:
        answer(found)
    else:
        for event in found:
            say(event_line(event))
    return ExitCode.OK


def follow_events(
    site: Site, query: HistoryQuery, wanted: Choice, place: Place, *, client: str, known: Sequence[str] = ()
) -> int:
    """Print the newest events, then each new one until ctrl+c.

    Args:
        site: Folder and state directory.
        query: The events, and how many to print at the start.
        wanted: Returns whether to print an event.
        place: How to answer.
        client: Name of this process in the runtime's messages.
        known: Components that have to exist, besides that of the query.

    Raises:
        NothingRuns: No runtime is running for the folder.
        UnknownComponent: A component does not exist.
        Disconnected: The connection to the runtime was lost.
    """
    from airssys_tui.api.socket.frames import Access  # noqa: PLC0415 - late: only needed to follow
    from airssys_tui.runtime.history.past_events import fits  # noqa: PLC0415

    remote = connect(site, access=Access.READ, client=client, follow=True)
    if remote is None:
        raise nothing_runs(site)
    with contextlib.closing(remote):
        for name in dict.fromkeys((*known, *([query.component] if query.component is not None else ()))):
            remote.describe(name).result(ANSWER)  # raises if the component is unknown
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
    """Yield new events forever; report how many were lost in between.

    Raises:
        Disconnected: The connection to the runtime was lost.
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
