"""Garbage collection of a state directory: find the items that no retention rule keeps, and remove them in small steps.

The order survives a kill at any moment: a revision is marked as purged before its code is deleted, and the record of
compiled code is deleted before its file. :func:`orphans` finds artifacts that are no longer referenced.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby
from typing import Final

import msgspec

from airssys_tui.core.manifest.document import decode_manifest
from airssys_tui.core.manifest.structure import Deployment
from airssys_tui.core.retention import STABLE_FOR, Saved, kept_revisions, kept_states
from airssys_tui.core.revision import Revision
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.excerpts import EARLIER, LANDMARKS
from airssys_tui.store.catalog.records import SnapshotInfo
from airssys_tui.store.catalog.revisions import read_revisions
from airssys_tui.store.directory import StateDirectory

IMPORT: Final = "import"
"""Cause of an imported snapshot."""

BATCH: Final = 25
"""Revisions, states and artifacts removed in one step."""


class Excess(msgspec.Struct, frozen=True):
    """The items of one component that no rule keeps: revisions and states, oldest first, and a count of old rows."""

    component: str
    revisions: tuple[Revision, ...] = ()
    states: tuple[SnapshotInfo, ...] = ()
    rows: int = 0

    def __bool__(self) -> bool:
        """Return whether this has any items to collect."""
        return bool(self.revisions or self.states or self.rows)


class Orphan(msgspec.Struct, frozen=True):
    """An artifact that no kept revision refers to: bytes of its blob and of its compiled code."""

    digest: str
    blob: int
    code: int


_DISPUTABLE: Final = f"""WHERE component = ?1 AND outcome <> 'purged' AND number IN (
    WITH {EARLIER}, near AS ({LANDMARKS}
        UNION SELECT * FROM (SELECT number FROM revisions WHERE component = ?1 AND outcome <> 'purged'
            AND outcome IN ('active', 'superseded') ORDER BY number DESC LIMIT ?2)
        UNION SELECT * FROM (SELECT number FROM revisions WHERE component = ?1 AND outcome <> 'purged'
            AND activated_at IS NULL ORDER BY number DESC LIMIT ?2)
        UNION SELECT max(number) FROM revisions WHERE component = ?1 AND outcome <> 'purged'
            AND digest IN (SELECT digest FROM holds WHERE component = ?1) GROUP BY digest)
    SELECT number FROM near
    UNION SELECT * FROM (SELECT number FROM revisions WHERE component = ?1 AND outcome <> 'purged'
        AND outcome NOT IN ('active', 'candidate')
        AND NOT (stable AND (outcome_at IS NULL OR ?3 - outcome_at < {STABLE_FOR}))
        AND number NOT IN (SELECT number FROM near)
        AND number NOT IN (SELECT revision FROM pins WHERE component = ?1)
        ORDER BY number LIMIT ?4)) ORDER BY number"""  # noqa: S608 - literals
"""The part of a history on which the retention rules give the same result as on all of it.

