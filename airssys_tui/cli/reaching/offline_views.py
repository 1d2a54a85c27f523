"""Views of components made from the catalog alone, while no runtime is running."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from airssys_tui.api.views.components import ComponentDetail, ComponentView
from airssys_tui.api.views.revisions import RevisionDiff, RevisionView
from airssys_tui.api.views.runtime import Done
from airssys_tui.cli.reaching.row import Recorded, row
from airssys_tui.cli.reaching.site import Site, adoption
from airssys_tui.core.description import Description, describe, is_stateful
from airssys_tui.core.errors import FolderMismatch, UnknownComponent
from airssys_tui.core.lifecycle import Desired
from airssys_tui.core.text import one_line
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import ComponentRecord, EventRow
from airssys_tui.store.directory import StateDirectory, StateReader
from airssys_tui.store.ownership import live_owner
from airssys_tui.store.paths import as_given, means

if TYPE_CHECKING:
    from airssys_tui.api.commands import Start, Stop


def recorded_components(site: Site) -> tuple[ComponentView, ...]:
    """Return all components in the state directory of a site, ordered by identity.

    Raises:
        StateAbsent: The state directory has no catalog.
        FolderMismatch: The state belongs to another folder than the named one.
        StoreError: The state directory cannot be read.
    """
    owner = live_owner(site.state_dir.value)
    with reading(site) as state:
        catalog, folder = state.catalog, _folder(state, site)
        return tuple(row(catalog, Recorded.of(catalog, record), owner, folder) for record in catalog.components())


def recorded_detail(site: Site, name: str) -> ComponentDetail:
    """Return the recorded details of one component.

    Raises:
        UnknownComponent: No component has that name.
        FolderMismatch: The state belongs to another folder than the named one.
        StoreError: The state directory cannot be read.
    """
    from airssys_tui.core.manifest.document import decode_manifest  # noqa: PLC0415 - late: not needed for a list
    from airssys_tui.runtime.history.timeline import timeline  # noqa: PLC0415

    owner = live_owner(site.state_dir.value)
    with reading(site) as state:
        catalog = state.catalog
        known = Recorded.of(catalog, find_component(catalog, name))
        said = describe(known.interface, decode_manifest(known.shown.manifest)) if known.shown else Description()
        return ComponentDetail(
            view=row(catalog, known, owner, _folder(state, site)),
            **msgspec.structs.asdict(said),
            revisions=timeline(catalog, known.record.id),
        )


def recorded_versions(site: Site, name: str) -> tuple[RevisionView, ...]:
    """Return a component's timeline, newest first.

    Raises:
        UnknownComponent: No component has that name.
        FolderMismatch: The state belongs to another folder than the named one.
        StoreError: The state directory cannot be read.
    """
    from airssys_tui.runtime.history.timeline import timeline  # noqa: PLC0415 - late: see above

    with reading(site) as state:
        return timeline(state.catalog, find_component(state.catalog, name).id)


def recorded_diff(site: Site, name: str, revision: int, against: int | None) -> RevisionDiff:
    """Compare a revision with another one, or with the active one.

    Raises:
        UnknownComponent: No component has that name.
        FolderMismatch: The state belongs to another folder than the named one.
        StoreError: The state directory cannot be read.
    """
    from airssys_tui.runtime.history.timeline import compare  # noqa: PLC0415 - late: see above

    with reading(site) as state:
        return compare(state.catalog, find_component(state.catalog, name).id, revision, against)


def record_desired(site: Site, command: Start | Stop, who: str, batch: str = "") -> Done:
    """Record the desired state of a component; it takes effect at the next start.

    The action, what undoes it, and its event are recorded in the same transaction. If the component already has that
    desired state, nothing is recorded.

    Args:
        site: Folder and state directory.
        command: The start or stop.
        who: Who asked.
        batch: The bulk action that it is a part of; empty if it stands alone.

    Raises:
        StateLocked: A process owns the state directory and would not notice the change.
        UnknownComponent: No component has that name.
        FolderMismatch: The state belongs to another folder.
        StoreError: The catalog cannot be written.
    """
    with reading(site) as reader:
        find_component(reader.catalog, command.component)
    with StateDirectory.open(site.state_dir.value, folder=site.folder.value) as state:
        return write_desired(state.catalog, command, who, batch)


def write_desired(catalog: Catalog, command: Start | Stop, who: str, batch: str) -> Done:
    """Write the desired state of a component into a catalog; see :func:`record_desired`."""
    from airssys_tui.api.commands import Start  # noqa: PLC0415 - late: not needed for a list
    from airssys_tui.core.events import EventAction, EventKind, Level  # noqa: PLC0415
    from airssys_tui.runtime.commands.inverse import Before, Subject, action_of, inverse_of  # noqa: PLC0415
    from airssys_tui.runtime.commands.order_text import asked, verb  # noqa: PLC0415

    desired = Desired.RUNNING if isinstance(command, Start) else Desired.STOPPED
    known = Recorded.of(catalog, find_component(catalog, command.component))
    name, was = known.record.id, Desired(known.record.desired)
    revision, at = known.active.number if known.active else None, time.time()
    subject = Subject(name, is_stateful(known.interface), revision, desired)
    inverse = inverse_of(subject, command, Before(revision, was))
    with catalog.together():
        catalog.set_desired(name, desired)
        if inverse is not None and was is not desired:
            catalog.record_action(action_of(subject, command, inverse, who=who, at=at, batch=batch))
            said, action = one_line(asked(command, who), 400), EventAction(verb(command))
            catalog.append_events((EventRow(at, EventKind.OPERATOR, Level.INFO, said, name, revision, action),))
    what = "start" if desired is Desired.RUNNING else "stay stopped"
    return Done(one_line(f"{name} will {what} at the next start"), revision)


@contextlib.contextmanager
def reading(site: Site) -> Iterator[StateReader]:
    """Open the state of a site for reading; if no folder was named, accept the state of any folder."""
    with StateDirectory.open_readonly(site.state_dir.value) as state:
        bound, folder = state.catalog.folder(), site.folder.value
        if site.folder_named and bound is not None and not means(bound, folder):
            raise FolderMismatch(
                f"{site.state_dir.value} belongs to {bound}, not to {as_given(folder)}", remedy=adoption(folder)
            )
        yield state


def _folder(state: StateReader, site: Site) -> Path:
    """Return the folder that the state belongs to, whatever the current directory is."""
    return Path(state.catalog.folder() or site.folder.value)


def find_component(catalog: Catalog, name: str) -> ComponentRecord:
    """Return the record of a component.

    Raises:
        UnknownComponent: No component has that name; the remedy lists the recorded ones.
    """
    record = catalog.component(name)
    if record is not None:
        return record
    known = catalog.components()
    names = ", ".join(record.id for record in known[:10])
    raise UnknownComponent(
        f"no component {name} is recorded",
        remedy=f"recorded: {names}" if names else "run the folder once, so that its components are recorded",
        component=name,
    )


def recorded_topics(site: Site) -> dict[str, str]:
    """Return the topics and patterns of the active revisions' capabilities, each with a component that declares it.

    Raises:
        AirssysError: As :func:`recorded_detail`.
    """
    from airssys_tui.core.manifest.capabilities import TO_COMPONENTS  # noqa: PLC0415 - late: only for completion
    from airssys_tui.core.manifest.document import decode_manifest  # noqa: PLC0415

    found: dict[str, str] = {}
    with reading(site) as state:
        for record in state.catalog.components():
            active = state.catalog.active_revision(record.id)
            for each in decode_manifest(active.manifest).capabilities.messaging if active else ():
                if each.action not in TO_COMPONENTS:
                    found.setdefault(each.target, f"{each.action} {record.id}")
    return found
