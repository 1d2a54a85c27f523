"""Which events are shown, and which of those a search matches; each event is examined once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

from airssys_tui.core.events import Event, EventKind, Level
from airssys_tui.tui.drawing.search import Search

LEVELS: Final = tuple(Level)
OLDER: Final = "-"
"""Begins the key of an older event, loaded on request; as a number it is below all others."""

KINDS: Final[tuple[EventKind | None, ...]] = (None, *(kind for kind in EventKind if kind is not EventKind.LOG))


def contains(query: str, text: str) -> bool:
    """Return whether a text passes a filter: it contains every word, in any case; ``!`` inverts."""
    inverted = query.startswith("!")
    words = query.removeprefix("!").lower().split()
    text = text.lower() if words else ""
    return not words or all(word in text for word in words) is not inverted


def passes(query: str, event: Event) -> bool:
    """Return whether an event passes a filter."""
    return not query or contains(
        query, f"{event.component or ''}\n{event.kind}\n{event.level}\n{event.action}\n{event.text}"
    )


def matching(events: Iterable[Event], query: str) -> Iterable[Event]:
    """Yield the events that pass a filter."""
    return (event for event in events if passes(query, event))


class Sieve:
    """The visible part of a growing and bounded list of events.

    Attributes:
        query: The filter as typed.
        level: The minimum level.
        kind: The only kind; ``None`` for all.
        component: The only component; ``None`` for all.
        search: The pattern to find in the shown events.
        shown: The events that pass, by key, oldest first.
        hits: Keys of those that the search matches, oldest first.
    """

    def __init__(self) -> None:
        self.query = ""
        self.level = Level.DEBUG
        self.kind: EventKind | None = None
        self.component: str | None = None
        self.search: Search | None = None
        self.shown: dict[str, Event] = {}
        self.hits: dict[str, None] = {}
        self._seen = self._told = 0

    @property
    def narrow(self) -> bool:
        """Whether anything is left out."""
        return bool(self.query.strip("! ")) or self.level is not Level.DEBUG or self._of_one

    @property
    def _of_one(self) -> bool:
        return self.kind is not None or self.component is not None

    def passes(self, event: Event) -> bool:
        """Return whether an event is shown."""
        return (
            (self.component is None or event.component == self.component)
            and (self.kind is None or event.kind is self.kind)
            and LEVELS.index(event.level) >= LEVELS.index(self.level)
            and passes(self.query, event)
        )

    def renew(self, events: Sequence[Event], older: Sequence[Event] = ()) -> None:
        """Examine everything again; ``older`` are the older events, loaded on request."""
        self.shown = {f"{OLDER}{index}": event for index, event in enumerate(older) if self.passes(event)}
        self._seen = self._told = 0
        self.take(events)
        self.look()

    def look(self) -> None:
        """Search the shown events again."""
        search = self.search
        self.hits = {} if search is None else {key: None for key, each in self.shown.items() if self._hit(each)}

    def take(self, events: Sequence[Event]) -> None:
        """Add the events that are new at the end of the list, and drop those that were pushed out at its beginning."""
        new = list(takewhile(self._is_new, reversed(events)))
        if not new:
            return
        first = events[0].seq
        for key in list(takewhile(lambda key: int(key) < first, self.shown)):
            if not key.startswith(OLDER):
                del self.shown[key]
                self.hits.pop(key, None)
        for event in reversed(new):
            if self.passes(event):
                key = str(event.seq)
                self.shown[key] = event
                if self._hit(event):
                    self.hits[key] = None
        self._seen = max(self._seen, *(event.seq for event in new))
        self._told = min(self._told, *(event.seq for event in new))

    def _is_new(self, event: Event) -> bool:
        # Events of this session itself are numbered downwards, between those of the runtime.
        return event.seq > self._seen if event.seq >= 0 else event.seq < self._told

    def _hit(self, event: Event) -> bool:
        return self.search is not None and self.search.found_in(event.text)

    def next_hit(self, key: str | None, forth: bool) -> str | None:
        """Return the hit after a key, or before it, wrapping around at the end."""
        if not self.hits:
            return None
        order = list(self.shown)
        at = order.index(key) if key in self.shown else -1 if forth else len(order)
        ahead = order[at + 1 :] + order[: at + 1] if forth else order[:at][::-1] + order[at:][::-1]
        return next((each for each in ahead if each in self.hits), None)
