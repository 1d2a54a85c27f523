"""What supervision counts and waits for: the restart budget, the pending restart, the health checks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from airssys_tui.core.lifecycle import NO_RECOVERY, Recovery, RecoveryKind
from airssys_tui.core.refusal import RefusalKind
from airssys_tui.core.supervision import RestartBudget


class Supervised:
    """The supervision of one component.

    Attributes:
        recovery: Whether it waits for a restart, or was given up.
        budget: Restarts used so far.
        restarting: The pending restart.
        retry_at: Monotonic seconds at which it is due.
        hindered: Starts in a row that a circumstance prevented, which says nothing about the component: such a start
            uses up no restart, and is tried again until it succeeds.
        restarts: Restarts in this runtime.
        unhealthy_in_a_row: Unhealthy reports since the last healthy one.
        check_at: Monotonic seconds at which the next health check is due.
        checking: Whether a health check waits for its answer.
    """

    __slots__ = (
        "_changed",
        "budget",
        "check_at",
        "checking",
        "hindered",
        "recovery",
        "restarting",
        "restarts",
        "retry_at",
        "unhealthy_in_a_row",
    )

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.recovery = NO_RECOVERY
        self.budget = RestartBudget()
        self.restarting: asyncio.Task[object] | None = None
        self.retry_at = 0.0
        self.hindered = 0
        self.restarts = 0
        self.unhealthy_in_a_row = 0
        self.check_at = 0.0
        self.checking = False

    def spend(self, budget: RestartBudget) -> None:
        """Set what is left of the budget."""
        self.budget = budget

    def renew(self) -> None:
        """Give the whole budget back."""
        self.budget = RestartBudget()

    def started(self) -> None:
        """Note that a start succeeded."""
        self.hindered = 0

    def begin_anew(self) -> None:
        """Forget the restarts and the health of the previous revision."""
        self.started()
        self.renew()
        self.recovered()
        self.end_unhealthy_row()

    def back_off(self, recovery: Recovery, retry_at: float) -> None:
        """Wait for a restart that is due at ``retry_at`` monotonic seconds."""
        self.retry_at = retry_at
        self.recovery = recovery
        self._changed()

    def exhaust(self) -> None:
        """Give the component up."""
        self.recovery = Recovery(RecoveryKind.EXHAUSTED, None, 0)
        self._changed()

    def start_failed(self, kind: RefusalKind) -> None:
        """Note what a start that failed says about the component."""
        self.hindered = self.hindered + 1 if kind is RefusalKind.CIRCUMSTANCE else 0

    def recovered(self) -> None:
        """Note that it neither waits for a restart nor is given up."""
        self.recovery = NO_RECOVERY
        self._changed()

    def restart_with(self, task: asyncio.Task[object]) -> None:
        """Set the task that restarts it when the wait is over."""
        self.restarting = task

    def cancel_restart(self) -> bool:
        """Cancel the pending restart, unless the caller is that restart; return whether one was pending."""
        task, self.restarting = self.restarting, None
        pending = task is not None and not task.done()
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        return pending

    def count_restart(self) -> None:
        """Count a restart."""
        self.restarts += 1
        self._changed()

    def check(self, next_at: float) -> None:
        """Set the monotonic time of the next health check."""
        self.check_at = next_at

    def await_report(self, waiting: bool) -> None:
        """Set whether a health check waits for its answer."""
        self.checking = waiting

    def count_unhealthy(self) -> int:
        """Count an unhealthy report; return how many there were in a row."""
        self.unhealthy_in_a_row += 1
        return self.unhealthy_in_a_row

    def end_unhealthy_row(self) -> None:
        """End a row of unhealthy reports."""
        self.unhealthy_in_a_row = 0
