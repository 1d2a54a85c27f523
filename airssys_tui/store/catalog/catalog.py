"""The catalog: the authoritative record of components, revisions, deployments, holds, snapshots and events.

SQLite in WAL mode with ``synchronous = FULL``: once a method has returned, its write survives a power failure. Every
writing method is one transaction, unless :meth:`Catalog.together` combines several into one. Methods block; the runtime
calls them from one executor thread. Each group of tables has its own module; this one contains the operations that
concern all of them: opening, and the activation of a revision.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from airssys_tui.core.errors import StateAbsent, StoreError
from airssys_tui.core.revision import is_held
from airssys_tui.store.catalog.actions import Actions
from airssys_tui.store.catalog.checks import Checks
from airssys_tui.store.catalog.components import Components
from airssys_tui.store.catalog.costs import Costs, write_costs
from airssys_tui.store.catalog.decisions_and_events import EventTables
from airssys_tui.store.catalog.deployments import REHEARSED, Deployments, require_running
from airssys_tui.store.catalog.excerpts import RevisionExcerpts
from airssys_tui.store.catalog.holds_and_refusals import Verdicts, write_holds, write_refusals
from airssys_tui.store.catalog.pins import Pins
from airssys_tui.store.catalog.records import Activation
from airssys_tui.store.catalog.revisions import ACTIVE, CANDIDATE, Revisions
from airssys_tui.store.catalog.schema import check_integrity, require_current
from airssys_tui.store.catalog.snapshots import Snapshots, write_snapshot
from airssys_tui.store.catalog.trimming import Trimming
from airssys_tui.store.disk.database import Clock, Database

ACTIVATED: Final = "activated"
_FOLDER: Final = "folder"


class Catalog(
    Actions,
    Components,
    Revisions,
    RevisionExcerpts,
    Pins,
    Deployments,
    Verdicts,
    Snapshots,
    EventTables,
    Trimming,
    Costs,
    Checks,
):
    """The catalog of one state directory."""

    @classmethod
    def open(cls, path: Path, *, clock: Clock = time.time) -> Catalog:
        """Open the catalog for writing; create it, or migrate its schema, if necessary.

        Raises:
            SchemaTooNew: A newer program wrote it.
            StoreError: The file is damaged, not writable, or not a catalog.
        """
        from airssys_tui.store.catalog.migrating import migrate  # noqa: PLC0415 - late: readers migrate nothing

        database = Database(path)
        try:
            migrate(database)
        except BaseException:
            database.close()
            raise
        return cls(database, clock)

    @classmethod
    def open_readonly(cls, path: Path, *, clock: Clock = time.time) -> Catalog:
        """Open an existing catalog for reading, even while another process writes to it.

        Raises:
            StateAbsent: The catalog does not exist.
            SchemaTooNew: A newer program wrote it.
            StoreError: The file is damaged, not readable, not a catalog, or has an older schema.
        """
        if not path.is_file():
            raise StateAbsent(f"{path.parent} has no catalog", remedy="start the runtime on the folder once")
        database = Database(path, readonly=True)
        try:
            require_current(database)
        except BaseException:
            database.close()
            raise
        return cls(database, clock)

    @property
    def database(self) -> Database:
        """The connection, for stores that keep their index in the catalog."""
        return self._database

    @property
    def clock(self) -> Clock:
        """Returns Unix seconds."""
        return self._clock

    def together(self) -> AbstractContextManager[None]:
        """Combine every write in the block into one transaction; see :meth:`Database.together`."""
        return self._database.together()

    def part(self) -> AbstractContextManager[None]:
        """Take back only what the block wrote when it raises; see :meth:`Database.part`."""
        return self._database.part()

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def integrity(self) -> None:
        """Check every page.

        Raises:
            StoreError: The catalog is damaged.
        """
        check_integrity(self._database)

    def folder(self) -> str | None:
        """Return the folder that the catalog belongs to, or None before it is bound."""
        rows = self._database.rows("SELECT value FROM facts WHERE name = ?", (_FOLDER,))
        return str(rows[0][0]) if rows else None

    def bind_folder(self, folder: str) -> None:
        """Bind the catalog to a folder's real path."""
        with self._database.transaction("bind-folder") as connection:
            connection.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (_FOLDER, folder))

    def activate(self, activation: Activation) -> None:
        """Make a candidate the active revision, with everything that follows, in one transaction.

        After a crash, either all of it is recorded or none of it.

        Raises:
            StoreError: The revision is not a candidate, the deployment is not in progress, or the write failed; nothing
                has changed.
        """
        with self._database.transaction("activate") as connection:
            artifact = _require_candidate(connection, activation)
            if activation.passed is not None and activation.deployment is not None:
                self.set_interface(activation.component, activation.revision, activation.passed.interface)
                self.stage(activation.deployment, REHEARSED, activation.passed.gates, at=activation.passed.at)
            if activation.snapshot is not None:
                write_snapshot(connection, activation.snapshot)
            if activation.initial is not None:
                write_snapshot(connection, activation.initial)
            _switch_outcomes(connection, activation)
            _settle_holds(connection, activation, artifact)
            _settle_refusals(connection, activation, artifact)
            if activation.deployment is not None:
                done = connection.execute(
                    """UPDATE deployments SET finished_at = ?, outcome = ?, reason = ?, revision = ?
                       WHERE id = ? AND component = ? AND finished_at IS NULL""",
                    (
                        activation.at,
                        ACTIVATED,
                        activation.reason,
                        activation.revision,
                        activation.deployment,
                        activation.component,
                    ),
                )
                require_running(done.rowcount, activation.deployment)


