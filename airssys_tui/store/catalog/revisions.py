"""The history of each component: numbered revisions that are added and never deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import Any, Final, TypeVar

import msgspec

from airssys_tui.core.errors import StoreError
from airssys_tui.core.revision import Cause, Outcome, Revision
from airssys_tui.store.catalog.components import require_known
from airssys_tui.store.catalog.records import RevisionRecord
from airssys_tui.store.disk.database import Database, Parameters, Room

_COLUMNS: Final = RevisionRecord.__struct_fields__
_INSERT: Final = f"INSERT INTO revisions ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - field names
ACTIVE: Final = "active"
CANDIDATE: Final = "candidate"
RevisionT = TypeVar("RevisionT", bound=Revision)


RETAINED: Final = 10
"""Number of a component's revisions whose artifacts and compiled code are kept for a rollback."""


class Revisions(Room):
    """The table of revisions."""

    def add_revision(self, revision: RevisionRecord, *, deployment: int | None = None) -> RevisionRecord:
        """Add a candidate under the component's next number, which no revision has ever had, not even a purged one.

        Args:
            revision: The candidate; its ``number`` is ignored.
            deployment: The deployment that created the candidate; it will refer to the candidate.

        Returns:
            The revision with its number.

        Raises:
            UnknownComponent: The component is unknown.
            StoreError: The outcome is ``active``: only :meth:`Catalog.activate` makes a revision active.
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

    def revision(self, component: str, number: int) -> RevisionRecord | None:
        """Return one revision, or None."""
        tail = "WHERE component = ? AND number = ?"
        return next(iter(read_revisions(self._database, RevisionRecord, tail, (component, number))), None)

    def active_revision(self, component: str) -> RevisionRecord | None:
        """Return the active revision: the one that serves, or that served when the runtime last ran."""
        tail = "WHERE component = ? AND outcome = 'active'"
        return next(iter(read_revisions(self._database, RevisionRecord, tail, (component,))), None)

    def retained_digests(self, keep: int = RETAINED) -> frozenset[str]:
        """Return the artifacts that a rollback may need.

        These are the artifacts of each component's last ``keep`` revisions that served, and of the pinned ones.
        """
        rows = self._database.rows(
            """SELECT digest FROM (SELECT digest, row_number() OVER (PARTITION BY component ORDER BY number DESC)
                   AS place FROM revisions WHERE outcome IN ('active', 'superseded')) WHERE place <= ?
               UNION SELECT digest FROM revisions JOIN pins
                   ON pins.component = revisions.component AND pins.revision = number WHERE outcome <> 'purged'""",
            (keep,),
        )
        return frozenset(digest for (digest,) in rows)

    def is_kept(self, digest: str) -> bool:
        """Return whether any revision that is not purged refers to an artifact."""
        tail = "FROM revisions WHERE digest = ? AND outcome <> 'purged'"
        return bool(self._database.count(f"SELECT EXISTS (SELECT 1 {tail})", (digest,)))

    def purge(self, component: str, numbers: Collection[int], *, at: float | None = None) -> int:
        """Release the code of revisions; their history entries stay, with their earlier outcome.

        Returns:
            The number of revisions purged: active, candidate and purged ones are skipped.
        """
        with self._database.transaction("purge") as connection:
            done = connection.executemany(
                """UPDATE revisions SET purged_from = outcome, purged_at = ?, outcome = 'purged'
                   WHERE component = ? AND number = ? AND outcome NOT IN ('active', 'candidate', 'purged')""",
                [(self._time(at), component, number) for number in numbers],
            )
            return done.rowcount

    def set_outcome(self, component: str, number: int, outcome: str, reason: str, at: float | None = None) -> None:
        """Record the outcome of a revision and its reason.

        Raises:
            StoreError: The revision or outcome does not exist, or the outcome is ``active``: only
                :meth:`Catalog.activate` makes a revision active.
        """
        _refuse_active(outcome, component, number)
        with self._database.transaction("set-outcome") as connection:
            write_outcome(connection, component, number, outcome, reason=reason, at=self._time(at))

    def quarantined(self, component: str) -> tuple[RevisionRecord, ...]:
        """Return a component's quarantined revisions, oldest first."""
        tail = "WHERE component = ? AND outcome = 'quarantined' ORDER BY number"
        return read_revisions(self._database, RevisionRecord, tail, (component,))

    def served_before(self, component: str, number: int) -> int | None:
        """Return the newest earlier revision that was ever active, or None."""
        found = self._database.count(
            "SELECT max(number) FROM revisions WHERE component = ? AND number < ? AND activated_at IS NOT NULL",
            (component, number),
        )
        return found or None

    def reinstate(self, component: str, number: int, reason: str, at: float | None = None) -> None:
        """Make a quarantined revision active again while no other is active, for when no earlier one could replace it.

        Raises:
            StoreError: The revision is not quarantined, or another one is active.
        """
        with self._database.transaction("reinstate") as connection:
            rows = connection.execute(
                "SELECT number, outcome FROM revisions WHERE component = ? AND (number = ? OR outcome = 'active')",
                (component, number),
            ).fetchall()
            if rows != [(number, "quarantined")]:
                raise StoreError(
                    f"r{number} of {component} cannot be made active again", component=component, revision=number
                )
            write_outcome(connection, component, number, ACTIVE, reason=reason, at=self._time(at))

    def set_interface(self, component: str, number: int, interface: str) -> None:
        """Record a candidate's interface once it is compiled; written only once, and the same again changes nothing.

        Raises:
            StoreError: The revision does not exist, or another interface is already recorded.
        """
        with self._database.transaction("set-interface") as connection:
            done = connection.execute(
                """UPDATE revisions SET interface = ?1
                   WHERE component = ?2 AND number = ?3 AND (interface IS NULL OR interface = ?1)""",
                (interface, component, number),
            )
            if done.rowcount == 0:
                raise StoreError(
                    f"r{number} of {component} does not expect an interface", component=component, revision=number
                )

    def set_stable(self, component: str, number: int, *, stable: bool = True) -> None:
        """Mark a revision as stable, or remove the mark.

        Raises:
            StoreError: The revision does not exist.
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
        StoreError: The revision does not exist.
    """
    done = connection.execute(
        """UPDATE revisions SET outcome = ?, outcome_reason = ?, outcome_at = ?
           WHERE component = ? AND number = ?""",
        (outcome, reason, at, component, number),
    )
    require_revision(done.rowcount, component, number)


