"""What a refusal leaves behind: a reason on the row, a decision in the events, and whether it is remembered.

Files that a gate refused would be refused again, so they are remembered by digest and left alone until they change or
the operator reloads them. A missing dependency, a full disk or a catalog that cannot be written says nothing about the
files: they are only turned away, and tried again when that has changed.
"""

from __future__ import annotations

from collections.abc import Callable

from airssys_tui import __version__
from airssys_tui.core.errors import AirssysError, DiskFull, GateRefusal, StoreError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import short_digest
from airssys_tui.core.revision import Cause
from airssys_tui.core.text import one_line
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.deploying.order import Attempt
from airssys_tui.runtime.deploying.recorder import AttemptRecorder
from airssys_tui.runtime.sources.folder import Reading
from airssys_tui.store.catalog.records import Refusal


class Refusals:
    """Deals with refused candidates.

    Args:
        recorder: Closes their attempts.
        clock: Unix time in seconds.
    """

    def __init__(self, recorder: AttemptRecorder, clock: Callable[[], float]) -> None:
        self._recorder = recorder
        self._clock = clock

    async def refuse(self, attempt: Attempt, error: AirssysError) -> None:
        """Close a failed attempt, and report it.

        Args:
            attempt: The attempt.
            error: A ``GateRefusal``, or a ``StoreError`` when something could not be recorded.
        """
        component = attempt.component
        gate = error.gate if isinstance(error, GateRefusal) else Gate.STORE
        reason = one_line(error.message, 400)
        refusal: Refusal | None = None
        if gate is Gate.DEPENDENCIES:
            component.barred.turn_away(self._unremembered(attempt, gate, reason))
        elif attempt.order.cause is not Cause.ROLLBACK and gate is not Gate.STORE:
            refusal = self._refusal(component, attempt.reading, gate, reason, attempt.revision)
            component.barred.refuse(refusal)
        elif isinstance(error, DiskFull) and attempt.order.from_files:
            component.barred.turn_away(self._unremembered(attempt, Gate.DISK, reason))
        await self._recorder.close(attempt, "refused", f"refused at {gate}: {reason}", refusal)
        label = attempt.reading.manifest.version or f"r{attempt.revision}"
        serves = component.actor.serving is not None
        attempt.tell(_sentence(label, gate, error, component, serves=serves), EventAction.REFUSED, Level.ERROR)

    def turn_away(self, component: Component, reading: Reading, error: StoreError) -> None:
        """Say that files could not be accepted; they are looked at again when the disk has room for them."""
        gate = Gate.DISK if isinstance(error, DiskFull) else Gate.STORE
        component.barred.turn_away(self._refusal(component, reading, gate, one_line(error.message, 400), None))
        label = reading.manifest.version or short_digest(reading.digest)
        said = _sentence(label, gate, error, component, serves=True)
        component.teller.decision(said, EventAction.REFUSED, Level.ERROR, revision=None)

    def _refusal(
        self, component: Component, reading: Reading, gate: Gate, reason: str, revision: int | None
    ) -> Refusal:
        return Refusal(
            component.name,
            reading.digest,
            reading.manifest_digest,
            gate,
            reason,
            self._clock(),
            __version__,
            revision,
        )

    def _unremembered(self, attempt: Attempt, gate: Gate, reason: str) -> Refusal:
        return Refusal(attempt.component.name, "", "", gate, reason, self._clock(), __version__, attempt.revision)


def _sentence(label: str, gate: Gate, error: AirssysError, component: Component, *, serves: bool) -> str:
    active = component.active
    keeps = f" · r{active.revision} keeps serving" if active is not None and serves else ""
    remedy = f" · {error.remedy}" if error.remedy else ""
    return f"{label} refused at {gate}: {one_line(error.message, 400)}{keeps}{remedy}"
