"""Views made from the catalog alone: what is known of components without a runtime, and what is wanted of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from airssys_tui.api.views.components import ComponentDetail, ComponentView, Note, NoteKind
from airssys_tui.api.views.revisions import RevisionDiff, RevisionView
from airssys_tui.api.views.runtime import Done
from airssys_tui.cli.reaching.options import Site, adoption
from airssys_tui.core.errors import FolderMismatch, UnknownComponent
from airssys_tui.core.identity import short_digest
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.types.interface import ExportedFunction, Function, Interface, InterfaceType, render
from airssys_tui.core.units import format_count, format_duration, format_size
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import ComponentRecord, Hold, Refusal, RevisionRecord
from airssys_tui.store.directory import StateDirectory, StateReader
from airssys_tui.store.ownership import Owner, live_owner

if TYPE_CHECKING:
    from airssys_tui.core.manifest.document import Manifest

STATE_INTERFACE: Final = "airssys:core-component/state"

TOLD: Final = {
    "started": State.RUNNING,
    "restarted": State.RUNNING,
    "stopped": State.STOPPED,
    "completed": State.STOPPED,
    "failed": State.FAILED,
    "restarting": State.FAILED,
    "exhausted": State.FAILED,
}
"""Actions of recorded events that tell in which state a component was then."""


class _DeclaredArtifact(msgspec.Struct, frozen=True):
    kind: str | None = None


class _Declared(msgspec.Struct, frozen=True):
    """What a row shows of a recorded manifest; whoever reads the whole of it loads all the rules for it."""

    artifact: _DeclaredArtifact = _DeclaredArtifact()


def recorded_components(site: Site) -> tuple[ComponentView, ...]:
    """Return every component that the state directory of a site knows, by identity.

    Raises:
        StateAbsent: Nothing was ever recorded there.
        FolderMismatch: It is the state of another folder than the one that is named.
        StoreError: It cannot be read.
    """
    owner = live_owner(site.state_dir.value)
    with reading(site) as state:
        return tuple(_view(state.catalog, record, owner) for record in state.catalog.components())


def recorded_detail(site: Site, name: str) -> ComponentDetail:
    """Return everything that is recorded about one component.

    Raises:
        UnknownComponent: There is none of that name.
        FolderMismatch: It is the state of another folder than the one that is named.
        StoreError: The state directory cannot be read.
    """
    from airssys_tui.core.manifest.document import decode_manifest  # noqa: PLC0415 - late: a list does without
    from airssys_tui.runtime.history.timeline import timeline  # noqa: PLC0415

    owner = live_owner(site.state_dir.value)
    with reading(site) as state:
        catalog = state.catalog
        record = find_component(catalog, name)
        active = catalog.active_revision(record.id)
        manifest = decode_manifest(active.manifest) if active else None
        interface = _interface(active)
        return ComponentDetail(
            view=_view(catalog, record, owner),
            exports=tuple(map(_signature, interface.functions())),
            imports=tuple(line for item in interface.imports for line in _import_lines(item)),
            capabilities=_capabilities(manifest) if manifest else (),
            limits=_limits(manifest) if manifest else (),
            config=tuple(one_line(f"{entry.key}: {entry.value}") for entry in manifest.config) if manifest else (),
            description=one_line(manifest.package.description) if manifest else GuestText(""),
            revisions=timeline(catalog, record.id),
        )


def recorded_versions(site: Site, name: str) -> tuple[RevisionView, ...]:
    """Return a component's timeline, newest first.

    Raises:
        UnknownComponent: There is none of that name.
        FolderMismatch: It is the state of another folder than the one that is named.
        StoreError: The state directory cannot be read.
    """
    from airssys_tui.runtime.history.timeline import timeline  # noqa: PLC0415 - late: see above

    with reading(site) as state:
        return timeline(state.catalog, find_component(state.catalog, name).id)


def recorded_diff(site: Site, name: str, revision: int, against: int | None) -> RevisionDiff:
    """Compare a revision with another one, or with the active one.

    Raises:
        UnknownComponent: There is none of that name.
        FolderMismatch: It is the state of another folder than the one that is named.
        StoreError: The state directory cannot be read.
    """
    from airssys_tui.runtime.history.timeline import compare  # noqa: PLC0415 - late: see above

    with reading(site) as state:
        return compare(state.catalog, find_component(state.catalog, name).id, revision, against)


def record_desired(site: Site, name: str, desired: Desired) -> Done:
    """Record what the operator wants of a component; it takes effect at the next start.

    Raises:
        StateLocked: A process owns the state directory, so it would not notice.
        UnknownComponent: There is none of that name.
        FolderMismatch: It is the state of another folder.
        StoreError: The catalog cannot be written.
    """
    with reading(site) as reader:
        component = find_component(reader.catalog, name).id
    with StateDirectory.open(site.state_dir.value, folder=site.folder.value) as state:
        state.catalog.set_desired(component, desired)
        active = state.catalog.active_revision(component)
    text = one_line(f"{component} is wanted {desired}; it takes effect when its folder is opened next")
    return Done(text, active.number if active else None)


@contextlib.contextmanager
def reading(site: Site) -> Iterator[StateReader]:
    """Read the state of a site; who names no folder at all means the one that the state belongs to."""
    with StateDirectory.open_readonly(site.state_dir.value) as state:
        bound, real = state.catalog.folder(), str(site.folder.value.resolve())
        if site.folder_named and bound not in {None, real}:
            raise FolderMismatch(
                f"{site.state_dir.value} belongs to {bound}, not to {real}", remedy=adoption(site.folder.value)
            )
        yield state


def find_component(catalog: Catalog, name: str) -> ComponentRecord:
    """Return what is recorded of a component.

    Raises:
        UnknownComponent: There is none of that name; the remedy names those that there are.
    """
    record = catalog.component(name)
    if record is not None:
        return record
    known = catalog.components()
    names = ", ".join(record.id for record in known[:10])
    raise UnknownComponent(
        f"no component {name} is recorded",
        remedy=f"there are: {names}" if names else "open the folder once, so that its components are found",
        component=name,
    )


def _view(catalog: Catalog, record: ComponentRecord, owner: Owner | None) -> ComponentView:
    active = catalog.active_revision(record.id)
    holds = catalog.holds(record.id)
    refusal = next(iter(sorted(catalog.refusals(record.id), key=lambda refusal: -refusal.at)), None)
    saved = next(iter(catalog.snapshots(record.id)), None)
    interface = _interface(active)
    declared = msgspec.json.decode(active.manifest, type=_Declared).artifact.kind if active else None
    kind = declared or _kind(interface)
    return ComponentView(
        id=record.id,
        state=_last_state(catalog, record, active, owner, command=kind == "command"),
        desired=Desired(record.desired),
        kind=kind,
        version=active.version if active else None,
        revision=active.number if active else None,
        digest=active.digest if active else None,
        stable=bool(active and active.stable),
        stateful=interface.exports_interface(STATE_INTERFACE),
        source=one_line(record.source),
        present=record.present,
        held=tuple(_label(hold) for hold in holds),
        note=_note(active, holds, refusal),
        state_bytes=saved.size if saved else None,
        state_saved_at=saved.at if saved else None,
    )


def _last_state(
    catalog: Catalog, record: ComponentRecord, active: RevisionRecord | None, owner: Owner | None, *, command: bool
) -> State:
    """Return the state last recorded: what its owner told of it last. Without an owner nothing runs."""
    if active is None:
        return State.FAILED if catalog.refusals(record.id) else State.INSTALLED
    if owner is None or record.desired != Desired.RUNNING or not record.present:
        return State.STOPPED
    switched = active.activated_at or 0.0
    events = [event for event in catalog.events(record.id, limit=50) if event.at >= owner.started]
    told = (TOLD.get(event.action) for event in events if event.at >= switched)
    # A switch tells no event of its own. A command runs only when it says so.
    serves = not command and (bool(events) or switched >= owner.started)
    return next((state for state in told if state is not None), State.RUNNING if serves else State.INSTALLED)


def _note(active: RevisionRecord | None, holds: tuple[Hold, ...], refusal: Refusal | None) -> Note:
    held = {hold.digest for hold in holds}
    since = active.activated_at or 0.0 if active else 0.0
    if refusal is not None and refusal.at >= since and refusal.digest not in held:
        return Note(NoteKind.REFUSED, one_line(f"refused at {refusal.gate}: {refusal.reason}", 300))
    if holds:
        return Note(NoteKind.HELD, one_line("held: " + ", ".join(map(_label, holds)), 300))
    return Note()


def _label(hold: Hold) -> GuestText:
    return one_line(hold.version or short_digest(hold.digest), 64)


def _interface(revision: RevisionRecord | None) -> Interface:
    if revision is None or revision.interface is None:
        return Interface()
    return msgspec.json.decode(revision.interface, type=Interface)


def _kind(interface: Interface) -> str:
    if interface.exports_interface("wasi:cli/run"):
        return "command"
    contract = ("lifecycle", "execution", "health", "state")
    is_actor = any(interface.exports_interface(f"airssys:core-component/{name}") for name in contract)
    return "actor" if is_actor else "passive"


def _signature(export: ExportedFunction) -> GuestText:
    return one_line(export.path.removesuffix(export.function.name) + render(export.function), 1_000)


def _import_lines(item: InterfaceType | Function) -> tuple[GuestText, ...]:
    if isinstance(item, Function):
        return (one_line(render(item), 1_000),)
    return tuple(one_line(f"{item.name}#{render(function)}", 1_000) for function in item.functions)


def _capabilities(manifest: Manifest) -> tuple[GuestText, ...]:
    declared = manifest.capabilities
    kinds = {
        "filesystem": declared.filesystem,
        "network": declared.network,
        "storage": (declared.storage,) if declared.storage else (),
        "messaging": declared.messaging,
        "process": declared.process,
        "environment": declared.environment,
    }
    return tuple(one_line(f"{kind}: {entry}", 500) for kind, entries in kinds.items() for entry in entries)


def _limits(manifest: Manifest) -> tuple[GuestText, ...]:
    limits = manifest.limits
    return tuple(
        GuestText(f"{name}: {value}")
        for name, value in (
            ("memory", format_size(limits.memory)),
            ("fuel per call", format_count(limits.fuel_per_call)),
            ("deadline", format_duration(limits.deadline)),
            ("mailbox", format_count(limits.mailbox)),
            ("message size", format_size(limits.message_size)),
            ("storage", format_size(limits.storage)),
        )
    )
