"""What the calls of each revision cost, as JSON text: what the next revision is held against, also after a restart."""

from __future__ import annotations

from airssys_tui.store.disk.database import Room


class Costs(Room):
    """The table of costs; one row per revision that was called enough to be compared."""

    def keep_costs(self, component: str, revision: int, figures: str, keep: int = 8) -> None:
        """Keep the costs of a revision, in the place of those kept before, and only those of the newest revisions.

        Args:
            component: Whose.
            revision: Its number.
            figures: The costs as JSON text.
            keep: Revisions of the component whose costs stay.

        Raises:
            StoreError: There is no such revision.
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
        """Return the costs that are kept, by revision, oldest first."""
        rows = self._database.rows(
            "SELECT revision, figures FROM costs WHERE component = ? ORDER BY revision", (component,)
        )
        return {int(revision): str(figures) for revision, figures in rows}
