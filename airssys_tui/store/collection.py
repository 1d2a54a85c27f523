"""Collection in a state directory: what no rule keeps is found by one function, and taken away in small steps.

The order survives a kill at any moment: a revision is marked as purged before its code goes, and the record of compiled
code goes before its file. What nothing refers to any more is found again by :func:`orphans`, whoever left it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from airssys_tui.core.manifest.document import decode_manifest
from airssys_tui.core.manifest.structure import Deployment
from airssys_tui.core.retention import STABLE_FOR, Saved, kept_revisions, kept_states
from airssys_tui.core.revision import Revision
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.history import EARLIER, LANDMARKS
from airssys_tui.store.catalog.records import SnapshotInfo
from airssys_tui.store.catalog.revisions import read_revisions
from airssys_tui.store.directory import StateDirectory

IMPORT: Final = "import"
"""Cause of a snapshot that came from outside."""

BATCH: Final = 25
"""Revisions, states and artifacts that go in one step."""


class Excess(msgspec.Struct, frozen=True):
    """What no rule keeps of one component: revisions and states, oldest first, and how many old rows."""

    component: str
    revisions: tuple[Revision, ...] = ()
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
"""What the rules have to see of a history to take away what they would with all of it.

Left out is most of what is kept: what is pinned or stable within a day, and what comes after the first ones that go.
"""


def excess(catalog: Catalog, component: str, now: float, limit: int = -1) -> Excess:
    """Return what no rule keeps of a component. Blocks on the catalog.

    Args:
        catalog: Where it is recorded.
        component: Text form of the identity.
        now: Unix time.
        limit: Revisions that are enough, about; all of them when below 0.
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
    """Return the components of which there may be something to collect. Blocks on the catalog."""
    rows = catalog.database.rows(
        """SELECT component FROM revisions WHERE outcome <> 'purged' GROUP BY component HAVING count(*) > 1
           UNION SELECT component FROM snapshots GROUP BY component HAVING count(*) > 1
           UNION SELECT component FROM events WHERE component IS NOT NULL GROUP BY component
           UNION SELECT component FROM decisions WHERE component IS NOT NULL GROUP BY component"""
    )
    return tuple(str(component) for (component,) in rows)


def take(catalog: Catalog, component: str, now: float) -> Excess:
    """Take one batch of what no rule keeps of a component away; returns that batch. Blocks on the catalog.

    What is kept is found out anew each time: nothing that was said meanwhile is overlooked.
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
    """Return the artifacts to which no revision refers that is kept. Blocks on the disk.

    Args:
        state: The state directory.
        doomed: Revisions that are about to be purged: they keep nothing.
    """
    gone = _numbers_of(doomed)
    database, found = state.catalog.database, {digest for (digest,) in state.catalog.database.rows(_CODE, (gone,))}
    found.update(digest for digest in state.blobs.digests() if not database.count(_IS_KEPT, (digest, gone)))
    return tuple(_orphan(state, digest) for digest in sorted(found))


def orphans_among(state: StateDirectory, digests: Iterable[str]) -> tuple[Orphan, ...]:
    """Return which of these artifacts are kept on the disk and for nothing. Blocks on the disk."""
    loose = (_orphan(state, digest) for digest in sorted(set(digests)) if not state.catalog.is_kept(digest))
    return tuple(orphan for orphan in loose if orphan.code or state.blobs.has(orphan.digest))


def remove(state: StateDirectory, batch: Iterable[Orphan]) -> tuple[Orphan, ...]:
    """Remove artifacts and their compiled code, but for those to which a revision refers by now; returns which went."""
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
_IS_KEPT: Final = f"SELECT EXISTS (SELECT 1 FROM revisions WHERE digest = ?1 AND {_STAYS.format(doomed='?2')})"  # noqa: S608 - literals


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
