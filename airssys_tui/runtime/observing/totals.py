"""The sums over all rows that the head of a snapshot shows, kept up to date row by row."""

from __future__ import annotations

from airssys_tui.api.views.components import ComponentView
from airssys_tui.core.lifecycle import State


class Totals:
    """Sums over the published rows. Used on the control loop.

    Whole numbers are added and taken away, which is exact. Sums of fractions are made anew from the rows that have any:
    mostly few, because a component at rest uses nothing.

    Attributes:
        memory_limit: Bytes that the running components may use.
    """

    def __init__(self) -> None:
        self.memory_limit = 0
        self._memory = 0
        self._running = 0
        self._measured = 0
        self._rows = 0
        self._timed = 0
        self._busy: dict[str, tuple[float, float]] = {}

    def replace(self, before: ComponentView | None, after: ComponentView | None) -> None:
        """Count a row in place of the one before it; None where there is none."""
        if before is not None:
            self._count(before, -1)
            self._busy.pop(before.id, None)
        if after is not None:
            self._count(after, 1)
            used = after.meters.fuel_per_second, after.meters.cpu or 0.0
            if any(used):
                self._busy[after.id] = used

    @property
    def fuel_per_second(self) -> float:
        """Fuel that all components use in a second."""
        return sum((fuel for fuel, _ in self._busy.values()), 0.0)

    @property
    def cpu(self) -> float | None:
        """Cores that all components use; None if that is not available of any."""
        return sum((cpu for _, cpu in self._busy.values()), 0.0) if self._timed or not self._rows else None

    @property
    def memory(self) -> int | None:
        """Bytes that the running components use; None if that is not available of any."""
        return self._memory if self._measured or not self._running else None

    def _count(self, row: ComponentView, sign: int) -> None:
        self._rows += sign
        self._timed += sign * (row.meters.cpu is not None)
        if row.state is State.RUNNING:
            self._running += sign
            self.memory_limit += sign * row.meters.memory_limit
            if row.meters.memory is not None:
                self._measured += sign
                self._memory += sign * row.meters.memory
