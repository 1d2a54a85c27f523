"""Waiting in a host function: the only thing there that blocks, and how it ends when the call does.

Whatever ends the call (its deadline, a cancellation, the end of the instance) wakes the wait at once. For that, each
thread that waits has one descriptor, which is among those that it waits for.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from time import perf_counter_ns
from typing import Final, Protocol

import msgspec

from airssys_tui.core.errors import HostFault
from airssys_tui.engine.call_ends import CallCancelled, DeadlinePassed

READABLE: Final = select.POLLIN
WRITABLE: Final = select.POLLOUT

_LONGEST_NS: Final = 3_600_000_000_000
"""Nanoseconds of one wait at most, as the system counts milliseconds in 32 bits; then it waits on."""


class Waitable(msgspec.Struct, frozen=True):
    """What can be waited for: a time, or a descriptor, or whichever comes first.

    Attributes:
        due_ns: When it is ready at the latest, in nanoseconds of ``time.perf_counter_ns``; None for never by itself.
        descriptor: A file descriptor; -1 for none. One that is broken or closed is ready: whoever uses it finds out.
        events: :data:`READABLE`, :data:`WRITABLE` or both.
    """

    due_ns: int | None = None
    descriptor: int = -1
    events: int = READABLE


class Wake:
    """A descriptor that another thread makes readable. It is closed when nothing refers to the object."""

    __slots__ = ("_reads", "_writes")

    def __init__(self) -> None:
        if hasattr(os, "eventfd"):
            self._reads = self._writes = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self._reads, self._writes = os.pipe()
            os.set_blocking(self._reads, False)
            os.set_blocking(self._writes, False)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._reads

    def set(self) -> None:
        """Make the descriptor readable, from any thread; it stays so until :meth:`clear`."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._writes, _ONE)

    def clear(self) -> None:
        """Make the descriptor unreadable."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._reads, 4096)

    def __del__(self) -> None:
        """Close the descriptor."""
        for descriptor in {getattr(self, "_reads", -1), getattr(self, "_writes", -1)} - {-1}:
            os.close(descriptor)


_ONE: Final = b"\1\0\0\0\0\0\0\0"
"""Eight bytes: what an event descriptor adds up, and anything for a pipe."""


class Interruption(Protocol):
    """What is told that a call is to end."""

    def set(self) -> None:
        """Note that the call is to end; from any thread, perhaps more than once."""
        ...


class Waiter(Protocol):
    """An activity, as its waits see it.

    Attributes:
        cancelled: Whether the call in flight is to end.
        closing: Whether the instance is to go.
        deadline_ns: The deadline of the call in flight, in nanoseconds of ``time.perf_counter_ns``.
        wake: What :meth:`set` ends the wait, while there is one.
    """

    cancelled: bool
    closing: bool
    deadline_ns: int
    wake: Interruption | None


Announcement = Callable[[], AbstractContextManager[object]]
"""Announces that the thread is about to block, for as long as the context lasts."""


def wait(activity: Waiter, waitables: Sequence[Waitable], announce: Announcement) -> tuple[int, ...]:
    """Wait until something is ready, and return the positions of all that is.

    Args:
        activity: That of the call.
        waitables: What is waited for; without any, the wait ends with the call only.
        announce: Entered before the thread blocks; not entered if something is ready already.

    Raises:
        CallCancelled: If the call is cancelled, or its instance is to go.
        DeadlinePassed: If the call's deadline passes first.
        HostFault: If the process has no descriptor left to wait with.
    """
    poll = _registered(waitables)
    if ready := _look(activity, waitables, poll, 0):
        return ready
    wake = _wake_of_thread()
    poll.register(wake.fileno(), select.POLLIN)
    with announce():
        # First where the wake is, then the look at whether the call is to end; `cancel` does the reverse.
        activity.wake = wake
        try:
            while not (ready := _look(activity, waitables, poll, _most(activity, waitables))):
                wake.clear()
            return ready
        finally:
            activity.wake = None


def _registered(waitables: Sequence[Waitable]) -> select.poll:
    poll = select.poll()
    events: dict[int, int] = {}
    for waitable in waitables:
        if waitable.descriptor >= 0:
            events[waitable.descriptor] = events.get(waitable.descriptor, 0) | waitable.events
    for descriptor, wanted in events.items():
        poll.register(descriptor, wanted)
    return poll


def _most(activity: Waiter, waitables: Sequence[Waitable]) -> int:
    """Return for how many nanoseconds to wait at most."""
    ends = [activity.deadline_ns, *(waitable.due_ns for waitable in waitables if waitable.due_ns is not None)]
    return max(0, min(min(ends) - perf_counter_ns(), _LONGEST_NS))


def _look(activity: Waiter, waitables: Sequence[Waitable], poll: select.poll, most: int) -> tuple[int, ...]:
    """Wait for at most some nanoseconds; return the positions of what is ready, unless the call is to end."""
    _check(activity)
    found = dict(poll.poll(most / 1_000_000))
    now = perf_counter_ns()
    _check(activity)
    if now >= activity.deadline_ns:
        raise DeadlinePassed
    return tuple(
        place
        for place, waitable in enumerate(waitables)
        if (waitable.due_ns is not None and waitable.due_ns <= now)
        or found.get(waitable.descriptor, 0) & (waitable.events | _BROKEN)
    )


def _check(activity: Waiter) -> None:
    if activity.cancelled or activity.closing:
        raise CallCancelled


_BROKEN: Final = select.POLLERR | select.POLLHUP | select.POLLNVAL


def _wake_of_thread() -> Wake:
    wake: Wake | None = getattr(_THREAD, "wake", None)
    if wake is None:
        try:
            wake = _THREAD.wake = Wake()
        except OSError as error:
            raise HostFault(
                f"nothing to wait with: {error.strerror}", remedy="raise the limit of open files"
            ) from error
    wake.clear()
    return wake


_THREAD: Final = threading.local()
