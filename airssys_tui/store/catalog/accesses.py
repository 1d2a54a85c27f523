"""What components attempted: denials with their counts, when what they may do was used, and how many calls they had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from airssys_tui.store.catalog.grant_records import DenialRecord, UseRecord
from airssys_tui.store.disk.database import Room

DENIAL_ROWS: Final = 200
"""Different denials kept per component; the ones longest ago are deleted and counted."""

USE_ROWS: Final = 500
"""Different accesses per component of which the use is kept."""


class Accesses(Room):
    """The tables of denials and uses."""

    def count_denials(self, denials: Sequence[DenialRecord]) -> None:
        """Add to the counts of denials, in one transaction."""
        with self._database.transaction("count-denials") as connection:
            connection.executemany(
                """INSERT INTO denials (component, access, reason, remedy, revision, count, first_at, last_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT DO UPDATE SET count = count + excluded.count, last_at = excluded.last_at,
                       remedy = excluded.remedy, revision = excluded.revision""",
                [
                    (d.component, d.access, d.reason, d.remedy, d.revision, d.count, d.first_at, d.last_at)
                    for d in denials
                ],
            )
            for component in sorted({denial.component for denial in denials}):
                gone = connection.execute(
                    """DELETE FROM denials WHERE component = ?1 AND (access, reason) IN (
                           SELECT access, reason FROM denials WHERE component = ?1
                           ORDER BY last_at DESC, access LIMIT -1 OFFSET ?2)""",
                    (component, DENIAL_ROWS),
                ).rowcount
                if gone:
                    connection.execute(
                        """INSERT INTO trimmed (stream, component, rows) VALUES ('denials', ?, ?)
                           ON CONFLICT DO UPDATE SET rows = rows + excluded.rows""",
                        (component, gone),
                    )

    def denials(self, component: str | None = None, *, limit: int = DENIAL_ROWS) -> tuple[DenialRecord, ...]:
        """Return denials, the latest first: of one component, or of all."""
        tail = "WHERE ?1 IS NULL OR component = ?1 ORDER BY last_at DESC, access LIMIT ?2"
        return self._database.records(DenialRecord, "denials", tail, (component, limit))

    def note_uses(self, uses: Sequence[UseRecord]) -> None:
        """Record that something granted was used, in one transaction; at most :data:`USE_ROWS` per component."""
        with self._database.transaction("note-uses") as connection:
            connection.executemany(
                """INSERT INTO uses (component, access, revision, first_at, last_at, calls)
                   SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (
                           SELECT 1 FROM uses WHERE component = ?1 AND access = ?2)
                       OR (SELECT count(*) FROM uses WHERE component = ?1) < ?7
                   ON CONFLICT DO UPDATE SET revision = excluded.revision, last_at = excluded.last_at,
                       calls = excluded.calls""",
                [(u.component, u.access, u.revision, u.first_at, u.last_at, u.calls, USE_ROWS) for u in uses],
            )

    def uses(self, component: str) -> tuple[UseRecord, ...]:
        """Return what a component has used, by its text."""
        return self._database.records(UseRecord, "uses", "WHERE component = ? ORDER BY access", (component,))

    def note_calls(self, totals: Mapping[str, int]) -> None:
        """Record how many calls components have finished in all runs, in one transaction; no total ever falls."""
        with self._database.transaction("note-calls") as connection:
            connection.executemany(
                """INSERT INTO call_totals (component, calls) VALUES (?, ?)
                   ON CONFLICT DO UPDATE SET calls = max(calls, excluded.calls)""",
                sorted(totals.items()),
            )

    def calls(self, component: str | None = None) -> dict[str, int]:
        """Return how many calls were finished in all runs, as far as recorded: by one component, or by each."""
        rows = self._database.rows(
            "SELECT component, calls FROM call_totals WHERE ?1 IS NULL OR component = ?1", (component,)
        )
        return {str(name): int(calls) for name, calls in rows}
