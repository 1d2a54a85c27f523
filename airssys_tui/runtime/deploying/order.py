"""Orders to deploy, the attempts that carry them out, and what follows from an order for the previous revision."""

from __future__ import annotations

import msgspec

from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.revision import Cause, StatePolicy
from airssys_tui.core.text import GuestText
from airssys_tui.runtime.actors.contract import SavedState
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.parts.barred import Bars
from airssys_tui.runtime.deploying.gate_checks import Passage
from airssys_tui.runtime.sources.folder import Reading
from airssys_tui.store.catalog.records import GatesPassed


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Why a candidate is to be deployed, and who asked for it.

    Attributes:
        cause: For the history.
        who: For the history.
        generation: Of the change; a newer one makes this one void.
        force: Accept breaking changes of exports.
        note: The operator's reason.
        policy: What happens to the state.
        origin: For a rollback, the revision whose artifact is deployed.
        bars: Digests to hold from then on; those held before are lifted. When a rollback is undone, also the files
            that were refused before it.
        snapshot: The state to restore, when the policy says so.
        compatible: Whether exports are compared with the active revision's.
        stable: Whether the new revision is stable from the start.
        faults: Faults of the revision whose artifact is deployed again.
        quarantines: In an automatic rollback, why the revision that serves goes into quarantine.
    """

    cause: Cause
    who: str
    generation: int
    force: bool = False
    note: str = ""
    policy: StatePolicy = StatePolicy.KEEP
    origin: int | None = None
    bars: Bars = Bars()
    snapshot: SavedState | None = None
    compatible: bool = True
    stable: bool = False
    faults: int = 0
    quarantines: GuestText = GuestText("")

    @property
    def from_files(self) -> bool:
        """Whether the candidate comes from the component's files, not from the history."""
        return self.cause in {Cause.DEPLOY, Cause.RELOAD}

    @property
    def keeps_refusals(self) -> bool:
        """Whether refused files stay refused: the operator did not ask to try them, as in an automatic rollback."""
        return bool(self.quarantines) or self.cause is Cause.RESTORE


class Attempt:
    """One candidate on its way: its component, files, order and number, and the gates it has passed.

    Attributes:
        revision: Its number.
        deployment: Its entry in the catalog's deployments.
        passed: What its rehearsal found, until that is recorded.
    """

    __slots__ = ("component", "deployment", "order", "passage", "passed", "reading", "revision")

    def __init__(self, component: Component, reading: Reading, order: Order, revision: int, deployment: int) -> None:
        self.component = component
        self.reading = reading
        self.order = order
        self.revision = revision
        self.deployment = deployment
        self.passage = Passage(component.update.reach)
        self.passed: GatesPassed | None = None

    def tell(self, text: str, action: EventAction, level: Level = Level.INFO) -> None:
        """Emit a decision about the candidate."""
        self.component.teller.decision(text, action, level, revision=self.revision, generation=self.order.generation)


def fault_of(component: Component, order: Order) -> GuestText:
    """Return why the active revision goes into quarantine when the order is carried out; empty when it does not.

    A revision that failed on probation and served on, because there was no revision to roll back to, is quarantined
    when another one replaces it, but not when the same artifact only gets another state.
    """
    if order.quarantines or order.cause is Cause.RESTORE:
        return order.quarantines
    trial, active = component.proof.trial, component.active
    failed = trial is not None and active is not None and trial.revision == active.revision
    return trial.reason if trial is not None and failed else GuestText("")
