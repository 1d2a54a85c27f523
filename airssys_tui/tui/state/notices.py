"""Toasts about reloads and questions: gathered, so that a busy folder or component does not bury the screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from airssys_tui.core.events import Event, EventAction, EventKind, Level

QUIET_SECONDS: Final = 2.0
"""At most one notice in this many seconds."""

OWN_SECONDS: Final = 3.0
"""After an operator's own command, its component's notices are not repeated for this long."""

_TOLD: Final = {EventAction.SWITCHED, EventAction.REFUSED}


class Notice(msgspec.Struct, frozen=True):
    """A toast: its text, whether something was refused, and whether it is a question that a key answers."""

    text: str
    refused: bool
    asks: bool = False


class Notices:
    """Gathers reload events into notices; the time is an argument."""

    def __init__(self) -> None:
        self._waiting: list[Event] = []
        self._asked: list[Event] = []
        self._next = 0.0
        self._next_question = 0.0
        self._muted: dict[str, float] = {}

    def mute(self, component: str, now: float) -> None:
        """Skip a component's events for a moment: the operator already saw the answer."""
        self._muted[component] = now + OWN_SECONDS

    def offer(self, events: Iterable[Event], now: float) -> None:
        """Add events; only questions, and reloads that switched or were refused, become notices."""
        events = tuple(events)
        self._asked.extend(event for event in events if event.action == EventAction.ASKED)
        self._waiting.extend(
            event
            for event in events
            if event.kind is EventKind.DECISION
            and event.action in _TOLD
            and event.component is not None
            and self._muted.get(event.component, 0.0) <= now
        )

    def take(self, now: float) -> Notice | None:
        """Return the notice that is due, or ``None``; questions go first."""
        if self._asked and now >= self._next_question:
            asked, self._asked = self._asked, []
            self._next_question = now + QUIET_SECONDS
            first = f"{len(asked)} questions, the latest: " if len(asked) > 1 else ""
            return Notice(f"{first}{asked[-1].component} {asked[-1].text}", refused=False, asks=True)
        if not self._waiting or now < self._next:
            return None
        waiting, self._waiting = self._waiting, []
        self._next = now + QUIET_SECONDS
        latest = waiting[-1]
        refused = any(event.level is Level.ERROR for event in waiting)
        if len(waiting) == 1:
            return Notice(f"{latest.component}: {latest.text}", refused)
        failed = sum(1 for event in waiting if event.action == EventAction.REFUSED)
        tail = f", {failed} refused" if failed else ""
        number = f" r{latest.revision}" if latest.revision is not None else ""
        return Notice(f"{len(waiting)} reloads{tail}, latest {latest.component}{number}", refused)
