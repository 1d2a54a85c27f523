"""One row from the catalog: a component as the next start of the runtime would find it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from airssys_tui import __version__
from airssys_tui.api.views.components import Awaiting, ComponentView, Note, NoteKind
from airssys_tui.core.description import (
    FileFacts,
    artifact_label,
    file_note,
    is_stateful,
    kind_of,
    quarantine_text,
    reason_not_started,
)
from airssys_tui.core.events import EventAction
from airssys_tui.core.lifecycle import CommandEnd, Desired, State
from airssys_tui.core.refusal import is_by
from airssys_tui.core.text import one_line
from airssys_tui.core.types.interface import Interface
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import ComponentRecord, Hold, Refusal, RevisionRecord, waiting_revision
from airssys_tui.store.ownership import Owner

TOLD: Final = {
    EventAction.STARTED: State.RUNNING,
    EventAction.RESTARTED: State.RUNNING,
    EventAction.STOPPED: State.STOPPED,
    EventAction.COMPLETED: State.STOPPED,
    EventAction.FAILED: State.FAILED,
    EventAction.RESTARTING: State.FAILED,
    EventAction.EXHAUSTED: State.FAILED,
}
"""The component state that each recorded event action implies."""


class _DeclaredArtifact(msgspec.Struct, frozen=True):
    kind: str | None = None


class _Declared(msgspec.Struct, frozen=True):
    """The parts of a recorded manifest that a row shows; decoding the whole manifest would load all its rules."""

    artifact: _DeclaredArtifact = _DeclaredArtifact()


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """The catalog's records of one component that a row shows.

    Attributes:
        record: The component.
        active: Its active revision.
        holds: Held digests.
        refusals: Refusals by this version of the program; a newer version retries the files.
        quarantined: Quarantined revisions, oldest first.
        tried: Whether the active revision has given enough evidence to be judged.
    """

    record: ComponentRecord
    active: RevisionRecord | None
    holds: tuple[Hold, ...]
    refusals: tuple[Refusal, ...]
    quarantined: tuple[RevisionRecord, ...]
    ended: CommandEnd | None = None
    tried: bool = False

    @property
    def shown(self) -> RevisionRecord | None:
        """The revision that the row shows: the active one, else the newest quarantined one."""
        return self.active or (self.quarantined[-1] if self.quarantined else None)

    @property
    def interface(self) -> Interface:
        """Imports and exports of the shown revision; empty if unknown."""
        if self.shown is None or self.shown.interface is None:
            return Interface()
        return msgspec.json.decode(self.shown.interface, type=Interface)

    @property
    def there(self) -> bool:
        """Whether its source existed at the last look; a component without a source runs by operator command."""
        return self.record.present and bool(self.record.source)

    @classmethod
    def of(cls, catalog: Catalog, record: ComponentRecord) -> Recorded:
        """Read the records of a component."""
        active = catalog.active_revision(record.id)
        evidence = catalog.costs(record.id) if active is not None and not active.stable else {}
        return cls(
            record=record,
            active=active,
            tried=active is not None and active.number in evidence and evidence[active.number].tried,
            holds=catalog.holds(record.id),
            refusals=tuple(refusal for refusal in catalog.refusals(record.id) if is_by(refusal.program, __version__)),
            quarantined=catalog.quarantined(record.id),
            ended=catalog.command_end(record.id),
        )

    @property
    def end(self) -> CommandEnd | None:
        """How the active revision ended last, if it is a command that is to run."""
        return self.last_end if self.record.desired == Desired.RUNNING else None

    @property
    def last_end(self) -> CommandEnd | None:
        """How the active revision ended last, if it is a command."""
        serves = self.active is not None and self.ended is not None and self.ended.revision == self.active.number
        return self.ended if serves else None

    @property
    def awaiting(self) -> Awaiting | None:
        """The revision that waits for approval."""
        found = waiting_revision(self.refusals, self.active.number if self.active is not None else None)
        return None if found is None else Awaiting(found[0], one_line(found[1].reason))


def row(catalog: Catalog, known: Recorded, owner: Owner | None, folder: Path) -> ComponentView:
    """Return a component's row.

    Args:
        catalog: The catalog.
        known: The component's records.
        owner: The process that runs the components, if any.
        folder: The folder that the state belongs to.
    """
    record, shown, interface = known.record, known.shown, known.interface
    saved = next(iter(catalog.snapshots(record.id, limit=1)), None)
    declared = msgspec.json.decode(shown.manifest, type=_Declared).artifact.kind if shown else None
    kind = kind_of(interface, declared) if shown else "passive"
    state = _last_state(catalog, known, owner, command=kind == "command")
    return ComponentView(
        id=record.id,
        state=state,
        desired=Desired(record.desired),
        kind=kind,
        version=shown.version if shown else None,
        revision=shown.number if shown else None,
        awaiting=known.awaiting,
        digest=shown.digest if shown else None,
        stable=bool(shown and shown.stable),
        untried=bool(shown and not shown.stable and not known.tried),
        stateful=is_stateful(interface),
        source=one_line(record.source),
        present=known.there,
        held=tuple(artifact_label(hold.version, hold.digest) for hold in known.holds),
        note=_note(known, folder, kind, state),
        exit_code=known.last_end.exit_code if known.last_end is not None else None,
        state_bytes=saved.size if saved else None,
        state_saved_at=saved.at if saved else None,
        quarantined=tuple(sorted(bad.number for bad in known.quarantined)),
    )


def _last_state(catalog: Catalog, known: Recorded, owner: Owner | None, *, command: bool) -> State:
    """Return the state that the owner recorded last; without an owner no component runs."""
    record, active = known.record, known.active
    if active is None:
        return State.FAILED if known.refusals or known.quarantined else State.INSTALLED
    detached = not record.source
    if owner is None and command and known.end is not None:
        return known.end.state
    if owner is None or record.desired != Desired.RUNNING or not (record.present or detached):
        return State.STOPPED
    switched = active.activated_at or 0.0
    events = [event for event in catalog.events(record.id, limit=50) if event.at >= owner.started]
    told = (TOLD.get(EventAction(event.action)) for event in events if event.at >= switched)
    # A switch has no separate event. A component of kind command counts as running only if an event says so.
    serves = not command and (bool(events) or switched >= owner.started)
    return next((state for state in told if state is not None), State.RUNNING if serves else State.INSTALLED)


def _note(known: Recorded, folder: Path, kind: str, state: State) -> Note:
    """Return the note that the next start of the runtime would give the component."""
    record = known.record
    if known.active is None and known.quarantined:
        last = known.quarantined[-1]
        return Note(NoteKind.TROUBLE, quarantine_text(last.number, last.outcome_reason))
    if known.there and (known.holds or known.refusals or known.quarantined):
        said = file_note(_file_facts(known, folder))
        if said is not None:
            return Note(NoteKind(said.kind.value), said.text)
    if known.active is None or state is State.RUNNING:
        return Note()
    if known.end is not None and state in {State.FAILED, State.STOPPED}:
        return Note(NoteKind.TROUBLE if known.end.failed else NoteKind.INFO, known.end.remark())
    remark = reason_not_started(Desired(record.desired), kind, there=known.there or not record.source)
    return Note(NoteKind.INFO, remark) if remark else Note()


def _file_facts(known: Recorded, folder: Path) -> FileFacts:
    """Return the known facts about the files now in the folder."""
    from airssys_tui.cli.reaching.files import look  # noqa: PLC0415 - late: few components need it

    seen = look(folder, known.record.source)
    if seen is None or seen.id not in {"", known.record.id}:
        return FileFacts()
    if seen.gate:
        return FileFacts(gate=seen.gate, reason=seen.reason)
    files, active = (seen.digest, seen.manifest_digest), known.active
    serves = active is not None and (active.digest, active.manifest_digest) == files
    bad = next((bad for bad in known.quarantined if (bad.digest, bad.manifest_digest) == files and not serves), None)
    refusal = next((one for one in known.refusals if (one.digest, one.manifest_digest) == files), None)
    return FileFacts(
        label=artifact_label(seen.version, seen.digest),
        quarantined=bad.number if bad is not None else None,
        fault=one_line(bad.outcome_reason, 300) if bad is not None else "",
        back_on=active.origin if active is not None else None,
        held=any(hold.digest == seen.digest for hold in known.holds),
        gate=refusal.gate if refusal is not None else "",
        reason=refusal.reason if refusal is not None else "",
    )
