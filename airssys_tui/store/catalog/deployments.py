"""Deployments as a journal of stages, so that a deployment interrupted by a crash is found and closed."""

from __future__ import annotations

from airssys_tui.core.errors import StoreError
from airssys_tui.store.catalog.records import DeploymentRecord, StageRecord
from airssys_tui.store.disk.database import Room

ABORTED = "aborted"
REHEARSED = "rehearsed"
"""The stage of a candidate that has passed every gate before the switch."""


class Deployments(Room):
    """The tables of deployments and their stages."""

    def begin_deployment(
        self, component: str, generation: int, digest: str, cause: str, *, at: float | None = None
    ) -> int:
        """Open a deployment.

        Returns:
            The deployment's id.

        Raises:
            StoreError: The component is unknown.
        """
        with self._database.transaction("begin-deployment") as connection:
            row = connection.execute(
                """INSERT INTO deployments (component, generation, digest, cause, started_at)
                   VALUES (?, ?, ?, ?, ?) RETURNING id""",
                (component, generation, digest, cause, self._time(at)),
            ).fetchall()
        return int(row[0][0])

    def stage(self, deployment: int, name: str, detail: str = "", *, at: float | None = None) -> None:
        """Record that a deployment entered a stage.

        Raises:
            StoreError: The deployment does not exist, or it has ended.
        """
        with self._database.transaction("stage") as connection:
            done = connection.execute(
                """INSERT INTO stages (deployment, position, name, detail, at)
                   SELECT id, (SELECT 1 + count(*) FROM stages WHERE deployment = id), ?, ?, ?
                   FROM deployments WHERE id = ? AND finished_at IS NULL""",
                (name, detail, self._time(at), deployment),
            )
            require_running(done.rowcount, deployment)

    def finish(self, deployment: int, outcome: str, reason: str = "", *, at: float | None = None) -> None:
        """Close a deployment: ``refused``, ``superseded``, ``cancelled``… ``activate`` closes a successful one.

        Raises:
            StoreError: The deployment does not exist, or it has ended.
        """
        with self._database.transaction("finish-deployment") as connection:
            done = connection.execute(
                "UPDATE deployments SET finished_at = ?, outcome = ?, reason = ? WHERE id = ? AND finished_at IS NULL",
                (self._time(at), outcome, reason, deployment),
            )
            require_running(done.rowcount, deployment)

    def deployments(self, component: str, limit: int = 100) -> tuple[DeploymentRecord, ...]:
        """Return a component's newest deployments, newest generation first."""
        tail = "WHERE component = ? ORDER BY generation DESC, id DESC LIMIT ?"
        return self._database.records(DeploymentRecord, "deployments", tail, (component, limit))

    def stages(self, deployment: int) -> tuple[StageRecord, ...]:
        """Return the stages of a deployment, in order."""
        return self._database.records(StageRecord, "stages", "WHERE deployment = ? ORDER BY position", (deployment,))

    def unfinished(self) -> tuple[DeploymentRecord, ...]:
        """Return the deployments that have not ended, oldest first."""
        return self._database.records(DeploymentRecord, "deployments", "WHERE finished_at IS NULL ORDER BY id")

    def latest_generation(self, component: str) -> int:
        """Return the newest generation of a component, or 0; new generations continue from it."""
        return self._database.count("SELECT max(generation) FROM deployments WHERE component = ?", (component,))

    def abort_unfinished(self, *, at: float | None = None) -> tuple[DeploymentRecord, ...]:
        """Close leftovers of a crash: deployments as ``aborted`` with their last stage, candidates as ``failed``.

        Called at startup, before any deployment: at that point every candidate is a leftover of the crash.

        Returns:
            The deployments closed, oldest first, with their new values.
        """
        time = self._time(at)
        open_ones = self.unfinished()
        with self._database.transaction("abort-unfinished") as connection:
            connection.execute(
                """UPDATE deployments
                   SET finished_at = ?, outcome = ?, reason = 'the program ended at stage ' || coalesce(
                       (SELECT name FROM stages WHERE deployment = id ORDER BY position DESC LIMIT 1), 'begin')
                   WHERE finished_at IS NULL""",
                (time, ABORTED),
            )
            connection.execute(
                """UPDATE revisions SET outcome = 'failed', outcome_at = ?, outcome_reason = coalesce(
                       (SELECT nullif(reason, '') FROM deployments AS d
                        WHERE d.component = revisions.component AND d.revision = number ORDER BY id DESC LIMIT 1),
                       'the program ended before it was deployed')
                   WHERE outcome = 'candidate'""",
                (time,),
            )
        closed = {record.id for record in open_ones}
        records = self._database.records(DeploymentRecord, "deployments", "WHERE finished_at = ? ORDER BY id", (time,))
        return tuple(record for record in records if record.id in closed)


def require_running(rows: int, deployment: int) -> None:
    """Reject a write that matched no deployment in progress.

    Raises:
        StoreError: If no row was changed.
    """
    if rows == 0:
        raise StoreError(f"deployment {deployment} is not in progress")
