"""What the screens know: the latest rows and events, merged from what the runtime says changed."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views import ComponentView, Phase, Snapshot
from airssys_tui.core.events import Event
from airssys_tui.core.text import sanitise

EVENTS_KEPT: Final = 5_000
"""Events that the screens keep; older ones are in the ledger only."""

RECENT_KEPT: Final = 20
"""Events kept per component beside them."""

PAGE: Final = 500


class Change(msgspec.Struct, frozen=True):
    """What one pull brought.

    Attributes:
        rows: Identities that are new or different.
        removed: Identities that are gone.
        events: New events, oldest first.
    """

    rows: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    events: tuple[Event, ...] = ()


class Feed:
    """The merged state of a runtime, as far as it has been pulled.

    Attributes:
        rows: Every component by identity.
        head: The newest snapshot, for its totals; its rows are only those that changed.
        log: The newest events, oldest first.
        missed: Events that were pushed out before they were read.
    """

    def __init__(self) -> None:
        self.rows: dict[str, ComponentView] = {}
        self.head = Snapshot(generation=0, at=0.0, phase=Phase.STARTING, folder=sanitise(""))
        self.log: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self.missed = 0
        self._recent: dict[str, deque[Event]] = {}

    def pull(self, api: RuntimeApi) -> Change:
        """Ask a runtime for what changed, and merge it."""
        snapshot = api.snapshot(self.head.generation)
        rows = self._merge(snapshot)
        return Change(rows=rows, removed=frozenset(snapshot.removed), events=self._read_events(api, snapshot))

    def recent(self, component: str) -> tuple[Event, ...]:
        """Return a component's newest events, newest first."""
        return tuple(reversed(self._recent.get(component, ())))

    def _merge(self, snapshot: Snapshot) -> frozenset[str]:
        for name in snapshot.removed:
            self.rows.pop(name, None)
        for view in snapshot.components:
            self.rows[view.id] = view
        self.head = snapshot
        return frozenset(view.id for view in snapshot.components)

    def _read_events(self, api: RuntimeApi, snapshot: Snapshot) -> tuple[Event, ...]:
        last = self.log[-1].seq if self.log else 0
        if snapshot.last_event <= last:
            return ()
        page = api.events(after=last, limit=PAGE)
        self.missed += page.missed
        self.log.extend(page.events)
        for event in page.events:
            if event.component is not None:
                kept = self._recent.setdefault(event.component, deque(maxlen=RECENT_KEPT))
                kept.append(event)
        return page.events
