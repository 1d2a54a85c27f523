"""The calls of all components that wait for an answer: a bounded number."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from airssys_tui.runtime.guard.answer_wait import WaitingCall
from airssys_tui.runtime.guard.rights import Rights

MOST_WAITING: Final = 16
"""Calls that wait at a time: half of the threads that take the place of workers that block."""

FULL_EVERY: Final = 60.0
"""Seconds between two events about calls that may not wait, because others do."""


class WaitingCalls:
    """Counts the calls that wait. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._told_full = float("-inf")

    def admit(self, rights: Rights, waiting: WaitingCall, now: float, tell: Callable[[str], None]) -> bool:
        """Let a call wait; return False if too many wait already, and tell the operator so now and then.

        Args:
            rights: Those of its component.
            waiting: The call.
            now: Unix seconds.
            tell: Publishes an event about the component.
        """
        with self._lock:
            full = self._count >= MOST_WAITING
            told = now - self._told_full < FULL_EVERY
            self._count += not full
            if full and not told:
                self._told_full = now
        if full:
            if not told:
                tell(f"no call of it waits for an answer: {MOST_WAITING} calls wait already, as many as may")
            return False
        waiting.until = now + waiting.seconds
        with rights.lock:
            rights.waiting.add(waiting)
        return True

    def dismiss(self, rights: Rights, waiting: WaitingCall) -> None:
        """Note that a call waits no longer."""
        with self._lock:
            self._count -= 1
        with rights.lock:
            rights.waiting.discard(waiting)
