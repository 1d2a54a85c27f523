"""Costs of each revision's calls, as JSON text: the baseline for the next revision, even after a restart."""

from __future__ import annotations

from airssys_tui.store.disk.database import Room


class Costs(Room):
    """The table of costs; one row per revision with enough calls for a comparison."""

    def keep_costs(self, component: str, revision: int, figures: str, keep: int = 8) -> None:
        """Store the costs of a revision, replacing earlier ones, and drop those of all but the newest revisions.

        Args:
            component: Text form of the identity.
            revision: The revision's number.
            figures: The costs as JSON text.
            keep: Number of revisions whose costs are kept.

        Raises:
            StoreError: The revision does not exist.
        """
        with self._database.transaction("keep-costs") as connection:
            connection.execute(
                "INSERT OR REPLACE INTO costs (component, revision, figures) VALUES (?, ?, ?)",
                (component, revision, figures),
            )
            connection.execute(
                """DELETE FROM costs WHERE component = ?1 AND revision NOT IN
                   (SELECT revision FROM costs WHERE component = ?1 ORDER BY revision DESC LIMIT ?2)""",
                (component, keep),
            )

    def costs(self, component: str) -> dict[int, str]:
        """Return the recorded costs by revision, oldest first."""
        rows = self._database.rows(
            "SELECT revision, figures FROM costs WHERE component = ? ORDER BY revision", (component,)
        )
        return {int(revision): str(figures) for revision, figures in rows}
