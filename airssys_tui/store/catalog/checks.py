"""Calls that operators keep as checks."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.core.errors import StoreError
from airssys_tui.store.catalog.records import CheckRecord
from airssys_tui.store.disk.database import Room

MOST: Final = 200
"""Checks kept per component."""


class Checks(Room):
    """The table of checks; they are replayed in the order in which they were first saved."""

    def save_check(self, record: CheckRecord) -> None:
        """Keep a check; one of the same name is replaced where it stands.

        Raises:
            StoreError: The component has :data:`MOST` checks already.
        """
        with self._database.transaction("check") as connection:
            names = {
                str(row[0])
                for row in connection.execute("SELECT name FROM checks WHERE component = ?", (record.component,))
            }
            if record.name not in names and len(names) >= MOST:
                raise StoreError(f"{record.component} has {MOST} checks already", remedy="drop one of them first")
            connection.execute(
                "INSERT INTO checks (component, name, export, arguments, result, revision, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (component, name) DO UPDATE SET"
                " export = excluded.export, arguments = excluded.arguments,"
                " result = excluded.result, revision = excluded.revision, at = excluded.at",
                msgspec.structs.astuple(record),
            )

    def drop_check(self, component: str, name: str) -> bool:
        """Forget a check; returns whether there was one."""
        with self._database.transaction("check") as connection:
            done = connection.execute("DELETE FROM checks WHERE component = ? AND name = ?", (component, name))
            return done.rowcount > 0

    def checks(self, component: str) -> tuple[CheckRecord, ...]:
        """Return a component's checks in the order of their replay."""
        return self._database.records(CheckRecord, "checks", "WHERE component = ? ORDER BY id", (component,))
