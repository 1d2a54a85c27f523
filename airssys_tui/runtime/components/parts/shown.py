"""The display data of a component besides its state."""

from __future__ import annotations

from collections.abc import Callable

from airssys_tui.api.views.components import RunningCall
from airssys_tui.core.text import GuestText
from airssys_tui.runtime.metering.series import Series


class Shown:
    """The display data of one component.

    Args:
        changed: Called when something that is shown has changed.

    Attributes:
        trouble: What is wrong; empty when nothing is.
        contention: Which of its routes another component answers; empty when it has all of them.
        remark: What is worth knowing when nothing is wrong.
        running: The call that has been running for long.
        state_bytes: Size of the state saved last.
        state_saved_at: Unix time of that save.
        series: The meters over time.
        undisturbed: Whether nothing has changed since the component was put to rest.
    """

    __slots__ = (
        "_changed",
        "_is_due",
        "contention",
        "remark",
        "running",
        "series",
        "state_bytes",
        "state_saved_at",
        "trouble",
        "undisturbed",
    )

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._is_due = False
        self.undisturbed = False
        self.trouble = GuestText("")
        self.contention = GuestText("")
        self.remark = GuestText("")
        self.running: RunningCall | None = None
        self.state_bytes: int | None = None
        self.state_saved_at: float | None = None
        self.series = Series()

    def touch(self) -> None:
        """Have the row published soon."""
        self.undisturbed = False
        if not self._is_due:  # a deployment changes some thirty things, and its row is built once or twice
            self._is_due = True
            self._changed()

    def rest(self) -> None:
        """Note that nothing is due; the next change ends that."""
        self.undisturbed = True

    def begin_row(self) -> None:
        """Note that the row is built now: what changes from here on needs another one."""
        self._is_due = False

    def warn(self, trouble: GuestText) -> None:
        """Set the trouble."""
        self.trouble = trouble
        self.touch()

    def contend(self, contention: GuestText) -> None:
        """Set which of its routes another component answers."""
        if contention != self.contention:
            self.contention = contention
            self.touch()

    def remark_on(self, remark: GuestText) -> None:
        """Set the remark."""
        self.remark = remark
        self.touch()

    def runs(self, call: RunningCall | None) -> None:
        """Set the call that has been running for long; None without one."""
        if call != self.running:
            self.running = call
            self.touch()

    def clear(self) -> None:
        """Clear the trouble and the remark."""
        self.trouble = self.remark = GuestText("")
        self.touch()

    def saved(self, size: int, at: float) -> None:
        """Note the state saved last: its bytes and the Unix time."""
        self.state_bytes, self.state_saved_at = size, at
        self.touch()
