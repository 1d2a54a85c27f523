"""The components that the runtime has met, and what the operator wants of each."""

from __future__ import annotations

from typing import Any

import msgspec

from airssys_tui.core.errors import UnknownComponent
from airssys_tui.store.database import Room
from airssys_tui.store.records import ComponentRecord

_SELECT = """SELECT id, source, desired, first_seen, number, present FROM components
    LEFT JOIN revisions ON revisions.component = components.id AND revisions.outcome = 'active' """


class Components(Room):
    """The table of components."""

    def upsert_component(self, component: str, source: str, *, at: float | None = None) -> None:
        """Record that a component is there, at this source; what the operator wants of it is kept."""
        with self._database.transaction("upsert-component") as connection:
            connection.execute(
                """INSERT INTO components (id, source, first_seen) VALUES (?, ?, ?)
                   ON CONFLICT (id) DO UPDATE SET source = excluded.source, present = 1""",
                (component, source, self._time(at)),
            )

    def components(self) -> tuple[ComponentRecord, ...]:
        """Return every component, by identity."""
        rows = self._database.rows(_SELECT + "ORDER BY id")
        return tuple(map(_record, rows))

    def component(self, component: str) -> ComponentRecord | None:
        """Return one component, if it was ever met."""
        rows = self._database.rows(_SELECT + "WHERE id = ?", (component,))
        return next(map(_record, rows), None)

    def set_desired(self, component: str, desired: str) -> None:
        """Record what the operator wants: ``running`` or ``stopped``.

        Raises:
            UnknownComponent: It was never met.
        """
        with self._database.transaction("set-desired") as connection:
            done = connection.execute("UPDATE components SET desired = ? WHERE id = ?", (desired, component))
            require_known(done.rowcount, component)

    def set_present(self, component: str, present: bool) -> None:
        """Record whether the component's source is there; its history stays either way.

        Raises:
            UnknownComponent: It was never met.
        """
        with self._database.transaction("set-present") as connection:
            done = connection.execute("UPDATE components SET present = ? WHERE id = ?", (int(present), component))
            require_known(done.rowcount, component)


def _record(row: tuple[Any, ...]) -> ComponentRecord:
    return msgspec.structs.replace(ComponentRecord(*row), present=bool(row[-1]))


def require_known(rows: int, component: str) -> None:
    """Refuse a write that met no component.

    Raises:
        UnknownComponent: If no row was changed.
    """
    if rows == 0:
        raise UnknownComponent(f"no component {component} is known", component=component)
