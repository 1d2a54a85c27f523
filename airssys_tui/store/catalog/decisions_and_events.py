"""Bounded history: decisions about reloads, and events. The oldest rows are deleted and counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from airssys_tui.store.catalog.records import DecisionRow, EventRow
from airssys_tui.store.disk.database import Clock, Database, Room

DECISION_ROWS: Final = 1_000
"""Maximum decisions kept per component."""

EVENT_ROWS: Final = 2_000
"""Maximum events kept per component."""


class EventTables(Room):
    """The tables of decisions and events.

    Args:
        database: The connection.
        clock: Returns Unix seconds.
        decision_rows: Decisions kept per component (and as many that concern no component).
        event_rows: Events kept per component (and as many that concern no component).
    """

    def __init__(
        self, database: Database, clock: Clock, *, decision_rows: int = DECISION_ROWS, event_rows: int = EVENT_ROWS
    ) -> None:
        super().__init__(database, clock)
        self._decision_rows = decision_rows
        self._event_rows = event_rows

    def append_decisions(self, rows: Sequence[DecisionRow]) -> None:
        """Append a batch of decisions in one transaction; their ``id`` is ignored."""
        if not rows:
            return
        with self._database.transaction("append-decisions") as connection:
            connection.executemany(
                """INSERT INTO decisions (at, kind, text, component, deployment, generation, level, revision)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                [(r.at, r.kind, r.text, r.component, r.deployment, r.generation, r.level, r.revision) for r in rows],
            )
            for component in {row.component for row in rows}:
                self._trim(connection, "decisions", component, self._decision_rows)

    def decisions(
        self, component: str | None = None, *, limit: int = 200, before: int | None = None
    ) -> tuple[DecisionRow, ...]:
        """Return decisions, newest first: of one component or of all, older than the row ``before`` when given."""
        return self._database.records(DecisionRow, "decisions", _page(component), (component, before, limit))

    def append_events(self, rows: Sequence[EventRow]) -> None:
        """Append a batch of events in one transaction; their ``id`` is ignored."""
        if not rows:
            return
        with self._database.transaction("append-events") as connection:
            connection.executemany(
                """INSERT INTO events (at, kind, level, text, component, revision, action, generation, exit_code)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [msgspec.structs.astuple(row)[:-1] for row in rows],
            )
            for component in {row.component for row in rows}:
                self._trim(connection, "events", component, self._event_rows)

    def events(
        self, component: str | None = None, *, limit: int = 200, before: int | None = None
    ) -> tuple[EventRow, ...]:
        """Return events, newest first: of one component or of all, older than the row ``before`` if given."""
        return self._database.records(EventRow, "events", _page(component), (component, before, limit))

    def past_events(
        self, component: str | None, kinds: Sequence[str], levels: Sequence[str], span: tuple[float, float], limit: int
    ) -> tuple[EventRow, ...]:
        """Return the newest matching events, newest first.

        Args:
            component: The component; None for all.
            kinds: The kinds to include.
            levels: The levels to include.
            span: Unix times: from the first, before the second.
            limit: Maximum number of events.
        """
        tail = f"{_whose(component)} AND kind IN ({_marks(kinds)}) AND level IN ({_marks(levels)}) {_NEWEST}"
        return self._database.records(EventRow, "events", tail, (component, *kinds, *levels, *span, limit))

    def past_decisions(
        self, component: str | None, levels: Sequence[str], span: tuple[float, float], limit: int
    ) -> tuple[DecisionRow, ...]:
        """Return the newest matching decisions, newest first; see :meth:`past_events`."""
        tail = f"{_whose(component)} AND level IN ({_marks(levels)}) {_NEWEST}"
        return self._database.records(DecisionRow, "decisions", tail, (component, *levels, *span, limit))

    def trimmed(self, stream: str, component: str | None = None) -> int:
        """Return the number of rows of ``decisions`` or ``events`` deleted for space: of one component, or of all."""
        return self._database.count(
            "SELECT sum(rows) FROM trimmed WHERE stream = ?1 AND component = coalesce(?2, component)",
            (stream, component),
        )

    @staticmethod
    def _trim(connection: sqlite3.Connection, table: str, component: str | None, keep: int) -> None:
        # The table is one of the two literals above. `IS` also matches rows that concern no component.
        gone = connection.execute(
            f"""DELETE FROM {table} WHERE component IS ?1 AND id <= (
                    SELECT id FROM {table} WHERE component IS ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)""",  # noqa: S608
            (component, keep),
        ).rowcount
        if gone:
            connection.execute(
                """INSERT INTO trimmed (stream, component, rows) VALUES (?, ?, ?)
                   ON CONFLICT DO UPDATE SET rows = rows + excluded.rows""",
                (table, component or "", gone),
            )


_NEWEST: Final = "AND at >= ? AND at < ? ORDER BY id DESC LIMIT ?"


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))


def _whose(component: str | None) -> str:
    # Two variants, so that each uses its index; both take the component as the first parameter.
    return "WHERE ?1 IS NULL" if component is None else "WHERE component = ?1"


def _page(component: str | None) -> str:
    return f"{_whose(component)} AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3"
