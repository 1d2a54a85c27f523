"""Traps on their way from the threads of calls to supervision: of many that come at once, the calls end first.

What supervision does about a trap takes the interpreter longer than the end of the call itself. When hundreds of calls
end at the same moment, as hundreds of waits with one deadline do, callers would wait for the supervision of those that
ended before theirs. So the first traps are handled at once, and of a crowd the rest when no further one comes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.core.traps import GuestTrap
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.components.component import Component

FEW: Final = 4
"""Traps that are handled in one turn of the loop; more that wait are a crowd."""

PAUSE: Final = 0.005
"""Seconds without a further trap, after which a crowd is over."""

MOST: Final = 0.2
"""Seconds that a crowd is waited for."""


class _Trapped(msgspec.Struct, frozen=True):
    component: Component
    serving: Serving
    trap: GuestTrap


class TrapQueue:
    """Traps that supervision has not been told of.

    Args:
        loop: The control loop.
        handle: Tells supervision of one, on the loop.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, handle: Callable[[Component, Serving, GuestTrap], None]
    ) -> None:
        self._loop = loop
        self._handle = handle
        self._due: deque[_Trapped] = deque()
        self._woken = False
        self._seen = 0
        self._until = 0.0
        self._patient = True

    def put(self, component: Component, serving: Serving, trap: GuestTrap) -> None:
        """Have a trap handled on the loop; from any thread. A closed loop handles nothing: a guest outlived it."""
        self._due.append(_Trapped(component, serving, trap))
        if not self._woken:
            self._woken = True
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._take)

    def hurry(self) -> None:
        """Handle all of them now, and each further one at once: the runtime stops. On the loop."""
        self._patient = self._woken = False
        while self._due:
            self._next()

    def _take(self) -> None:
        waiting = len(self._due)
        if waiting > FEW and self._patient and self._is_growing(waiting):
            self._loop.call_later(PAUSE, self._take)
            return
        # First cleared, then counted: what is added after that wakes the loop again.
        self._woken = False
        for _ in range(min(FEW, len(self._due))):
            self._next()
        if self._due and not self._woken:
            self._woken = True
            self._seen = len(self._due)  # the rest of the crowd, a few in each turn
            self._loop.call_soon(self._take)
        elif not self._due:
            self._seen = 0

    def _next(self) -> None:
        one = self._due.popleft()
        self._handle(one.component, one.serving, one.trap)

    def _is_growing(self, waiting: int) -> bool:
        """Return whether further ones have come since the last look, and the crowd has been waited for long enough."""
        now = self._loop.time()
        if not self._seen:
            self._until = now + MOST
        grown, self._seen = waiting > self._seen, waiting
        return grown and now < self._until
