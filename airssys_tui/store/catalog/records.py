"""The rows of the catalog as frozen values. Plain text and numbers; every time is in unix seconds.

Identities are the text form of :class:`~airssys_tui.core.identity.ComponentId`; enumerations are the text of the
``core`` enums (``core.revision.Cause``, ``core.lifecycle.Desired``), except in a revision, which is a value of
``core.revision``.
"""

from __future__ import annotations

import msgspec

from airssys_tui.core.revision import Revision


class ComponentRecord(msgspec.Struct, frozen=True):
    """A component the runtime has met.

    Attributes:
        id: Text form of the identity.
        source: Path of its manifest or of its bare wasm file.
        desired: ``running`` or ``stopped``; survives restarts.
        first_seen: When it was first met.
        active_revision: The number of its active revision, derived from the revisions, never stored twice.
        present: Whether its source was there when last looked at.
    """

    id: str
    source: str
    desired: str
    first_seen: float
    active_revision: int | None
    present: bool


class RevisionRecord(Revision, frozen=True, kw_only=True):
    """A revision with the documents that it was deployed with. They are long, so lists do without.

    Attributes:
        manifest: The manifest as JSON text.
        interface: The component's interface as JSON text; None when it was refused before its types were known.
    """

    manifest: str
    interface: str | None = None


class PinRecord(msgspec.Struct, frozen=True):
    """A revision that an operator wants kept: since when, and on whose word."""

    revision: int
    at: float
    who: str


class AnnotationRecord(msgspec.Struct, frozen=True):
    """A note that was written on a revision; an empty one took the last away. ``id`` is given by the catalog."""

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
        id: Given by the catalog.
        component: Whose.
        generation: The generation of the change; it grows with every change of the component.
        digest: The artifact.
        cause: Why.
        started_at: When it began.
        revision: The revision it made, once accepted.
        finished_at: When it ended; nothing while it runs.
        outcome: ``activated``, ``refused``, ``superseded``, ``cancelled``, ``aborted``…; nothing while it runs.
        reason: Why it ended so.
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
    """A digest that neither the watcher nor a restart deploys for this component."""

    digest: str
    version: str | None
    reason: str
    at: float


class Refusal(msgspec.Struct, frozen=True):
    """A digest and manifest that a gate refused; not tried again at the next start.

    Attributes:
        component: Whose.
        digest: The artifact.
        manifest_digest: The meaning of the manifest beside it.
        gate: Which gate refused.
        reason: Why, in one line.
        at: When.
        program: The program's version that refused; a newer one may think better of it.
        revision: The revision the candidate had, when it was accepted for deployment.
    """

    component: str
    digest: str
    manifest_digest: str
    gate: str
    reason: str
    at: float
    program: str
    revision: int | None = None


class NewSnapshot(msgspec.Struct, frozen=True):
    """A component's state as it is to be kept.

    Attributes:
        component: Whose.
        revision: The revision that saved it.
        schema_tag: The guest's own name for the layout; guest text.
        payload_kind: ``text`` or ``binary``.
        data: The bytes.
        cause: ``update``, ``stop``, ``restart``, ``operator``, ``timer``, ``import``, or the policy that chose it.
        at: When it was saved.
        version: Version of the component that saved it, when that is not the revision's.
        exported_from: The component it was exported from, when it was imported.
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
    """A kept snapshot without its bytes; ``failed_by`` are the revisions that could not load it.

    ``version`` is that of the component which saved it, when it is not its revision's; ``exported_from`` names the
    component an imported one comes from.
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
    """A kept snapshot with its bytes, which have been checked against their digest."""

    info: SnapshotInfo
    data: bytes


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that becomes true at once when a candidate takes over.

    Attributes:
        component: Whose.
        revision: The candidate that becomes active.
        at: When.
        deployment: The deployment that ends with it.
        snapshot: The old revision's final state, when it has one.
        initial: The state that the new one begins with, when that is not the old one's: what a later start loads.
        old_outcome: What the revision that was active becomes: ``superseded``, ``failed`` or ``quarantined``.
        old_reason: Why.
        old_stable: The revision that was active has proved itself stable.
        reason: Why the new one is active; empty for a plain deployment.
        stable: Whether the new one is stable from the start, as the target of a rollback is.
        holds: Digests held from now on.
        lift: Digests held no longer. The active one's own digest is always lifted.
        lift_all: Lift every hold of the component before adding ``holds``.
        forget_refusals: Forget every refusal of the component; the active one's own is always forgotten.
    """

    component: str
    revision: int
    at: float
    deployment: int | None = None
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


class ActionRecord(msgspec.Struct, frozen=True):
    """Something that an operator did and may undo.

    Attributes:
        id: Given by the catalog; grows.
        at: When.
        who: Who did it.
        component: To which component.
        text: What, in a few words: ``stop of counter``.
        command: The command, as JSON.
        inverse: What undoes it, as JSON.
        expects: What has to be as the action left it for the inverse to mean that, as JSON.
        undoes: The action that this one undid, when it is an undoing.
        settled: ``undone``, or why it cannot be undone any more; nothing while it can.
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


class CheckRecord(msgspec.Struct, frozen=True):
    """A call that is kept with its result: an export, a JSON array of arguments, JSON of the result."""

    component: str
    name: str
    export: str
    arguments: str
    result: str
    revision: int
    at: float


class DecisionRow(msgspec.Struct, frozen=True):
    """One decision about a component's files; ``id`` is given by the catalog and grows."""

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
    """One event; ``id`` is given by the catalog and grows."""

    at: float
    kind: str
    level: str
    text: str
    component: str | None = None
    revision: int | None = None
    action: str = ""
    generation: int | None = None
    id: int = 0
