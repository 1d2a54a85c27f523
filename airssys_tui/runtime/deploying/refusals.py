"""What a refusal leaves behind: a reason on the row, a decision in the events, and whether it is remembered.

A verdict (see ``core/refusal``) is remembered by digest: the same files would be refused again, so they are left alone
until they change or the operator reloads them. A circumstance says nothing about the files: they are only turned away,
and tried again after a growing delay, or as soon as the runtime sees that the circumstance is over.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from airssys_tui import __version__
from airssys_tui.core.errors import AirssysError, CapacityError, DiskFull, GateRefusal
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import short_digest
from airssys_tui.core.refusal import AWAITED, RefusalKind, judge, recorded_reason, refusal_text, retry_text
from airssys_tui.core.revision import Cause
from airssys_tui.core.supervision import RETRY
from airssys_tui.core.text import one_line
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.parts.barred import Retry
from airssys_tui.runtime.deploying.order import Attempt
from airssys_tui.runtime.deploying.recorder import AttemptRecorder
from airssys_tui.runtime.sources.folder import Reading
from airssys_tui.store.catalog.records import Refusal


class Refusals:
    """Deals with refused candidates.

    Args:
        recorder: Closes their attempts.
        clock: Unix time in seconds.
        compile_cpu: The operator's limit of CPU seconds for the compiler.
        rng: Source of the jitter of the delays.
    """

    def __init__(
        self,
        recorder: AttemptRecorder,
        clock: Callable[[], float],
        compile_cpu: float,
        rng: random.Random | None = None,
    ) -> None:
        self._compile_cpu = compile_cpu
        self._recorder = recorder
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - jitter is no secret

    async def refuse(self, attempt: Attempt, error: AirssysError) -> None:
        """Close a failed attempt, and report it.

        Args:
            attempt: The attempt.
            error: A ``GateRefusal``, or a ``StoreError`` when something could not be recorded.
        """
        component, order = attempt.component, attempt.order
        gate = error.gate if isinstance(error, GateRefusal) else _gate_of(error)
        reason = one_line(error.message, 400)
        refusal: Refusal | None = None
        again = ""
        if error.kind is RefusalKind.CIRCUMSTANCE:
            if order.from_files:
                again = self._turn_away(component, attempt.reading, gate, reason, attempt.revision)
        elif order.cause is not Cause.ROLLBACK:
            refusal = self._refusal(component, attempt.reading, gate, reason, attempt.revision)
            component.barred.refuse(refusal)
        await self._recorder.close(attempt, "refused", recorded_reason(gate, reason, error.kind), refusal)
        label = attempt.reading.manifest.version or f"r{attempt.revision}"
        serves = component.actor.serving is not None
        said = _sentence(label, gate, error, component, serves=serves) + again
        if gate is Gate.GRANTS:
            attempt.tell(said, EventAction.AWAITING_APPROVAL, Level.WARNING)
        else:
            attempt.tell(said, EventAction.REFUSED, Level.ERROR)

    def turn_away(self, component: Component, reading: Reading, error: AirssysError) -> None:
        """Say that files could not be accepted, and try them again later."""
        gate = _gate_of(error)
        again = self._turn_away(component, reading, gate, one_line(error.message, 400), None)
        label = reading.manifest.version or short_digest(reading.digest)
        said = _sentence(label, gate, error, component, serves=True) + again
        component.teller.decision(said, EventAction.REFUSED, Level.ERROR, revision=None)

    def _turn_away(self, component: Component, reading: Reading, gate: Gate, reason: str, revision: int | None) -> str:
        """Keep files out until a circumstance is over; return when they are tried again, for the event."""
        refusal = Refusal(component.name, "", "", gate, reason, self._clock(), __version__, revision)
        if gate in AWAITED:
            component.barred.turn_away(refusal)
            return ""
        files = reading.digest, reading.manifest_digest
        tries = component.barred.tried(files)
        delay = RETRY.delay(tries, self._rng)
        component.barred.turn_away(refusal, Retry(files, time.monotonic() + delay, tries + 1))
        return f" · {retry_text(delay)}"

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
            judge(__version__, gate, self._compile_cpu),
            revision,
        )


def _gate_of(error: AirssysError) -> Gate:
    if isinstance(error, CapacityError):
        return Gate.CAPACITY
    return Gate.DISK if isinstance(error, DiskFull) else Gate.STORE


def _sentence(label: str, gate: Gate, error: AirssysError, component: Component, *, serves: bool) -> str:
    active = component.active
    keeps = f" · r{active.revision} keeps serving" if active is not None and serves else ""
    remedy = f" · {error.remedy}" if error.remedy else ""
    return f"{label} {refusal_text(gate, one_line(error.message, 400))}{keeps}{remedy}"
