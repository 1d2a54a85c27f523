"""The operators' most recent actions: whether each was undone, or why it can no longer be undone."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.errors import StoreError
from airssys_tui.store.catalog.records import ActionRecord
from airssys_tui.store.disk.database import Room

ACTIONS: Final = 100
"""Maximum number of actions kept; the oldest are deleted first. A bulk action is kept or deleted whole."""

_OLD: Final = """DELETE FROM actions WHERE id <= ?1 - ?2 AND (batch = '' OR batch NOT IN (
    SELECT batch FROM actions WHERE id > ?1 - ?2))"""


class Actions(Room):
    """The table of actions."""

    def record_action(self, action: ActionRecord, *, settles: str = "") -> int:
        """Record an operator's action, and settle the action that it undid, in one transaction.

        Args:
            action: The action; its ``id`` is ignored.
            settles: Text recorded as the settlement of the action that it undoes, if any.

        Returns:
            The action's number.
        """
        with self._database.transaction("record-action") as connection:
            row = connection.execute(
                """INSERT INTO actions (at, who, component, text, command, inverse, expects, undoes, settled,
                       batch)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
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
                    action.batch,
                ),
            ).fetchall()
            connection.execute("UPDATE actions SET settled = ? WHERE id = ?", (settles, action.undoes))
            connection.execute(_OLD, (row[0][0], ACTIONS))
        return int(row[0][0])

    def settle_action(self, action: int, why: str) -> None:
        """Record why an action can no longer be undone.

        Raises:
            StoreError: The action does not exist.
        """
        with self._database.transaction("settle-action") as connection:
            done = connection.execute("UPDATE actions SET settled = ? WHERE id = ?", (why, action))
            if done.rowcount == 0:
                raise StoreError(f"no action {action}")

    def actions(self) -> tuple[ActionRecord, ...]:
        """Return the recorded actions, newest first."""
        return self._database.records(ActionRecord, "actions", "ORDER BY id DESC")
