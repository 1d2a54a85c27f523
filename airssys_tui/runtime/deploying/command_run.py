"""One run of a command component: its export is called once, and how that ended is told from the result or the trap."""

from __future__ import annotations

from collections.abc import Callable

from airssys_tui.core.lifecycle import CommandEnd, CommandOutcome
from airssys_tui.core.text import one_line
from airssys_tui.core.traps import GuestTrap, TrapKind, exit_status
from airssys_tui.core.types.values import Err
from airssys_tui.core.units import format_duration
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.deploying.gate_checks import trap_text

_TOO_LONG = frozenset({TrapKind.DEADLINE, TrapKind.STUCK_IN_HOST})


def run_to_the_end(serving: Serving, clock: Callable[[], float]) -> CommandEnd:
    """Run a command and drop its instance; on a worker.

    Args:
        serving: The instance.
        clock: Unix time in seconds.
    """
    export = next(e.path for e in serving.artifact.interface.functions() if e.path.startswith(contract.COMMAND))
    started = clock()

    def ended(outcome: CommandOutcome, text: str) -> CommandEnd:
        return CommandEnd(serving.revision, outcome, one_line(text, 300), clock())

    try:
        result = serving.call(export)
        took = format_duration(result.wall_ns / 1e9)
        if isinstance(result.value, Err):
            return ended(CommandOutcome.EXITED, f"failed after {took}: its run returned an error")
        return ended(CommandOutcome.COMPLETED, f"completed in {took}")
    except GuestTrap as trap:
        took = format_duration(max(0.0, clock() - started))
        return ended(*_told(serving, trap, took))
    finally:
        serving.close()


def cut_off(serving: Serving, clock: Callable[[], float]) -> CommandEnd:
    """Return the end of a command that was not let to its end."""
    return CommandEnd(serving.revision, CommandOutcome.CANCELLED, "cancelled", clock())


def _told(serving: Serving, trap: GuestTrap, took: str) -> tuple[CommandOutcome, str]:
    status = exit_status(trap.trap)
    if status is not None:
        if status == 0:
            return CommandOutcome.COMPLETED, f"completed in {took}"
        return CommandOutcome.EXITED, f"failed after {took}: exit status {status}"
    if serving.cancelled or trap.trap.kind is TrapKind.CANCELLED:
        return CommandOutcome.CANCELLED, f"cancelled after {took}"
    if trap.trap.kind in _TOO_LONG:
        limit = format_duration(serving.artifact.limits.deadline)
        return CommandOutcome.TRAPPED, f"ended at its deadline of {limit}: raise [resources] command_deadline"
    return CommandOutcome.TRAPPED, f"trapped after {took}: {trap_text(trap)}"
