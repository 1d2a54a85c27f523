"""What operators did and may undo: the last actions, whether they were undone, and why not any more."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.errors import StoreError
from airssys_tui.store.catalog.records import ActionRecord
from airssys_tui.store.disk.database import Room

ACTIONS: Final = 100
"""Actions that are kept; the oldest go first."""


class Actions(Room):
    """The table of actions."""

    def record_action(self, action: ActionRecord, *, settles: str = "") -> int:
        """Record what an operator did, and settle the action that it undid, in one transaction.

        Args:
            action: The action; its ``id`` is not looked at.
            settles: What is said of the action that it undoes, if it undoes one.

        Returns:
            Its number.
        """
        with self._database.transaction("record-action") as connection:
            row = connection.execute(
                """INSERT INTO actions (at, who, component, text, command, inverse, expects, undoes, settled)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
                (
                    action.at,
                    action.who,
                    action.component,
                    action.text,
                    action.command,
                    action.inverse,
                    action.expects,
                    action.undoes,
                    action.settled,
                ),
            ).fetchall()
            connection.execute("UPDATE actions SET settled = ? WHERE id = ?", (settles, action.undoes))
            connection.execute("DELETE FROM actions WHERE id <= ? - ?", (row[0][0], ACTIONS))
        return int(row[0][0])

    def settle_action(self, action: int, why: str) -> None:
        """Say that an action cannot be undone any more.

        Raises:
            StoreError: There is no such action.
        """
        with self._database.transaction("settle-action") as connection:
            done = connection.execute("UPDATE actions SET settled = ? WHERE id = ?", (why, action))
            if done.rowcount == 0:
                raise StoreError(f"there is no action {action}")

    def actions(self) -> tuple[ActionRecord, ...]:
        """Return the actions that are kept, newest first."""
        return self._database.records(ActionRecord, "actions", "ORDER BY id DESC")
