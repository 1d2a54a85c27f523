"""Events about dead letters: the first one of a component at once, those of the same second together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.message import MessageKind
from airssys_tui.core.text import one_line
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.runtime.messaging.dead_letters import DeadLetter

PAUSE: Final = 1.0
"""Seconds between two events about one component's dead letters at least."""


class LetterNews:
    """Emits an event about dead letters. Thread-safe.

    Args:
        journal: Where the events go.
        clock: Returns monotonic seconds.
    """

    def __init__(self, journal: Journal, clock: Callable[[], float] = time.monotonic) -> None:
        self._journal = journal
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[str, tuple[float, int]] = {}

    def tell(self, letter: DeadLetter) -> None:
        """Emit an event about a dead letter, or count it for the next one about that component."""
        now = self._clock()
        with self._lock:
            at, others = self._told.get(letter.to, (-PAUSE, 0))
            if now < at + PAUSE:
                self._told[letter.to] = at, others + 1
                return
            self._told[letter.to] = now, 0
        more = f"; {others} more before it" if others else ""
        what = "publication" if letter.kind is MessageKind.PUBLISHED else "message"
        text = (
            f"{what} of {letter.sender or 'operator'} is dead letter {letter.id}: {letter.reason}: {letter.why}{more}"
        )
        self._journal.emit(
            EventKind.LIFECYCLE,
            one_line(text, 500),
            component=letter.to,
            action=EventAction.DEAD_LETTER,
            level=Level.WARNING,
        )
