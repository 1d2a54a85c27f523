"""A component that was reloaded thousands of times: nothing that is done with it reads all that was."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from airssys_tui.api.commands import Rollback
from airssys_tui.api.views.past import HistoryQuery
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.excerpts import PAGE
from airssys_tui.store.catalog.records import RevisionRecord
from tests.support.components import Crafted
from tests.support.world import PATIENCE, World

PURGED = 2_000
LATELY = 1_000

A_FEW = 60
"""Rows that one change of a component may read."""

A_LIST = PAGE + 100
"""Revisions and states that one list may read."""


class Read:
    """Counts the rows that are read from the tables that grow with every revision."""

    def __init__(self, catalog: Catalog) -> None:
        self.rows = 0
        self._whole = catalog.database.rows
        catalog.database.rows = self._counted  # type: ignore[method-assign]

    def of(self, work: Callable[[], object]) -> int:
        self.rows = 0
        work()
        return self.rows

    def _counted(self, sql: str, *said: Any) -> list[tuple[Any, ...]]:
        found = self._whole(sql, *said)
        if any(table in sql for table in ("revisions", "snapshots", "compiled_code", "deployments")):
            self.rows += len(found)
        return found


@pytest.fixture
def read(world: World) -> Read:
    """A component with a past: revisions that are purged, and more that were stable within a day, with their states."""
    world.put("c", Crafted(salt="0"))
    world.open()
    catalog = world.runtime.probe.floor.state.catalog
    (one,) = catalog.revisions("c")
    now = world.runtime.probe.floor.clock()
    world.close()
    catalog = Catalog.open(world.state_dir / "catalog.db")
    with catalog.database.transaction("add-revision") as connection:
        for number in range(2, PURGED + LATELY + 2):
            outcome = "purged" if number <= PURGED else "superseded"
            _insert(connection, one, number, outcome, now)
        connection.execute("UPDATE components SET last_revision = ?", (PURGED + LATELY + 1,))
    catalog.close()
    world.open()
    return Read(world.runtime.probe.floor.state.catalog)


def _insert(connection: sqlite3.Connection, like: RevisionRecord, number: int, outcome: str, at: float) -> None:
    said = {"number": number, "outcome": outcome, "digest": f"sha256:{number:064x}", "stable": 1, "outcome_at": at}
    values = {**msgspec.structs.asdict(like), **said}
    sql = f"INSERT INTO revisions ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
    connection.execute(sql, tuple(values.values()))
    if outcome != "purged":
        connection.execute(
            """INSERT INTO snapshots (component, revision, schema_tag, payload_kind, cause, at, digest, size, data)
               VALUES ('c', ?, 's', 'binary', 'update', ?, 'd', 1, x'00')""",
            (number, at),
        )


def test_what_changes_a_component_reads_a_few_rows_of_its_history(world: World, read: Read) -> None:
    assert read.of(lambda: world.install("c", Crafted(salt="new"))) <= A_FEW
    newest = world.row("c").revision
    assert newest == PURGED + LATELY + 2
    assert read.of(lambda: world.install("c", Crafted(salt="newer"))) <= A_FEW
    assert read.of(lambda: world.do(Rollback("c", to=newest))) <= A_FEW
    assert read.of(lambda: world.runtime.preview_rollback("c", newest + 1).result(PATIENCE)) <= A_FEW + 100
    assert read.of(lambda: world.runtime.collect().result(PATIENCE)) <= 2 * A_FEW


def test_what_tells_of_a_component_reads_a_page_of_its_history(world: World, read: Read) -> None:
    world.install("c", Crafted(salt="new"))
    runtime = world.runtime
    assert read.of(lambda: runtime.meters("c").result(PATIENCE)) <= A_FEW
    assert read.of(lambda: runtime.versions("c").result(PATIENCE)) <= 2 * A_LIST
    assert read.of(lambda: runtime.describe("c").result(PATIENCE)) <= 2 * A_LIST
    assert read.of(lambda: runtime.explain("c").result(PATIENCE)) <= 2 * A_LIST
    assert read.of(lambda: runtime.states("c").result(PATIENCE)) <= 2 * A_LIST
    assert read.of(lambda: runtime.history(HistoryQuery(component="c")).result(PATIENCE)) <= A_FEW
    numbers = [view.number for view in runtime.versions("c").result(PATIENCE)]
    newest = PURGED + LATELY + 2
    assert numbers[:PAGE] == list(range(newest, newest - PAGE, -1))
