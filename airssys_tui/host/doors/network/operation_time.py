"""How long one operation on the network may take: its own time, and the call's deadline and cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter_ns
from typing import Protocol

from airssys_tui.engine.waiting import Announcement, Waitable
from airssys_tui.host.doors.network.network_errors import NetworkRefusal


class Caller(Protocol):
    """The running call, as the door sees it: a host context."""

    @property
    def deadline_ns(self) -> int:
        """Its deadline, in nanoseconds of ``time.perf_counter_ns``."""
        ...

    def charge(self, fuel: int) -> None:
        """Deduct fuel for work that the host does for it."""
        ...

    def wait(self, waitables: Sequence[Waitable], announce: Announcement = ...) -> tuple[int, ...]:
        """Wait until something is ready; return its positions. What ends the call is raised, and passed on."""
        ...


class Patience:
    """The time of one operation. Used on the thread of the call.

    Args:
        caller: The running call.
        blocking: Announces that the thread is about to wait.
        until_ns: Until when it may take, in nanoseconds of ``perf_counter_ns``; None for until the call's deadline.
    """

    __slots__ = ("_blocking", "caller", "until_ns")

    def __init__(self, caller: Caller, blocking: Announcement, until_ns: int | None = None) -> None:
        self.caller = caller
        self._blocking = blocking
        self.until_ns = caller.deadline_ns if until_ns is None else min(until_ns, caller.deadline_ns)

    def at_most(self, seconds: float) -> Patience:
        """Return the time of a part of the operation, which may take some seconds at most."""
        return Patience(self.caller, self._blocking, min(self.until_ns, perf_counter_ns() + int(seconds * 1e9)))

    def extend(self, nanoseconds: int) -> None:
        """Do not count some time, in which the call waited for the operator; its deadline stays."""
        self.until_ns = min(self.until_ns + nanoseconds, self.caller.deadline_ns)

    @property
    def left(self) -> float:
        """Seconds that are left; never negative."""
        return max(0, self.until_ns - perf_counter_ns()) / 1e9

    def wait(self, descriptor: int, events: int) -> None:
        """Wait until a descriptor is ready.

        Args:
            descriptor: The descriptor.
            events: ``READABLE``, ``WRITABLE`` or both.

        Raises:
            NetworkRefusal: ``timeout`` if the time is over.
            CallEnd: If the call is to end.
        """
        ready = self.caller.wait(
            (Waitable(descriptor=descriptor, events=events), Waitable(self.until_ns)), self._blocking
        )
        if 0 not in ready:
            raise late()

    def attend(self, waitable: Waitable) -> None:
        """Wait until something is ready, which may have a time of its own.

        Raises:
            CallEnd: If the call is to end.
        """
        self.caller.wait((waitable,), self._blocking)

    def check(self) -> None:
        """Refuse if the time is over.

        Raises:
            NetworkRefusal: ``timeout``.
        """
        if self.until_ns <= perf_counter_ns():
            raise late()


def late() -> NetworkRefusal:
    """Return the refusal for an operation whose time is over."""
    return NetworkRefusal("timeout", "the time for it is over")
