"""The running call, as doors see it: what it is charged, and when it has to end."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Final, Protocol

from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal

FUEL_PER_CALL: Final = 1_000
"""Fuel for the system calls of one operation on a path."""

FUEL_PER_BYTE: Final = 1
FUEL_PER_ENTRY: Final = 100
"""Fuel for each name that is read from a directory or taken away."""

PIECE: Final = 256 * 1024
"""Bytes that are moved at once, between two looks at the deadline."""


class Call(Protocol):
    """The running call of a component."""

    @property
    def deadline_ns(self) -> int:
        """Its deadline, in nanoseconds of ``time.perf_counter_ns``."""
        ...

    @property
    def cancelled(self) -> bool:
        """Whether it is to end."""
        ...

    def charge(self, fuel: int) -> None:
        """Deduct fuel for work of the host.

        Raises:
            HostFault: If less is left; the call then ends.
        """
        ...


def go_on(call: Call) -> None:
    """Check between two pieces of work that the call may still run.

    Raises:
        FileRefusal: ``failed`` if it was cancelled or has passed its deadline.
    """
    if call.cancelled:
        raise FileRefusal("failed", "the call was cancelled")
    if perf_counter_ns() >= call.deadline_ns:
        raise FileRefusal("failed", "the call passed its deadline")
