"""One run of a command component: its export is called once, and how that ended is told from the result or the trap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.core.lifecycle import CommandEnd, CommandOutcome
from airssys_tui.core.text import one_line
from airssys_tui.core.traps import GuestTrap, TrapKind, exit_status, printed_text
from airssys_tui.core.types.values import Err
from airssys_tui.core.units import format_duration
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.serving import Blueprint, Serving
from airssys_tui.runtime.deploying.gate_checks import see_logs, trap_text

NOTE_WORDS: Final = 150
"""Characters of what a guest printed before it failed that are in the note."""

EVENT_WORDS: Final = 700
"""The same in the event."""


def given(artifact: Blueprint, arguments: tuple[str, ...] | None) -> Blueprint:
    """Return a command with the arguments of one run in place of its manifest's, if there are any."""
    if arguments is None:
        return artifact
    manifest = artifact.manifest
    changed = msgspec.structs.replace(manifest.artifact, args=arguments)
    return Blueprint(
        digest=artifact.digest,
        interface=artifact.interface,
        manifest=msgspec.structs.replace(manifest, artifact=changed),
        manifest_digest=artifact.manifest_digest,
        revision=artifact.revision,
    )


def run_to_the_end(serving: Serving, clock: Callable[[], float]) -> CommandEnd:
    """Run a command and drop its instance; on a worker.

    Args:
        serving: The instance.
        clock: Unix time in seconds.
    """
    export = next(e.path for e in serving.artifact.interface.functions() if e.path.startswith(contract.COMMAND))
    started = clock()

    try:
        result = serving.call(export)
        took = format_duration(result.wall_ns / 1e9)
        if isinstance(result.value, Err):
            serving.drain(final=True)
            return _ended(serving, CommandOutcome.EXITED, f"failed after {took}: its run returned an error", clock(), 1)
        return _ended(serving, CommandOutcome.COMPLETED, f"completed in {took}", clock(), 0)
    except GuestTrap as trap:
        took = format_duration(max(0.0, clock() - started))
        return _ended(serving, *_outcome(serving, trap, took), clock(), exit_status(trap.trap))
    finally:
        serving.close()


def cut_off(serving: Serving, clock: Callable[[], float]) -> CommandEnd:
    """Return the end of a command that was not let to its end."""
    return CommandEnd(serving.revision, CommandOutcome.CANCELLED, "cancelled", clock())


def _ended(serving: Serving, outcome: CommandOutcome, text: str, at: float, exit_code: int | None) -> CommandEnd:
    """Return the end of a run; one that went wrong is told with the guest's own last words."""
    if outcome not in {CommandOutcome.EXITED, CommandOutcome.TRAPPED}:
        return CommandEnd(serving.revision, outcome, one_line(text, 300), at, exit_code=exit_code)
    printed = tuple(serving.tenant.heard)
    told = _sentence(text, printed_text(printed, EVENT_WORDS), see_logs(printed, serving.tenant.component))
    return CommandEnd(
        serving.revision, outcome, _sentence(text, printed_text(printed, NOTE_WORDS)), at, told, exit_code
    )


def _sentence(text: str, *more: str) -> str:
    return "; ".join(filter(None, (one_line(text, 300), *more)))


def _outcome(serving: Serving, trap: GuestTrap, took: str) -> tuple[CommandOutcome, str]:
    status = exit_status(trap.trap)
    if status is not None:
        if status == 0:
            return CommandOutcome.COMPLETED, f"completed in {took}"
        return CommandOutcome.EXITED, f"failed after {took}: exit status {status}"
    if serving.cancelled or trap.trap.kind is TrapKind.CANCELLED:
        return CommandOutcome.CANCELLED, f"cancelled after {took}"
    if trap.trap.kind is TrapKind.DEADLINE:
        limit = format_duration(serving.artifact.limits.deadline)
        return CommandOutcome.TRAPPED, f"ended at its deadline of {limit}: raise [resources] command_deadline"
    return CommandOutcome.TRAPPED, f"trapped after {took}: {trap_text(trap, 0)}"
