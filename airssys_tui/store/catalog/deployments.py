"""Deployments as a journal of stages: what was under way when the process ended is found and closed."""

from __future__ import annotations

from airssys_tui.core.errors import StoreError
from airssys_tui.store.catalog.records import DeploymentRecord, StageRecord
from airssys_tui.store.disk.database import Room

ABORTED = "aborted"


class Deployments(Room):
    """The tables of deployments and their stages."""

    def begin_deployment(
        self, component: str, generation: int, digest: str, cause: str, *, at: float | None = None
    ) -> int:
        """Open a deployment.

        Returns:
            Its id.

        Raises:
            StoreError: The component was never met.
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
            StoreError: There is no such deployment, or it has ended.
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
        """Close a deployment: ``refused``, ``superseded``, ``cancelled``… Success is closed by ``activate``.

        Raises:
            StoreError: There is no such deployment, or it has ended.
        """
        with self._database.transaction("finish-deployment") as connection:
            done = connection.execute(
                "UPDATE deployments SET finished_at = ?, outcome = ?, reason = ? WHERE id = ? AND finished_at IS NULL",
                (self._time(at), outcome, reason, deployment),
            )
            require_running(done.rowcount, deployment)

    def deployments(self, component: str, limit: int = 100) -> tuple[DeploymentRecord, ...]:
        """Return a component's newest deployments, newest first: they come in the order of their generations."""
        tail = "WHERE component = ? ORDER BY generation DESC, id DESC LIMIT ?"
        return self._database.records(DeploymentRecord, "deployments", tail, (component, limit))

    def stages(self, deployment: int) -> tuple[StageRecord, ...]:
        """Return the stages a deployment entered, in order."""
        return self._database.records(StageRecord, "stages", "WHERE deployment = ? ORDER BY position", (deployment,))

    def unfinished(self) -> tuple[DeploymentRecord, ...]:
        """Return the deployments that have not ended, oldest first."""
        return self._database.records(DeploymentRecord, "deployments", "WHERE finished_at IS NULL ORDER BY id")

    def latest_generation(self, component: str) -> int:
        """Return the newest generation of a component; 0 when there was none. Generations go on from here."""
        return self._database.count("SELECT max(generation) FROM deployments WHERE component = ?", (component,))

    def abort_unfinished(self, *, at: float | None = None) -> tuple[DeploymentRecord, ...]:
        """Close what a crash left open: deployments as ``aborted`` with their last stage, candidates as ``failed``.

        Called at a start, before anything is deployed: a candidate then belongs to nobody.

        Returns:
            The deployments closed, oldest first, as they now are.
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
    """Refuse a write that met no deployment under way.

    Raises:
        StoreError: If no row was changed.
    """
    if rows == 0:
        raise StoreError(f"deployment {deployment} is not under way")
