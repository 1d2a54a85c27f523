"""Pollables: what a guest can wait for, and the one place where a face of WASI waits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from time import perf_counter_ns
from typing import Final

from airssys_tui.engine.host import HostContext
from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.tenant import Tenant

MOST_MOVED: Final = 65_536
"""Bytes of one read, one permit and so one write."""

AT_ONCE: Final = Waitable(due_ns=0)
"""Is ready always."""


class Pollable(ABC):
    """The value of a ``pollable``; a stream is its own.

    Used by one thread at a time: that of the call.

    Attributes:
        ended: Whether what it stands for is over: at its end, failed or dropped. It is ready from then on.
    """

    __slots__ = ("ended",)

    def __init__(self) -> None:
        self.ended = False

    @abstractmethod
    def ready(self, context: HostContext) -> bool:
        """Return whether it is ready now. Never blocks; may do what makes it so, such as take what has arrived.

        Raises nothing but what ends the call: a failure makes it ready, and whoever looks finds out.
        """

    @abstractmethod
    def waitable(self) -> Waitable:
        """Return when to ask again. Called after :meth:`ready` said no; may be ready too early, never too late."""


class Moment(Pollable):
    """Is ready from a time on.

    Args:
        due_ns: The time, in nanoseconds of ``time.perf_counter_ns``.
    """

    __slots__ = ("_due_ns",)

    def __init__(self, due_ns: int) -> None:
        super().__init__()
        self._due_ns = due_ns

    def ready(self, _context: HostContext) -> bool:
        """Return whether the time has come."""
        return perf_counter_ns() >= self._due_ns

    def waitable(self) -> Waitable:
        """Return the time."""
        return Waitable(due_ns=self._due_ns)


def await_ready(context: HostContext, pollables: Sequence[Pollable]) -> list[int]:
    """Wait until something is ready; return the positions of all that is, at least one.

    Args:
        context: The caller.
        pollables: What is waited for; one may be there more than once. Without any, the wait ends with the call only.

    Raises:
        CallCancelled: If the call is cancelled, or its instance is to go. Passed on, it ends the call so.
        DeadlinePassed: If the call's deadline passes first.
        HostFault: If the process has no descriptor left to wait with.
    """
    tenant: Tenant = context.owner
    while not (found := [place for place, one in enumerate(pollables) if one.ended or one.ready(context)]):
        context.wait([one.waitable() for one in pollables], tenant.waiting)
    return found
