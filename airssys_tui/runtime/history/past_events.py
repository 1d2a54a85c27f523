"""Past events: the rows of the catalog and the buffered events of this runtime, merged."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from airssys_tui.api.views.past import HistoryQuery
from airssys_tui.api.views.runtime import EventPage
from airssys_tui.core.events import MAX_TEXT, Event, EventAction, EventKind, Level
from airssys_tui.core.text import one_line
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import DecisionRow, EventRow

LEVELS: Final = tuple(Level)
"""Every level, lowest first."""


class Rows(msgspec.Struct, frozen=True):
    """Events as rows of the catalog."""

    events: tuple[EventRow, ...]
    decisions: tuple[DecisionRow, ...]


def rows_of(events: Iterable[Event]) -> Rows:
    """Return events as rows of the catalog: decisions about files in one table, all other events in another."""
    told = list(events)
    return Rows(
        tuple(
            EventRow(e.at, e.kind, e.level, e.text, e.component, e.revision, e.action, e.generation, e.exit_code)
            for e in told
            if e.kind is not EventKind.DECISION
        ),
        tuple(
            DecisionRow(e.at, e.action, e.text, e.component, None, e.generation, e.level, e.revision)
            for e in told
            if e.kind is EventKind.DECISION
        ),
    )


def write(catalog: Catalog, events: Iterable[Event]) -> None:
    """Write events to the catalog in one transaction.

    Raises:
        StoreError: If they could not be written; none of them is written then.
    """
    rows = rows_of(events)
    with catalog.together():
        catalog.append_events(rows.events)
        catalog.append_decisions(rows.decisions)


def history(catalog: Catalog, query: HistoryQuery, known: Iterable[Event] = ()) -> EventPage:
    """Return past events, oldest first. Blocks on the catalog.

    Args:
        catalog: The catalog.
        query: Which events.
        known: Events that this runtime still has in memory, written or not; they keep their numbers.

    Returns:
        The newest events, at most ``limit``. Events of earlier runtimes get negative numbers, for this answer only.
        ``missed`` counts the rows that were trimmed, if the answer goes back that far.
    """
    if query.limit <= 0:
        return EventPage(())
    kept = [event for event in known if fits(event, query)]
    seen = {_identity(event) for event in kept}
    recorded = [event for event in _recorded(catalog, query) if _identity(event) not in seen]
    recorded.sort(key=lambda event: event.at)
    numbered = [msgspec.structs.replace(e, seq=place - len(recorded)) for place, e in enumerate(recorded)]
    found = (*numbered, *sorted(kept, key=lambda event: event.seq))
    missed = 0
    if len(found) < query.limit:
        missed = sum(catalog.trimmed(stream, query.component) for stream in ("events", "decisions"))
    return EventPage(found[-query.limit :], missed)


def fits(event: Event, query: HistoryQuery) -> bool:
    """Return whether an event matches a query."""
    return (
        query.component in {None, event.component}
        and (not query.kinds or event.kind in query.kinds)
        and LEVELS.index(event.level) >= LEVELS.index(query.level)
        and event.at >= query.since
        and (query.until is None or event.at < query.until)
    )


def _recorded(catalog: Catalog, query: HistoryQuery) -> list[Event]:
    kinds = query.kinds or tuple(EventKind)
    levels = LEVELS[LEVELS.index(query.level) :]
    span = (query.since, math.inf if query.until is None else query.until)
    rows = catalog.past_events(query.component, kinds, levels, span, query.limit)
    found = [_event(row, EventKind(row.kind), EventAction(row.action)) for row in reversed(rows)]
    if EventKind.DECISION in kinds:
        decisions = catalog.past_decisions(query.component, levels, span, query.limit)
        found += [_event(row, EventKind.DECISION, EventAction(row.kind)) for row in reversed(decisions)]
    return found


def _event(row: EventRow | DecisionRow, kind: EventKind, action: EventAction) -> Event:
    return Event(
        seq=0,
        at=row.at,
        kind=kind,
        level=Level(row.level),
        text=one_line(row.text, MAX_TEXT),
        component=row.component,
        revision=row.revision,
        action=action,
        generation=row.generation,
        exit_code=row.exit_code if isinstance(row, EventRow) else None,
    )


def _identity(event: Event) -> tuple[float, str, str | None, str]:
    return (event.at, event.kind, event.component, event.text)
