"""Waiting on behalf of a running call, which ends the wait when it ends itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from time import perf_counter_ns
from typing import Protocol

from airssys_tui.engine.waiting import READABLE, Announcement, Waitable


class Call(Protocol):
    """The running call of a component."""

    def wait(self, waitables: Sequence[Waitable], announce: Announcement = nullcontext) -> tuple[int, ...]:
        """Wait until something is ready; return the positions of what is.

        Raises:
            HostFault: If the call ends first.
        """
        ...


def due_in(milliseconds: int) -> int:
    """Return a time from now, in nanoseconds of ``time.perf_counter_ns``."""
    return perf_counter_ns() + milliseconds * 1_000_000


def is_ready(call: Call, announce: Announcement, descriptor: int, due_ns: int, events: int = READABLE) -> bool:
    """Wait for a descriptor; return False when the time is over first.

    Raises:
        HostFault: If the call ends first.
    """
    waitables = Waitable(descriptor=descriptor, events=events), Waitable(due_ns=due_ns)
    return 0 in call.wait(waitables, announce)
