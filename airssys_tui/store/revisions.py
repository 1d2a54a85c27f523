"""The history of each component: numbered revisions that are added and never taken away."""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from airssys_tui.core.errors import StoreError
from airssys_tui.store.components import require_known
from airssys_tui.store.database import Room
from airssys_tui.store.records import RevisionRecord

_COLUMNS: Final = RevisionRecord.__struct_fields__
_INSERT: Final = f"INSERT INTO revisions ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - field names
ACTIVE: Final = "active"
CANDIDATE: Final = "candidate"


RETAINED: Final = 10
"""Revisions of a component whose artifacts and compiled code are kept for a rollback."""


class Revisions(Room):
    """The table of revisions."""

    def add_revision(self, revision: RevisionRecord, *, deployment: int | None = None) -> RevisionRecord:
        """Add a candidate under the component's next number, which no revision had before it, purged ones included.

        Args:
            revision: The candidate; its ``number`` is not looked at.
            deployment: The deployment that made it, which then names it.

        Returns:
            The revision with its number.

        Raises:
            UnknownComponent: The component was never met.
            StoreError: Only :meth:`Catalog.activate` makes a revision active.
        """
        _refuse_active(revision.outcome, revision.component, revision.number)
        with self._database.transaction("add-revision") as connection:
            rows = connection.execute(
                "UPDATE components SET last_revision = last_revision + 1 WHERE id = ? RETURNING last_revision",
                (revision.component,),
            ).fetchall()
            require_known(len(rows), revision.component)
            numbered = msgspec.structs.replace(revision, number=rows[0][0])
            connection.execute(_INSERT, msgspec.structs.astuple(numbered))
            if deployment is not None:
                connection.execute("UPDATE deployments SET revision = ? WHERE id = ?", (numbered.number, deployment))
        return numbered

    def revisions(self, component: str) -> tuple[RevisionRecord, ...]:
        """Return a component's history, newest first."""
        tail = "WHERE component = ? ORDER BY number DESC"
        return tuple(map(_typed, self._database.records(RevisionRecord, "revisions", tail, (component,))))

    def revision(self, component: str, number: int) -> RevisionRecord | None:
        """Return one revision, if there is one of that number."""
        tail = "WHERE component = ? AND number = ?"
        return next(map(_typed, self._database.records(RevisionRecord, "revisions", tail, (component, number))), None)

    def active_revision(self, component: str) -> RevisionRecord | None:
        """Return the revision that serves, or served when the runtime last ran."""
        tail = "WHERE component = ? AND outcome = 'active'"
        return next(map(_typed, self._database.records(RevisionRecord, "revisions", tail, (component,))), None)

    def retained_digests(self, keep: int = RETAINED) -> frozenset[str]:
        """Return the artifacts that a rollback may need: of each component's last ``keep`` revisions that served."""
        rows = self._database.rows(
            "SELECT DISTINCT digest FROM (SELECT digest, row_number() OVER"
            " (PARTITION BY component ORDER BY number DESC) AS place"
            " FROM revisions WHERE outcome IN ('active', 'superseded')) WHERE place <= ?",
            (keep,),
        )
        return frozenset(digest for (digest,) in rows)

    def set_outcome(self, component: str, number: int, outcome: str, reason: str, at: float | None = None) -> None:
        """Record what became of a revision and why.

        Raises:
            StoreError: There is no such revision or outcome, or the outcome is ``active``: only
                :meth:`Catalog.activate` makes a revision active.
        """
        _refuse_active(outcome, component, number)
        with self._database.transaction("set-outcome") as connection:
            write_outcome(connection, component, number, outcome, reason=reason, at=self._time(at))

    def set_interface(self, component: str, number: int, interface: str) -> None:
        """Record a candidate's interface, which is known once it is compiled; it is written once.

        Raises:
            StoreError: There is no such revision, or its interface is known already.
        """
        with self._database.transaction("set-interface") as connection:
            done = connection.execute(
                "UPDATE revisions SET interface = ? WHERE component = ? AND number = ? AND interface IS NULL",
                (interface, component, number),
            )
            if done.rowcount == 0:
                raise StoreError(
                    f"r{number} of {component} does not wait for an interface", component=component, revision=number
                )

    def mark_stable(self, component: str, number: int, *, stable: bool = True) -> None:
        """Record that a revision served well, or that the operator says so (or takes it back).

        Raises:
            StoreError: There is no such revision.
        """
        with self._database.transaction("mark-stable") as connection:
            done = connection.execute(
                "UPDATE revisions SET stable = ? WHERE component = ? AND number = ?", (int(stable), component, number)
            )
            require_revision(done.rowcount, component, number)


def write_outcome(
    connection: sqlite3.Connection, component: str, number: int, outcome: str, *, reason: str, at: float
) -> None:
    """Write an outcome inside a transaction.

    Raises:
        StoreError: There is no such revision.
    """
    done = connection.execute(
        """UPDATE revisions SET outcome = ?, outcome_reason = ?, outcome_at = ?
           WHERE component = ? AND number = ?""",
        (outcome, reason, at, component, number),
    )
    require_revision(done.rowcount, component, number)


def require_revision(rows: int, component: str, number: int) -> None:
    """Refuse a write that met no revision.

    Raises:
        StoreError: If no row was changed.
    """
    if rows == 0:
        raise StoreError(f"{component} has no revision r{number}", component=component, revision=number)


def _refuse_active(outcome: str, component: str, number: int) -> None:
    if outcome == ACTIVE:
        raise StoreError("a revision becomes active by an activation only", component=component, revision=number)


def _typed(row: RevisionRecord) -> RevisionRecord:
    return msgspec.structs.replace(row, stable=bool(row.stable))
