"""Collection in a state directory: what no rule keeps is found by one function, and taken away in small steps.

The order survives a kill at any moment: a revision is marked as purged before its code goes, and the record of compiled
code goes before its file. What nothing refers to any more is found again by :func:`orphans`, whoever left it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from airssys_tui.core.manifest import decode_manifest
from airssys_tui.core.manifest_structure import Deployment
from airssys_tui.core.retention import Entry, Saved, kept_revisions, kept_states
from airssys_tui.core.revision import Outcome, Revision
from airssys_tui.store.catalog import Catalog
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.records import SnapshotInfo

IMPORT: Final = "import"
"""Cause of a snapshot that came from outside."""

BATCH: Final = 25
"""Revisions, states and artifacts that go in one step."""


class Doomed(msgspec.Struct, frozen=True):
    """A revision that no rule keeps."""

    component: str
    number: int
    version: str | None
    digest: str
    outcome: str


class Excess(msgspec.Struct, frozen=True):
    """What no rule keeps of one component: revisions and states, oldest first, and how many old rows."""

    component: str
    revisions: tuple[Doomed, ...] = ()
    states: tuple[SnapshotInfo, ...] = ()
    rows: int = 0

    def __bool__(self) -> bool:
        """Return whether there is anything."""
        return bool(self.revisions or self.states or self.rows)


class Orphan(msgspec.Struct, frozen=True):
    """An artifact to which no kept revision refers: bytes of its blob and of its compiled code."""

    digest: str
    blob: int
    code: int


class _Row(msgspec.Struct, frozen=True):
    number: int
    digest: str
    manifest_digest: str
    version: str | None
    outcome: str
    stable: int
    origin: int | None
    activated_at: float | None
    outcome_at: float | None


def excess(catalog: Catalog, component: str, now: float) -> Excess:
    """Return what no rule keeps of a component. Blocks on the catalog."""
    tail = "WHERE component = ? AND outcome <> 'purged' ORDER BY number"
    rows = catalog.database.records(_Row, "revisions", tail, (component,))
    pinned = {pin.revision for pin in catalog.pins(component)}
    active = next((row.number for row in rows if row.outcome == Outcome.ACTIVE), None)
    kept = kept_revisions(
        [_entry(row) for row in rows],
        keep=_keep(catalog, component, active),
        now=now,
        pinned=pinned,
        held={hold.digest for hold in catalog.holds(component)},
    )
    infos = catalog.snapshots(component)
    saved = [Saved(info.id, info.revision, info.failed_by, info.cause == IMPORT) for info in infos]
    states = kept_states(saved, kept=kept, pinned=pinned, active=active)
    return Excess(
        component,
        tuple(Doomed(component, r.number, r.version, r.digest, r.outcome) for r in rows if r.number not in kept),
        tuple(info for info in reversed(infos) if info.id not in states),
        catalog.old_rows(component, now),
    )


def candidates(catalog: Catalog) -> tuple[str, ...]:
    """Return the components of which there may be something to collect. Blocks on the catalog."""
    rows = catalog.database.rows(
        """SELECT component FROM revisions WHERE outcome <> 'purged' GROUP BY component HAVING count(*) > 1
           UNION SELECT component FROM snapshots GROUP BY component HAVING count(*) > 1
           UNION SELECT component FROM events WHERE component IS NOT NULL GROUP BY component
           UNION SELECT component FROM ledger WHERE component IS NOT NULL GROUP BY component"""
    )
    return tuple(str(component) for (component,) in rows)


def take(catalog: Catalog, component: str, now: float) -> Excess:
    """Take one batch of what no rule keeps of a component away; returns that batch. Blocks on the catalog.

    What is kept is found out anew each time: nothing that was said meanwhile is overlooked.
    """
    found = excess(catalog, component, now)
    batch = Excess(component, found.revisions[:BATCH], found.states[:BATCH], 0)
    with catalog.together():
        if batch.revisions:
            catalog.purge(component, [doomed.number for doomed in batch.revisions], at=now)
        if batch.states:
            catalog.drop_snapshots([info.id for info in batch.states])
        rows = catalog.trim_old(component, now) if found.rows else 0
    return msgspec.structs.replace(batch, rows=rows)


def orphans(state: StateDirectory, doomed: Collection[Doomed] = ()) -> tuple[Orphan, ...]:
    """Return the artifacts to which no revision refers that is kept. Blocks on the disk.

    Args:
        state: The state directory.
        doomed: Revisions that are about to be purged: they keep nothing.
    """
    code = state.code.sizes()
    kept = state.catalog.kept_digests() if not doomed else _kept_without(state.catalog, doomed)
    there = {*state.blobs.digests(), *code}
    return tuple(_orphan(state, digest, code) for digest in sorted(there - kept))


def orphans_among(state: StateDirectory, digests: Iterable[str]) -> tuple[Orphan, ...]:
    """Return which of these artifacts are kept on the disk and for nothing. Blocks on the disk."""
    code = state.code.sizes()
    there = {digest for digest in digests if digest in code or state.blobs.has(digest)}
    return tuple(_orphan(state, digest, code) for digest in sorted(there) if not state.catalog.is_kept(digest))


def remove(state: StateDirectory, batch: Iterable[Orphan]) -> tuple[Orphan, ...]:
    """Remove artifacts and their compiled code, but for those to which a revision refers by now; returns which went."""
    going = tuple(orphan for orphan in batch if not state.catalog.is_kept(orphan.digest))
    for orphan in going:
        state.blobs.remove(orphan.digest)
    state.code.remove(*(orphan.digest for orphan in going))
    return going


def _orphan(state: StateDirectory, digest: str, code: dict[str, int]) -> Orphan:
    return Orphan(digest, state.blobs.size(digest) if state.blobs.has(digest) else 0, code.get(digest, 0))


def _kept_without(catalog: Catalog, doomed: Collection[Doomed]) -> frozenset[str]:
    gone = {(entry.component, entry.number) for entry in doomed}
    rows = catalog.database.rows("SELECT component, number, digest FROM revisions WHERE outcome <> 'purged'")
    return frozenset(digest for component, number, digest in rows if (component, number) not in gone)


def _keep(catalog: Catalog, component: str, active: int | None) -> int:
    record = catalog.revision(component, active) if active is not None else None
    return decode_manifest(record.manifest).deployment.keep if record is not None else Deployment().keep


def _entry(row: _Row) -> Entry:
    revision = Revision(
        number=row.number,
        digest=row.digest,
        manifest_digest=row.manifest_digest,
        version=row.version,
        outcome=Outcome(row.outcome),
        stable=bool(row.stable),
        origin=row.origin,
        serving=row.activated_at is not None,
    )
    return Entry(revision, row.outcome_at if row.outcome not in {Outcome.ACTIVE, Outcome.CANDIDATE} else None)
