"""How far a candidate, or a revision that is started, has come: what an operator sees while it takes long."""

from __future__ import annotations

import time

import msgspec

from airssys_tui.core.gates import Gate
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.units import format_duration, format_size


class Progress(msgspec.Struct, frozen=True):
    """One way through the gates, while it lasts.

    Attributes:
        revision: The revision on its way.
        size: Bytes of its artifact; 0 if not known.
        since: Monotonic seconds at its beginning.
        gate: The gate at which it is; None before the first.
    """

    revision: int
    size: int
    since: float
    gate: Gate | None = None

    def told(self, now: float) -> GuestText:
        """Return revision, gate, elapsed time and size in one line.

        Args:
            now: Monotonic seconds.
        """
        where = f" at {self.gate}" if self.gate is not None else ""
        size = f" · {format_size(self.size)}" if self.size else ""
        return one_line(f"r{self.revision}{where} for {format_duration(max(0.0, now - self.since))}{size}")


def begin(revision: int, size: int = 0) -> Progress:
    """Return the progress of a way that begins now."""
    return Progress(revision, size, time.monotonic())
