"""The rows of the catalog as frozen values: plain text and numbers; all times are in Unix seconds.

Identities are the text form of :class:`~airssys_tui.core.identity.ComponentId`; enumerations are the text of the
``core`` enums (``core.revision.Cause``, ``core.lifecycle.Desired``), except in a revision, which is a value of
``core.revision``.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from airssys_tui.core.refusal import is_undecided
from airssys_tui.core.revision import Files, Revision


class ComponentRecord(msgspec.Struct, frozen=True):
    """A component known to the runtime.

    Attributes:
        id: Text form of the identity.
        source: Path of its manifest or of its bare wasm file.
        desired: ``running`` or ``stopped``; survives restarts.
        first_seen: When the runtime first saw it.
        active_revision: Number of its active revision; derived from the revisions, not stored separately.
        present: Whether its source existed when last checked.
    """

    id: str
    source: str
    desired: str
    first_seen: float
    active_revision: int | None
    present: bool


class RevisionRecord(Revision, frozen=True, kw_only=True):
    """A revision with the documents that it was deployed with. The documents are long, so lists omit them.

    Attributes:
        manifest: The manifest as JSON text.
        interface: The component's interface as JSON text; None when it was refused before its types were known.
    """

    manifest: str
    interface: str | None = None


class PinRecord(msgspec.Struct, frozen=True):
    """A pinned revision: when it was pinned, and by whom."""

    revision: int
    at: float
    who: str


class AnnotationRecord(msgspec.Struct, frozen=True):
    """A note on a revision; an empty one removed the previous note. The catalog assigns ``id``."""

    revision: int
    note: str
    at: float
    who: str
    id: int = 0


class StageRecord(msgspec.Struct, frozen=True):
    """A stage that a deployment entered, in order of ``position`` (from 1)."""

    position: int
    name: str
    detail: str
    at: float


class DeploymentRecord(msgspec.Struct, frozen=True):
    """A journalled deployment.

    Attributes:
        id: Assigned by the catalog.
        component: Text form of the identity.
        generation: The generation of the change; increases with every change of the component.
        digest: The artifact's digest.
        cause: Why it was started.
        started_at: When it started.
        revision: The revision it created, once accepted.
        finished_at: When it ended; None while in progress.
        outcome: ``activated``, ``refused``, ``superseded``, ``cancelled``, ``aborted``…; None while in progress.
        reason: The reason for the outcome.
    """

    id: int
    component: str
    generation: int
    digest: str
    cause: str
    started_at: float
    revision: int | None = None
    finished_at: float | None = None
    outcome: str | None = None
    reason: str = ""


class Hold(msgspec.Struct, frozen=True):
    """A digest that neither the watcher nor a restart deploys for this component.

    Attributes:
        digest: The artifact's digest.
        version: The version that its manifest says.
        reason: Why it is held.
        at: Unix time.
        manifest_digest: The manifest that it is held with; empty if it is held whatever its manifest says.
    """

    digest: str
    version: str | None
    reason: str
    at: float
    manifest_digest: str = ""

    @property
    def files(self) -> Files:
        """What is held, for :func:`~airssys_tui.core.revision.is_held`."""
        return self.digest, self.manifest_digest


class Refusal(msgspec.Struct, frozen=True):
    """A digest and manifest that a gate refused; not retried at the next start.

    Attributes:
        component: Text form of the identity.
        digest: The artifact's digest.
        manifest_digest: Digest of the meaning of its manifest.
        gate: The gate that refused.
        reason: The reason, in one line.
        at: When it was refused.
        program: Version of the program that refused; a newer one may accept it.
        revision: The candidate's revision, if it was accepted for deployment.
    """

    component: str
    digest: str
    manifest_digest: str
    gate: str
    reason: str
    at: float
    program: str
    revision: int | None = None

    @property
    def undecided(self) -> bool:
        """Whether nothing is wrong with the files: they wait for an operator's approval."""
        return is_undecided(self.gate, self.reason)


def waiting_revision(refusals: Sequence[Refusal], active: int | None) -> tuple[int, Refusal] | None:
    """Return the revision that waits for approval, with the refusal that says for what; None if none does.

    Args:
        refusals: The refusals of one component, newest first: only the newest counts.
        active: The revision that serves; what waits is newer.
    """
    newest = next(iter(refusals), None)
    if newest is None or not newest.undecided or newest.revision is None or newest.revision <= (active or 0):
        return None
    return newest.revision, newest


class NewSnapshot(msgspec.Struct, frozen=True):
    """A component's state to be stored.

    Attributes:
        component: Text form of the identity.
        revision: The revision that saved it.
        schema_tag: The guest's own name for the layout; guest text.
        payload_kind: ``text`` or ``binary``.
        data: The bytes.
        cause: ``update``, ``stop``, ``restart``, ``operator``, ``timer``, ``import``, or the policy that chose it.
        at: When it was saved.
        version: Version of the component that saved it, if it differs from the revision's.
        exported_from: The component it was exported from, for an imported state.
    """

    component: str
    revision: int
    schema_tag: str
    payload_kind: str
    data: bytes
    cause: str
    at: float
    version: str | None = None
    exported_from: str | None = None


