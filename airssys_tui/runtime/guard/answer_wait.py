"""Waiting inside a call until the operator has answered: how long, for whom, and what ends it.

A component asks for it with ``[security] wait_for_answer``. The thread of the call waits as in any other wait of a
door, so a cancellation, a stop or the end of the instance ends it at once, and another thread takes the worker's place.
It ends early enough for the call to return the denial before its own deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from time import perf_counter_ns
from typing import Final, Protocol

from airssys_tui.core.capability.permission import Permission
from airssys_tui.engine.waiting import Announcement, Waitable, Wake

RESERVE_NS: Final = 100_000_000
"""Nanoseconds before its deadline at which a call stops waiting, so that it can still tell what was denied."""

SHORTEST_NS: Final = 10_000_000
"""Nanoseconds; a call that could wait for less does not wait."""


class Call(Protocol):
    """The running call, as a wait sees it: a host context."""

    @property
    def deadline_ns(self) -> int:
        """Its deadline, in nanoseconds of ``time.perf_counter_ns``; it tells calls of one instance apart."""
        ...

    def wait(self, waitables: Sequence[Waitable], announce: Announcement = ...) -> tuple[int, ...]:
        """Wait until something is ready; what ends the call is raised."""
        ...


class WaitingCall:
    """One call that waits for an answer.

    Attributes:
        permission: What it waits for, in the text form of a permission.
        seconds: How long it waits at most.
        wake: Set whenever an answer about the component was given.
    """

    __slots__ = ("permission", "seconds", "until", "wake")

    def __init__(self, permission: str, seconds: float) -> None:
        self.permission = permission
        self.seconds = seconds
        self.until = 0.0
        """Unix seconds; set when it is admitted."""
        self.wake = Wake()


class AnswerPatience:
    """How long the calls of one instance wait for answers. Used on the thread of the call, except :meth:`hurry`.

    Args:
        seconds: How long one call waits at most, all its waits together; 0 for never.
    """

    __slots__ = ("_announce", "_call", "_deadline_ns", "_hurried", "_left_ns", "_most_ns", "_over", "_waiting")

    def __init__(self, seconds: float) -> None:
        self._most_ns = int(seconds * 1_000_000_000)
        self._call: Call | None = None
        self._announce: Announcement = nullcontext
        self._hurried = False
        self._deadline_ns = 0
        self._left_ns = 0
        self._over: frozenset[Permission] = frozenset()
        self._waiting: WaitingCall | None = None

    @property
    def waits(self) -> bool:
        """Whether calls wait at all."""
        return self._most_ns > 0 and self._call is not None

    def attach(self, call: Call, announce: Announcement) -> None:
        """Wait on behalf of an instance.

        Args:
            call: Its calls.
            announce: Announces that the thread is about to block.
        """
        self._call, self._announce = call, announce

    def hurry(self, hurried: bool) -> None:
        """End the wait under way, and begin none, for as long as others wait for the call to end; from any thread."""
        self._hurried = hurried
        waiting = self._waiting
        if hurried and waiting is not None:
            waiting.wake.set()

    def is_over(self, permission: Permission) -> bool:
        """Return whether the running call has waited for this already, and was not granted it."""
        return self._call is not None and self._call.deadline_ns == self._deadline_ns and permission in self._over

    def begin(self, permission: Permission) -> WaitingCall | None:
        """Return a wait of the running call; None if it may not wait, or not for long enough."""
        call = self._call
        if call is None or self._hurried:
            return None
        if call.deadline_ns != self._deadline_ns:
            self._deadline_ns, self._left_ns = call.deadline_ns, self._most_ns
            self._over = frozenset()
        most = min(self._left_ns, call.deadline_ns - RESERVE_NS - perf_counter_ns())
        if most < SHORTEST_NS or permission in self._over:
            return None
        try:
            return WaitingCall(str(permission), most / 1e9)
        except OSError:  # no descriptor is left to wait with
            return None

    def wait(self, waiting: WaitingCall, permission: Permission, is_answered: Callable[[], bool]) -> int:
        """Wait until there is an answer, the time is over, or the call is hurried; return the nanoseconds it took.

        Args:
            waiting: What :meth:`begin` returned.
            permission: What it waits for.
            is_answered: Looks whether there is an answer.

        Raises:
            CallEnd: If the call is to end.
        """
        call = self._call
        if call is None:
            return 0
        began = perf_counter_ns()
        due = began + int(waiting.seconds * 1e9)
        # First where the wake is, then the look at whether to hurry; `hurry` does the reverse.
        self._waiting = waiting
        try:
            while not self._hurried and not is_answered() and perf_counter_ns() < due:
                call.wait((Waitable(due, waiting.wake.fileno()),), self._announce)
                waiting.wake.clear()
        finally:
            self._waiting = None
            spent = perf_counter_ns() - began
            self._left_ns -= spent
            self._over |= {permission}
        return spent

    def allow(self, permission: Permission) -> None:
        """Note that a wait ended with a grant: the call may wait for the same again."""
        self._over -= {permission}
