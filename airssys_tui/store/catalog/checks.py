"""Calls that operators saved as checks."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.core.errors import StoreError
from airssys_tui.store.catalog.records import CheckRecord
from airssys_tui.store.disk.database import Room

MOST: Final = 200
"""Maximum checks per component."""


class Checks(Room):
    """The table of checks; they are replayed in the order in which they were first saved."""

    def save_check(self, record: CheckRecord) -> None:
        """Save a check; one of the same name is replaced at its position.

        Raises:
            StoreError: The component already has :data:`MOST` checks.
        """
        with self._database.transaction("check") as connection:
            names = {
                str(row[0])
                for row in connection.execute("SELECT name FROM checks WHERE component = ?", (record.component,))
            }
            if record.name not in names and len(names) >= MOST:
                raise StoreError(f"{record.component} already has {MOST} checks", remedy="drop one of them first")
            connection.execute(
                "INSERT INTO checks (component, name, export, arguments, result, revision, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (component, name) DO UPDATE SET"
                " export = excluded.export, arguments = excluded.arguments,"
                " result = excluded.result, revision = excluded.revision, at = excluded.at",
                msgspec.structs.astuple(record),
            )

    def drop_check(self, component: str, name: str) -> bool:
        """Delete a check; return whether it existed."""
        with self._database.transaction("check") as connection:
            done = connection.execute("DELETE FROM checks WHERE component = ? AND name = ?", (component, name))
            return done.rowcount > 0

    def checks(self, component: str) -> tuple[CheckRecord, ...]:
        """Return a component's checks in replay order."""
        return self._database.records(CheckRecord, "checks", "WHERE component = ? ORDER BY id", (component,))
