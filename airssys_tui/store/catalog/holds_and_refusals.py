"""Digests that must not be redeployed automatically: held ones, and candidates that a gate refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from airssys_tui.store.catalog.records import Hold, Refusal
from airssys_tui.store.disk.database import Room


class Verdicts(Room):
    """The tables of holds and refusals."""

    def holds(self, component: str) -> tuple[Hold, ...]:
        """Return the digests held for a component, oldest first."""
        return self._database.records(Hold, "holds", "WHERE component = ? ORDER BY at, digest", (component,))

    def hold(self, component: str, hold: Hold) -> None:
        """Hold a digest outside an activation, such as one found on disk later."""
        with self._database.transaction("hold") as connection:
            write_holds(connection, component, (hold,))

    def lift_hold(self, component: str, digest: str | None = None) -> int:
        """Lift one hold, or all holds of the component; return the number lifted."""
        with self._database.transaction("lift-hold") as connection:
            return connection.execute(
                "DELETE FROM holds WHERE component = ?1 AND digest = coalesce(?2, digest)", (component, digest)
            ).rowcount

    def remember_refusal(self, refusal: Refusal) -> None:
        """Record that a gate refused this digest with this manifest; replaces an older refusal."""
        with self._database.transaction("remember-refusal") as connection:
            write_refusals(connection, (refusal,))

    def refusal(self, component: str, digest: str, manifest_digest: str) -> Refusal | None:
        """Return the refusal of this digest with this manifest, or None."""
        tail = "WHERE component = ? AND digest = ? AND manifest_digest = ?"
        found = self._database.records(Refusal, "refusals", tail, (component, digest, manifest_digest))
        return found[0] if found else None

    def refusals(self, component: str) -> tuple[Refusal, ...]:
        """Return all recorded refusals of a component, newest first."""
        return self._database.records(Refusal, "refusals", "WHERE component = ? ORDER BY at DESC", (component,))

    def forget_refusals(self, component: str) -> int:
        """Delete all refusals of a component; return the number deleted."""
        with self._database.transaction("forget-refusals") as connection:
            return connection.execute("DELETE FROM refusals WHERE component = ?", (component,)).rowcount


def write_refusals(connection: sqlite3.Connection, refusals: Sequence[Refusal]) -> None:
    """Write refusals inside a transaction; replaces one of the same files."""
    connection.executemany(
        """INSERT OR REPLACE INTO refusals (component, digest, manifest_digest, gate, reason, at, program, revision)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        [msgspec.structs.astuple(refusal) for refusal in refusals],
    )


def write_holds(connection: sqlite3.Connection, component: str, holds: Sequence[Hold]) -> None:
    """Write holds inside a transaction; replaces one on the same files."""
    connection.executemany(
        """INSERT OR REPLACE INTO holds (component, digest, version, reason, at, manifest_digest)
           VALUES (?, ?, ?, ?, ?, ?)""",
        [(component, *msgspec.structs.astuple(hold)) for hold in holds],
    )
