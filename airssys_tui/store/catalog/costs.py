"""Costs of each revision's calls, and the evidence that it has given; the baseline of the next revision."""

from __future__ import annotations

import sqlite3

import msgspec

from airssys_tui.store.catalog.records import CostRecord
from airssys_tui.store.disk.database import Room


class Costs(Room):
    """The table of costs; one row per revision that was called and whose code is kept."""

    def keep_costs(self, component: str, revision: int, record: CostRecord) -> None:
        """Store the costs of a revision, replacing earlier ones, and drop those of purged revisions.

        Args:
            component: Text form of the identity.
            revision: The revision's number.
            record: What its calls cost so far.

        Raises:
            StoreError: The revision does not exist.
        """
        with self._database.transaction("keep-costs") as connection:
            write_costs(connection, component, revision, record)

    def costs(self, component: str) -> dict[int, CostRecord]:
        """Return what is recorded by revision, oldest first."""
        rows = self._database.rows(
            "SELECT revision, figures, calls, faults, tried, engine FROM costs WHERE component = ? ORDER BY revision",
            (component,),
        )
        return {
            int(revision): CostRecord(str(figures), int(calls), int(faults), bool(tried), str(engine))
            for revision, figures, calls, faults, tried, engine in rows
        }


def write_costs(connection: sqlite3.Connection, component: str, revision: int, record: CostRecord) -> None:
    """Write the costs of a revision inside a transaction; drop those of purged revisions."""
    connection.execute(
        """INSERT OR REPLACE INTO costs (component, revision, figures, calls, faults, tried, engine)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (component, revision, *msgspec.structs.astuple(record)),
    )
    connection.execute(
        """DELETE FROM costs WHERE component = ?1 AND revision IN
           (SELECT number FROM revisions WHERE component = ?1 AND outcome = 'purged')""",
        (component,),
    )
