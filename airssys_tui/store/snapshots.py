"""State that components saved: bytes with their digest, the revision that saved them, and who could not load them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

import msgspec

from airssys_tui.core.errors import BlobCorrupt, StoreError
from airssys_tui.core.identity import digest_of
from airssys_tui.store.database import Room
from airssys_tui.store.records import NewSnapshot, Snapshot, SnapshotInfo

_SELECT = """SELECT id, component, revision, schema_tag, payload_kind, cause, at, digest, size, version,
    exported_from, (SELECT group_concat(f.revision) FROM failed_loads AS f WHERE f.snapshot = id) FROM snapshots """


class Snapshots(Room):
    """The tables of snapshots and failed loads."""

    def add_snapshot(self, snapshot: NewSnapshot) -> SnapshotInfo:
        """Keep a snapshot.

        Raises:
            StoreError: The component has no such revision.
            DiskFull: There is no room.
        """
        with self._database.transaction("add-snapshot") as connection:
            number = write_snapshot(connection, snapshot)
        return self.snapshot(number).info

    def snapshots(self, component: str) -> tuple[SnapshotInfo, ...]:
        """Return a component's snapshots without their bytes, newest first."""
        return self._infos("WHERE component = ? ORDER BY id DESC", component)

    def snapshot(self, snapshot: int) -> Snapshot:
        """Return one snapshot with its bytes, checked.

        Raises:
            StoreError: There is no such snapshot.
            BlobCorrupt: Its bytes do not have their digest.
        """
        infos = self._infos("WHERE id = ?", snapshot)
        rows = self._database.rows("SELECT data FROM snapshots WHERE id = ?", (snapshot,))
        if not infos or not rows:
            raise StoreError(f"there is no snapshot {snapshot}")
        info, data = infos[0], bytes(rows[0][0])
        if digest_of(data) != info.digest:
            raise BlobCorrupt(
                f"snapshot {snapshot} of {info.component} does not have its digest",
                remedy="go on from an older snapshot or from a fresh state",
                component=info.component,
                revision=info.revision,
            )
        return Snapshot(info, data)

    def latest_snapshot(self, component: str, revision: int | None = None) -> Snapshot | None:
        """Return the newest snapshot of a component, or of one of its revisions, with its bytes.

        Raises:
            BlobCorrupt: Its bytes do not have their digest.
        """
        newest = self._database.count(
            "SELECT max(id) FROM snapshots WHERE component = ?1 AND revision = coalesce(?2, revision)",
            (component, revision),
        )
        return self.snapshot(newest) if newest else None

    def drop_snapshots(self, numbers: Collection[int]) -> int:
        """Give up snapshots; returns how many there were."""
        with self._database.transaction("drop-snapshots") as connection:
            done = connection.executemany("DELETE FROM snapshots WHERE id = ?", [(number,) for number in numbers])
            return done.rowcount

    def states_size(self) -> int:
        """Return the bytes of every snapshot kept."""
        return self._database.count("SELECT sum(size) FROM snapshots")

    def mark_snapshot_failed(self, snapshot: int, revision: int, *, at: float | None = None) -> None:
        """Remember that a revision could not load a snapshot, so that it is not tried again.

        Raises:
            StoreError: There is no such snapshot.
        """
        with self._database.transaction("mark-snapshot-failed") as connection:
            connection.execute(
                "INSERT OR REPLACE INTO failed_loads (snapshot, revision, at) VALUES (?, ?, ?)",
                (snapshot, revision, self._time(at)),
            )

    def _infos(self, tail: str, parameter: str | int) -> tuple[SnapshotInfo, ...]:
        rows = self._database.rows(_SELECT + tail, (parameter,))
        return tuple(msgspec.structs.replace(SnapshotInfo(*row), failed_by=_numbers(row[-1])) for row in rows)


def write_snapshot(connection: sqlite3.Connection, snapshot: NewSnapshot) -> int:
    """Write a snapshot inside a transaction; returns its id."""
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


def _numbers(joined: str | None) -> tuple[int, ...]:
    return tuple(sorted(int(number) for number in joined.split(","))) if joined else ()
