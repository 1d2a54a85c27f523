"""The components known to the runtime, and the desired state of each."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import UnknownComponent
from airssys_tui.core.lifecycle import CommandEnd, CommandOutcome
from airssys_tui.core.text import one_line
from airssys_tui.store.catalog.records import ComponentRecord
from airssys_tui.store.disk.database import Room

_SELECT = """SELECT id, source, desired, first_seen, number, present FROM components
    LEFT JOIN revisions ON revisions.component = components.id AND revisions.outcome = 'active' """


NAMING: Final = ("holds", "refusals", "snapshots", "costs", "command_ends")
"""Tables whose rows name a component, and which have none for most of them."""


class Components(Room):
    """The table of components."""

    def upsert_component(self, component: str, source: str, *, at: float | None = None) -> None:
        """Record that a component exists at this source; its desired state is kept."""
        with self._database.transaction("upsert-component") as connection:
            connection.execute(
                """INSERT INTO components (id, source, first_seen) VALUES (?, ?, ?)
                   ON CONFLICT (id) DO UPDATE SET source = excluded.source, present = 1
                   WHERE source <> excluded.source OR NOT present""",
                (component, source, self._time(at)),
            )

    def components(self) -> tuple[ComponentRecord, ...]:
        """Return every component, ordered by identity."""
        rows = self._database.rows(_SELECT + "ORDER BY id")
        return tuple(map(_record, rows))

    def component(self, component: str) -> ComponentRecord | None:
        """Return one component, or None if it is unknown."""
        rows = self._database.rows(_SELECT + "WHERE id = ?", (component,))
        return next(map(_record, rows), None)

    def named_in(self, table: str) -> frozenset[str]:
        """Return the components that have rows in one of the tables :data:`NAMING`, from its index alone."""
        if table not in NAMING:
            raise LookupError(f"{table} is not a table that names components")
        rows = self._database.rows(f"SELECT DISTINCT component FROM {table}")  # noqa: S608 - one of a few literals
        return frozenset(component for (component,) in rows)

    def set_desired(self, component: str, desired: str) -> None:
        """Record the desired state: ``running`` or ``stopped``.

        Raises:
            UnknownComponent: The component is unknown.
        """
        with self._database.transaction("set-desired") as connection:
            require_met(connection, component)
            # An unchanged row is not written, so the commit does not wait for the disk.
            changed = "UPDATE components SET desired = ?1 WHERE id = ?2 AND desired <> ?1"
            connection.execute(changed, (desired, component))

    def set_present(self, component: str, present: bool) -> None:
        """Record whether the component's source exists; its history stays either way.

        Raises:
            UnknownComponent: The component is unknown.
        """
        with self._database.transaction("set-present") as connection:
            require_met(connection, component)
            changed = "UPDATE components SET present = ?1 WHERE id = ?2 AND present <> ?1"
            connection.execute(changed, (int(present), component))

    def keep_end(self, component: str, end: CommandEnd) -> None:
        """Store how a command ended, replacing the end before.

        Args:
            component: Text form of the identity.
            end: How it ended.

        Raises:
            StoreError: The revision does not exist, or the disk failed.
        """
        with self._database.transaction("keep-end") as connection:
            connection.execute(
                """INSERT OR REPLACE INTO command_ends (component, revision, outcome, text, at, exit_code)
                   VALUES (?, ?, ?, ?, ?, ?)""",
                (component, end.revision, end.outcome.value, one_line(end.text, 400), end.at, end.exit_code),
            )

    def command_end(self, component: str) -> CommandEnd | None:
        """Return how a command ended last, or None if it never did."""
        rows = self._database.rows(
            "SELECT revision, outcome, text, at, exit_code FROM command_ends WHERE component = ?", (component,)
        )
        ends = (CommandEnd(row[0], CommandOutcome(row[1]), row[2], row[3], exit_code=row[4]) for row in rows)
        return next(ends, None)


def _record(row: tuple[Any, ...]) -> ComponentRecord:
    return msgspec.structs.replace(ComponentRecord(*row), present=bool(row[-1]))


def require_met(connection: sqlite3.Connection, component: str) -> None:
    """Reject an unknown component.

    Raises:
        UnknownComponent: The component has no row.
    """
    require_known(len(connection.execute("SELECT 1 FROM components WHERE id = ?", (component,)).fetchall()), component)


def require_known(rows: int, component: str) -> None:
    """Reject a write that matched no component.

    Raises:
        UnknownComponent: If no row was changed.
    """
    if rows == 0:
        raise UnknownComponent(f"no component {component} is known", component=component)