def require_revision(rows: int, component: str, number: int) -> None:
    """Reject a write that matched no revision.

    Raises:
        StoreError: If no row was changed.
    """
    if rows == 0:
        raise StoreError(f"{component} has no revision r{number}", component=component, revision=number)


def _refuse_active(outcome: str, component: str, number: int) -> None:
    if outcome == ACTIVE:
        raise StoreError("only an activation makes a revision active", component=component, revision=number)


def read_revisions(
    database: Database, kind: type[RevisionT], tail: str, parameters: Parameters = ()
) -> tuple[RevisionT, ...]:
    """Return rows of the table of revisions as values: whole records, or revisions without their documents.

    Args:
        database: The connection.
        kind: What to return; its fields are the columns that are read.
        tail: The statement from ``WHERE`` on, a literal of the calling module.
        parameters: Its values.
    """
    columns = kind.__struct_fields__
    rows = database.rows(f"SELECT {', '.join(columns)} FROM revisions {tail}", parameters)  # noqa: S608 - see tail
    return tuple(_revision(kind, dict(zip(columns, row, strict=True))) for row in rows)


def _revision(kind: type[RevisionT], row: dict[str, Any]) -> RevisionT:
    # SQLite knows only numbers and text.
    before = row["purged_from"]
    row |= {
        "stable": bool(row["stable"]),
        "cause": Cause(row["cause"]),
        "outcome": Outcome(row["outcome"]),
        "purged_from": Outcome(before) if before is not None else None,
    }
    return kind(**row)