def _require_candidate(connection: sqlite3.Connection, activation: Activation) -> tuple[str, str]:
    """Return the digests of the candidate's artifact and of its manifest."""
    outcome, *artifact = connection.execute(
        "SELECT outcome, digest, manifest_digest FROM revisions WHERE component = ? AND number = ?",
        (activation.component, activation.revision),
    ).fetchone() or ("unknown", "", "")
    if outcome != CANDIDATE:
        raise StoreError(
            f"r{activation.revision} of {activation.component} is {outcome}, not a candidate",
            component=activation.component,
            revision=activation.revision,
        )
    return artifact[0], artifact[1]


def _switch_outcomes(connection: sqlite3.Connection, activation: Activation) -> None:
    component = activation.component
    old = connection.execute(
        "SELECT number FROM revisions WHERE component = ? AND outcome = 'active'", (component,)
    ).fetchall()
    for (number,) in old:
        connection.execute(
            """UPDATE revisions SET outcome = ?, outcome_reason = ?, outcome_at = ?, stable = max(stable, ?)
               WHERE component = ? AND number = ?""",
            (
                activation.old_outcome,
                activation.old_reason,
                activation.at,
                int(activation.old_stable),
                component,
                number,
            ),
        )
        if activation.old_costs is not None:
            write_costs(connection, component, number, activation.old_costs)
    connection.execute(
        """UPDATE revisions SET outcome = ?1, outcome_reason = ?2, outcome_at = ?3, activated_at = ?3,
               stable = max(stable, ?4) WHERE component = ?5 AND number = ?6""",
        (ACTIVE, activation.reason, activation.at, int(activation.stable), component, activation.revision),
    )


def _settle_holds(connection: sqlite3.Connection, activation: Activation, artifact: tuple[str, str]) -> None:
    component = activation.component
    if activation.lift_all:
        connection.execute("DELETE FROM holds WHERE component = ?", (component,))
    else:
        connection.executemany(
            "DELETE FROM holds WHERE component = ? AND digest = ?", [(component, each) for each in activation.lift]
        )
        connection.execute(
            "DELETE FROM holds WHERE component = ? AND digest = ? AND manifest_digest IN ('', ?)",
            (component, *artifact),
        )
    kept = [
        hold for hold in activation.holds if hold.digest not in activation.lift and not is_held(artifact, [hold.files])
    ]
    write_holds(connection, component, kept)


def _settle_refusals(connection: sqlite3.Connection, activation: Activation, artifact: tuple[str, str]) -> None:
    component = activation.component
    if activation.forget_refusals:
        connection.execute("DELETE FROM refusals WHERE component = ?", (component,))
    else:
        connection.execute(
            "DELETE FROM refusals WHERE component = ? AND digest = ? AND manifest_digest = ?", (component, *artifact)
        )
    left = [refusal for refusal in activation.refusals if (refusal.digest, refusal.manifest_digest) != artifact]
    write_refusals(connection, left)
