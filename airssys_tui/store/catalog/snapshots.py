"""Saved states of components: bytes with their digest, the revision that saved them, and failed attempts to load."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

import msgspec

from airssys_tui.core.errors import BlobCorrupt, StoreError
from airssys_tui.core.identity import digest_of
from airssys_tui.store.catalog.excerpts import PAGE
from airssys_tui.store.catalog.records import NewSnapshot, SnapshotInfo, StateSnapshot
from airssys_tui.store.disk.database import Room

_SELECT = """SELECT id, component, revision, schema_tag, payload_kind, cause, at, digest, size, version,
    exported_from, (SELECT group_concat(f.revision) FROM failed_loads AS f WHERE f.snapshot = id) FROM snapshots """


_DISPUTABLE = """WHERE id IN (
    SELECT id FROM snapshots WHERE component = ?1 AND revision IN (
        SELECT value FROM json_each(?2)
        UNION SELECT revision FROM snapshots WHERE component = ?1 GROUP BY revision HAVING count(*) > 1
        UNION SELECT revision FROM snapshots AS s WHERE component = ?1 AND NOT EXISTS (
            SELECT 1 FROM revisions AS r WHERE r.component = ?1 AND r.number = s.revision AND r.outcome <> 'purged'))
    UNION SELECT * FROM (SELECT id FROM snapshots WHERE component = ?1 ORDER BY id DESC LIMIT ?3)
    UNION SELECT * FROM (
        SELECT id FROM snapshots WHERE component = ?1 AND cause = 'import' ORDER BY id DESC LIMIT ?4)
    UNION SELECT * FROM (
        SELECT id FROM snapshots WHERE component = ?1 AND cause <> 'import' AND NOT EXISTS (
            SELECT 1 FROM failed_loads JOIN revisions
            ON revisions.component = ?1 AND number = failed_loads.revision AND outcome = 'active'
            WHERE snapshot = snapshots.id)
        ORDER BY id DESC LIMIT 1))
    ORDER BY id DESC"""


class Snapshots(Room):
    """The tables of snapshots and failed loads."""

    def add_snapshot(self, snapshot: NewSnapshot) -> SnapshotInfo:
        """Store a snapshot.

        Raises:
            StoreError: The component has no such revision.
            DiskFull: No space left on the disk.
        """
        with self._database.transaction("add-snapshot") as connection:
            number = write_snapshot(connection, snapshot)
        return self.snapshot(number).info

    def snapshots(
        self, component: str, *, revision: int | None = None, limit: int = PAGE, before: int | None = None
    ) -> tuple[SnapshotInfo, ...]:
        """Return the newest snapshots without their bytes, newest first.

        Args:
            component: Text form of the identity.
            revision: Only snapshots of this revision.
            limit: Maximum number of snapshots.
            before: Only snapshots with a smaller number.
        """
        whose = "component = ?1" + (" AND revision = ?2" if revision is not None else " AND ?2 IS NULL")
        tail = f"WHERE {whose} AND (?3 IS NULL OR id < ?3) ORDER BY id DESC LIMIT ?4"
        return self._infos(tail, component, revision, before, limit)

    def snapshot_info(self, component: str, snapshot: int) -> SnapshotInfo | None:
        """Return one snapshot of a component without its bytes, or None."""
        return next(iter(self._infos("WHERE component = ? AND id = ?", component, snapshot)), None)

    def last_states(self, component: str, revisions: Collection[int]) -> dict[int, tuple[int, float]]:
        """Return the size and time of the newest snapshot of each of some revisions."""
        rows = self._database.rows(
            """SELECT revision, size, at FROM snapshots WHERE id IN (SELECT max(id) FROM snapshots
               WHERE component = ? AND revision IN (SELECT value FROM json_each(?)) GROUP BY revision)""",
            (component, _json(revisions)),
        )
        return {revision: (size, at) for revision, size, at in rows}

    def disputable_snapshots(self, component: str, going: Collection[int]) -> tuple[SnapshotInfo, ...]:
        """Return the snapshots that the retention rules need, newest first.

        The only snapshot of a kept revision is kept and does not affect others, unless it is among the newest. Most
        snapshots are of this kind, so they are omitted.

        Args:
            component: Text form of the identity.
            going: Revisions that no rule keeps.
        """
        from airssys_tui.core.retention import IMPORTS, STATES  # noqa: PLC0415 - late: not needed for a list

        return self._infos(_DISPUTABLE, component, _json(going), STATES, IMPORTS)

    def snapshot(self, snapshot: int) -> StateSnapshot:
        """Return one snapshot with its bytes, verified.

        Raises:
            StoreError: The snapshot does not exist.
            BlobCorrupt: Its bytes do not match their digest.
        """
        infos = self._infos("WHERE id = ?", snapshot)
        rows = self._database.rows("SELECT data FROM snapshots WHERE id = ?", (snapshot,))
        if not infos or not rows:
            raise StoreError(f"no snapshot {snapshot}")
        info, data = infos[0], bytes(rows[0][0])
        if digest_of(data) != info.digest:
            raise BlobCorrupt(
                f"snapshot {snapshot} of {info.component} does not match its digest",
                remedy="continue from an older snapshot or from a fresh state",
                component=info.component,
                revision=info.revision,
            )
        return StateSnapshot(info, data)

    def latest_snapshot(self, component: str, revision: int | None = None) -> StateSnapshot | None:
        """Return the newest snapshot of a component, or of one of its revisions, with its bytes.

        Raises:
            BlobCorrupt: Its bytes do not match their digest.
        """
        newest = self._database.count(
            "SELECT max(id) FROM snapshots WHERE component = ?1 AND revision = coalesce(?2, revision)",
            (component, revision),
        )
        return self.snapshot(newest) if newest else None

    def drop_snapshots(self, numbers: Collection[int]) -> int:
        """Delete snapshots; return how many existed."""
        with self._database.transaction("drop-snapshots") as connection:
            done = connection.executemany("DELETE FROM snapshots WHERE id = ?", [(number,) for number in numbers])
            return done.rowcount

    def states_size(self) -> int:
        """Return the total bytes of all snapshots."""
        return self._database.count("SELECT sum(size) FROM snapshots")

    def mark_snapshot_failed(self, snapshot: int, revision: int, *, at: float | None = None) -> None:
        """Record that a revision failed to load a snapshot, so that it is not retried.

        Raises:
            StoreError: The snapshot does not exist.
        """
        with self._database.transaction("mark-snapshot-failed") as connection:
            connection.execute(
                "INSERT OR REPLACE INTO failed_loads (snapshot, revision, at) VALUES (?, ?, ?)",
                (snapshot, revision, self._time(at)),
            )

    def _infos(self, tail: str, *parameters: str | int | None) -> tuple[SnapshotInfo, ...]:
        rows = self._database.rows(_SELECT + tail, parameters)
        return tuple(msgspec.structs.replace(SnapshotInfo(*row), failed_by=_numbers(row[-1])) for row in rows)


def write_snapshot(connection: sqlite3.Connection, snapshot: NewSnapshot) -> int:
    """Write a snapshot inside a transaction; return its id."""
    fields = msgspec.structs.asdict(snapshot)
    fields.update(digest=digest_of(snapshot.data), size=len(snapshot.data))
    row = connection.execute(
        """INSERT INTO snapshots (component, revision, schema_tag, payload_kind, cause, at, digest, size, data, version,
               exported_from)
           VALUES (:component, :revision, :schema_tag, :payload_kind, :cause, :at, :digest, :size, :data, :version,
               :exported_from)
           RETURNING id""",
        fields,
    ).fetchall()
    return int(row[0][0])


def _json(numbers: Collection[int]) -> str:
    return msgspec.json.encode(list(numbers)).decode()


def _numbers(joined: str | None) -> tuple[int, ...]:
    return tuple(sorted(int(number) for number in joined.split(","))) if joined else ()
