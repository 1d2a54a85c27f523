"""Pins and notes that operators put on revisions."""

from __future__ import annotations

from airssys_tui.store.catalog.records import AnnotationRecord, PinRecord
from airssys_tui.store.catalog.revisions import require_revision
from airssys_tui.store.disk.database import Room


class Pins(Room):
    """The tables of pins and annotations."""

    def pin(self, component: str, number: int, *, who: str, at: float | None = None) -> bool:
        """Keep a revision until it is unpinned; return whether it was not pinned before.

        Raises:
            StoreError: The revision does not exist.
        """
        with self._database.transaction("pin") as connection:
            found = connection.execute(
                "SELECT 1 FROM revisions WHERE component = ? AND number = ?", (component, number)
            ).fetchall()
            require_revision(len(found), component, number)
            done = connection.execute(
                "INSERT OR IGNORE INTO pins (component, revision, at, who) VALUES (?, ?, ?, ?)",
                (component, number, self._time(at), who),
            )
            return done.rowcount > 0

    def unpin(self, component: str, number: int) -> bool:
        """Subject a revision to the retention rules again; return whether it was pinned."""
        with self._database.transaction("pin") as connection:
            done = connection.execute("DELETE FROM pins WHERE component = ? AND revision = ?", (component, number))
            return done.rowcount > 0

    def pins(self, component: str) -> tuple[PinRecord, ...]:
        """Return the pinned revisions of a component, ordered by number."""
        return self._database.records(PinRecord, "pins", "WHERE component = ? ORDER BY revision", (component,))

    def annotate(self, component: str, number: int, note: str, *, who: str, at: float | None = None) -> None:
        """Set the note of a revision; earlier notes stay in :meth:`annotations`.

        Raises:
            StoreError: The revision does not exist.
        """
        with self._database.transaction("annotate") as connection:
            done = connection.execute(
                "UPDATE revisions SET note = ? WHERE component = ? AND number = ?", (note, component, number)
            )
            require_revision(done.rowcount, component, number)
            connection.execute(
                "INSERT INTO annotations (component, revision, note, at, who) VALUES (?, ?, ?, ?, ?)",
                (component, number, note, self._time(at), who),
            )

    def annotations(self, component: str) -> tuple[AnnotationRecord, ...]:
        """Return all notes ever written on a component's revisions, oldest first."""
        return self._database.records(AnnotationRecord, "annotations", "WHERE component = ? ORDER BY id", (component,))
