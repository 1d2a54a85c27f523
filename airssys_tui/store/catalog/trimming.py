"""Age limit for decisions and events: old rows are deleted, except the newest of each component."""

from __future__ import annotations

from typing import Final

from airssys_tui.store.disk.database import Room

AGE: Final = 30 * 86_400.0
"""Seconds after which a row is old."""

YOUNG: Final = 200
"""Newest rows of each component and stream that are kept at any age: they describe its last change."""

BATCH: Final = 500
"""Maximum rows deleted in one transaction."""

STREAMS: Final = ("events", "decisions")

_OLD: Final = """FROM {table} WHERE component IS ?1 AND at < ?2 AND id <= (
    SELECT id FROM {table} WHERE component IS ?1 ORDER BY id DESC LIMIT 1 OFFSET ?3)"""


class Trimming(Room):
    """Deletion of rows by age; counted in the same table as rows trimmed on append."""

    def old_rows(self, component: str | None, now: float) -> int:
        """Return the number of old rows of a component (or of those that concern no component)."""
        return sum(
            self._database.count("SELECT count(*) " + _OLD.format(table=table), (component, now - AGE, YOUNG))
            for table in STREAMS
        )

    def trim_old(self, component: str | None, now: float) -> int:
        """Delete at most :data:`BATCH` old rows of each stream of a component; return how many."""
        gone = 0
        with self._database.transaction("trim") as connection:
            for table in STREAMS:
                old = "SELECT id " + _OLD.format(table=table) + " ORDER BY id LIMIT ?4"
                done = connection.execute(
                    f"DELETE FROM {table} WHERE id IN ({old})",  # noqa: S608 - one of two literals
                    (component, now - AGE, YOUNG, BATCH),
                ).rowcount
                gone += done
                if done:
                    connection.execute(
                        """INSERT INTO trimmed (stream, component, rows) VALUES (?, ?, ?)
                           ON CONFLICT DO UPDATE SET rows = rows + excluded.rows""",
                        (table, component or "", done),
                    )
        return gone
