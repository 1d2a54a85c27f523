"""The saved states of a component, read from the catalog alone, so that they can be listed without a runtime."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from airssys_tui.api.views.past import StateFile, StateView
from airssys_tui.core.errors import UsageError
from airssys_tui.core.text import one_line
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import SnapshotInfo

IMPORT: Final = "import"
"""Cause of a snapshot that was imported: it is loaded only if the operator asks for it."""

MAX_SCHEMA: Final = 64
"""Characters shown of the guest's own name for the format of its state."""


def loads_by_itself(info: SnapshotInfo, loaders: Collection[int]) -> bool:
    """Return whether a start or a rollback may load a snapshot that the operator did not name.

    Args:
        info: The snapshot.
        loaders: The revision that would load it, and all others of the same artifact.
    """
    return info.cause != IMPORT and not any(number in loaders for number in info.failed_by)


def state_views(catalog: Catalog, component: str) -> tuple[StateView, ...]:
    """Return the snapshots of a component, newest first; at most 200. Blocks on the catalog.

    Args:
        catalog: Where they are kept.
        component: The component's name.
    """
    infos = catalog.snapshots(component)
    versions = catalog.versions(component, {info.revision for info in infos})
    paired = {
        info.revision: info.id
        for info in reversed(infos)
        if loads_by_itself(info, catalog.twins(component, info.revision, info.failed_by))
    }
    return tuple(
        StateView(
            id=info.id,
            component=info.component,
            revision=info.revision,
            version=info.version or versions.get(info.revision),
            schema=one_line(info.schema_tag, MAX_SCHEMA),
            cause=info.cause,
            at=info.at,
            size=info.size,
            digest=info.digest,
            failed_by=info.failed_by,
            paired=paired.get(info.revision) == info.id,
        )
        for info in infos
    )


def state_file(catalog: Catalog, component: str, number: int) -> StateFile:
    """Return a snapshot with its bytes. Blocks on the catalog.

    Raises:
        UsageError: If the component has no such snapshot.
        BlobCorrupt: If its bytes do not match their digest.
    """
    info = find_state(catalog, component, number)
    version = info.version
    if version is None:
        record = catalog.revision(component, info.revision)
        version = record.version if record is not None else None
    return StateFile(
        component=info.component,
        revision=info.revision,
        version=version,
        schema=info.schema_tag,
        kind=info.payload_kind,
        at=info.at,
        digest=info.digest,
        data=catalog.snapshot(info.id).data,
    )


def find_state(catalog: Catalog, component: str, number: int) -> SnapshotInfo:
    """Return a snapshot without its bytes. Blocks on the catalog.

    Raises:
        UsageError: If the component has no such snapshot.
    """
    found = catalog.snapshot_info(component, number)
    if found is None:
        there = ", ".join(str(info.id) for info in catalog.snapshots(component, limit=10))
        raise UsageError(
            f"{component} has no snapshot {number}", remedy=f"there are: {there}" if there else "it has no snapshots"
        )
    return found