class SnapshotInfo(msgspec.Struct, frozen=True):
    """A stored snapshot without its bytes; ``failed_by`` lists the revisions that failed to load it.

    ``version`` is that of the component that saved it, if it differs from its revision's; ``exported_from`` names the
    component that an imported one comes from.
    """

    id: int
    component: str
    revision: int
    schema_tag: str
    payload_kind: str
    cause: str
    at: float
    digest: str
    size: int
    version: str | None = None
    exported_from: str | None = None
    failed_by: tuple[int, ...] = ()


class StateSnapshot(msgspec.Struct, frozen=True):
    """A stored snapshot with its bytes, verified against their digest."""

    info: SnapshotInfo
    data: bytes


class GatesPassed(msgspec.Struct, frozen=True):
    """What a candidate's rehearsal found.

    Attributes:
        gates: The gates that it passed, with milliseconds, as JSON.
        interface: Its interface as JSON.
        at: When the rehearsal ended.
    """

    gates: str
    interface: str
    at: float


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that changes in one step when a candidate takes over.

    Attributes:
        component: Text form of the identity.
        revision: The candidate that becomes active.
        at: When it takes over.
        deployment: The deployment that this completes.
        passed: What its rehearsal found, if that is not recorded yet.
        snapshot: The old revision's final state, if any.
        initial: The new revision's initial state, if it is not the old one's; a later start loads it.
        old_outcome: New outcome of the previously active revision: ``superseded``, ``failed`` or ``quarantined``.
        old_reason: The reason for that outcome.
        old_stable: Whether the previously active revision has proved stable.
        reason: Why the new one is active; empty for a plain deployment.
        stable: Whether the new one is stable from the start, as the target of a rollback is.
        holds: Digests to hold from now on.
        lift: Digests whose holds are lifted. Holds of the active one's own files are always lifted.
        lift_all: Lift all holds of the component before adding ``holds``.
        forget_refusals: Forget all refusals of the component; the active one's own is always forgotten.
        refusals: Refusals to remember from now on, as when a rollback is undone.
        old_costs: What the calls of the previously active revision cost; None if it was not called.
    """

    component: str
    revision: int
    at: float
    deployment: int | None = None
    passed: GatesPassed | None = None
    snapshot: NewSnapshot | None = None
    initial: NewSnapshot | None = None
    old_outcome: str = "superseded"
    old_reason: str = ""
    old_stable: bool = False
    reason: str = ""
    stable: bool = False
    holds: tuple[Hold, ...] = ()
    lift: tuple[str, ...] = ()
    lift_all: bool = False
    forget_refusals: bool = False
    refusals: tuple[Refusal, ...] = ()
    old_costs: CostRecord | None = None


class ActionRecord(msgspec.Struct, frozen=True):
    """An operator's action that may be undone.

    Attributes:
        id: Assigned by the catalog; increasing.
        at: When it was done.
        who: Who did it.
        component: The component that it changed.
        text: A short description: ``stop of counter``.
        command: The command, as JSON.
        inverse: The command that undoes it, as JSON.
        expects: The conditions under which the inverse is still correct, as JSON.
        undoes: For an undo, the action that it undid.
        settled: ``undone``, or why it can no longer be undone; None while it can.
        batch: The bulk action that it is a part of; empty if it stands alone.
    """

    id: int
    at: float
    who: str
    component: str
    text: str
    command: str
    inverse: str
    expects: str
    undoes: int | None = None
    settled: str | None = None
    batch: str = ""


class CostRecord(msgspec.Struct, frozen=True):
    """What the calls of one revision cost, and the evidence that it has given.

    Attributes:
        figures: The cost of each export's calls, as JSON.
        calls: Calls that it served.
        faults: How often it trapped or was unhealthy, calls by hand left out.
        tried: Whether that is enough evidence to judge it.
        engine: Identity of the engine that metered the fuel; empty if unknown.
    """

    figures: str
    calls: int = 0
    faults: int = 0
    tried: bool = False
    engine: str = ""


class CheckRecord(msgspec.Struct, frozen=True):
    """A call saved with its result: an export, a JSON array of arguments, the result as JSON."""

    component: str
    name: str
    export: str
    arguments: str
    result: str
    revision: int
    at: float


class DecisionRow(msgspec.Struct, frozen=True):
    """One decision about a component's files; the catalog assigns ``id``, which increases."""

    at: float
    kind: str
    text: str
    component: str | None = None
    deployment: int | None = None
    generation: int | None = None
    level: str = "info"
    revision: int | None = None
    id: int = 0


class EventRow(msgspec.Struct, frozen=True):
    """One event; the catalog assigns ``id``, which increases."""

    at: float
    kind: str
    level: str
    text: str
    component: str | None = None
    revision: int | None = None
    action: str = ""
    generation: int | None = None
    exit_code: int | None = None
    id: int = 0