It omits most kept revisions: those that are pinned or were stable within a day, and those after the first ones to be
collected.
"""


def excess(catalog: Catalog, component: str, now: float, limit: int = -1) -> Excess:
    """Return the items of a component that no retention rule keeps. Blocks on the catalog.

    Args:
        catalog: The catalog.
        component: Text form of the identity.
        now: Unix time.
        limit: Approximate number of revisions to return; all of them when negative.
    """
    active = catalog.database.count(_ACTIVE, (component,)) or None
    keep = _keep(catalog, component, active)
    rows = read_revisions(catalog.database, Revision, _DISPUTABLE, (component, keep, now, limit))
    pinned = {pin.revision for pin in catalog.pins(component)}
    kept = kept_revisions(
        rows,
        keep=keep,
        now=now,
        pinned=pinned,
        held={hold.digest for hold in catalog.holds(component)},
    )
    going = {row.number for row in rows} - kept.keys()
    infos = catalog.disputable_snapshots(component, going)
    saved = [Saved(info.id, info.revision, info.failed_by, info.cause == IMPORT) for info in infos]
    staying = _unpurged(catalog, component, {state.revision for state in saved}) - going
    states = kept_states(saved, kept=staying, pinned=pinned, active=active)
    return Excess(
        component,
        tuple(row for row in rows if row.number in going),
        tuple(info for info in reversed(infos) if info.id not in states),
        catalog.old_rows(component, now),
    )


def candidates(catalog: Catalog) -> tuple[str, ...]:
    """Return the components that may have items to collect. Blocks on the catalog."""
    rows = catalog.database.rows(
        """SELECT component FROM revisions WHERE outcome <> 'purged' GROUP BY component HAVING count(*) > 1
           UNION SELECT component FROM snapshots GROUP BY component HAVING count(*) > 1
           UNION SELECT component FROM events WHERE component IS NOT NULL GROUP BY component
           UNION SELECT component FROM decisions WHERE component IS NOT NULL GROUP BY component"""
    )
    return tuple(str(component) for (component,) in rows)


def take(catalog: Catalog, component: str, now: float) -> Excess:
    """Remove one batch of the items that no retention rule keeps; return that batch. Blocks on the catalog.

    The rules are evaluated anew each time, so a pin or a hold set in between takes effect.
    """
    found = excess(catalog, component, now, BATCH)
    batch = Excess(component, found.revisions[:BATCH], found.states[:BATCH], 0)
    with catalog.together():
        if batch.revisions:
            catalog.purge(component, [doomed.number for doomed in batch.revisions], at=now)
        if batch.states:
            catalog.drop_snapshots([info.id for info in batch.states])
        rows = catalog.trim_old(component, now) if found.rows else 0
    return msgspec.structs.replace(batch, rows=rows)


def orphans(state: StateDirectory, doomed: Collection[Revision] = ()) -> tuple[Orphan, ...]:
    """Return the artifacts that no kept revision refers to. Blocks on the disk.

    Args:
        state: The state directory.
        doomed: Revisions about to be purged, whose references do not count.
    """
    database = state.catalog.database
    found = {digest for (digest,) in database.rows(_CODE, (_numbers_of(doomed),))}
    gone = {(entry.component, entry.number) for entry in doomed}
    # The blobs come sorted: the revisions of those that begin alike are asked for at once, and few are in memory.
    for start, digests in groupby(state.blobs.digests(), key=lambda digest: digest[:_ALIKE]):
        named = database.rows(_NAMED, (start, f"{start}~"))
        staying = {digest for digest, component, number in named if (component, number) not in gone}
        found.update(digest for digest in digests if digest not in staying)
    return tuple(_orphan(state, digest) for digest in sorted(found))


def orphans_among(state: StateDirectory, digests: Iterable[str]) -> tuple[Orphan, ...]:
    """Return those of these artifacts that are on the disk without a kept revision. Blocks on the disk."""
    loose = (_orphan(state, digest) for digest in sorted(set(digests)) if not state.catalog.is_kept(digest))
    return tuple(orphan for orphan in loose if orphan.code or state.blobs.has(orphan.digest))


def remove(state: StateDirectory, batch: Iterable[Orphan]) -> tuple[Orphan, ...]:
    """Remove artifacts and their compiled code, except those that a revision refers to by now; return those removed."""
    going = tuple(orphan for orphan in batch if not state.catalog.is_kept(orphan.digest))
    for orphan in going:
        state.blobs.remove(orphan.digest)
    state.code.remove(*(orphan.digest for orphan in going))
    return going


_ACTIVE: Final = "SELECT number FROM revisions WHERE component = ? AND outcome = 'active'"

_STAYS: Final = """outcome <> 'purged'
    AND (component, number) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each({doomed}))"""
_CODE: Final = f"""SELECT DISTINCT digest FROM compiled_code
    WHERE digest NOT IN (SELECT digest FROM revisions WHERE {_STAYS.format(doomed="?1")})"""  # noqa: S608 - literals
_ALIKE: Final = len("sha256:") + 2
_NAMED: Final = """SELECT digest, component, number FROM revisions
    WHERE digest >= ? AND digest < ? AND outcome <> 'purged'"""


def _orphan(state: StateDirectory, digest: str) -> Orphan:
    return Orphan(digest, state.blobs.size(digest) if state.blobs.has(digest) else 0, state.code.size_of(digest))


def _numbers_of(doomed: Collection[Revision]) -> str:
    return msgspec.json.encode([(entry.component, entry.number) for entry in doomed]).decode()


def _unpurged(catalog: Catalog, component: str, numbers: Collection[int]) -> set[int]:
    rows = catalog.database.rows(
        """SELECT number FROM revisions WHERE component = ? AND outcome <> 'purged'
           AND number IN (SELECT value FROM json_each(?))""",
        (component, msgspec.json.encode(list(numbers)).decode()),
    )
    return {number for (number,) in rows}


def _keep(catalog: Catalog, component: str, active: int | None) -> int:
    record = catalog.revision(component, active) if active is not None else None
    return decode_manifest(record.manifest).deployment.keep if record is not None else Deployment().keep
