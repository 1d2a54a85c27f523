"""Several processes open a fresh or an old database at the same moment: each can use it, and it is made once."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Final

import pytest

from airssys_tui.core.errors import StoreError
from airssys_tui.core.keyvalue import WriteTerms
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.migrating import migrate
from airssys_tui.store.catalog.migrations import MIGRATIONS
from airssys_tui.store.catalog.schema import schema_version
from airssys_tui.store.disk import database
from airssys_tui.store.disk.database import Database
from airssys_tui.store.keyvalues.namespace import Namespace
from airssys_tui.store.keyvalues.portable import export_lines, usages
from airssys_tui.store.keyvalues.storage import Storage

PROCESSES: Final = 4
ROUNDS: Final = 25

_gates: list[Barrier] = []


def store(path: Path) -> object:
    """Open a storage and store something in it."""
    with closing(Storage(path)) as storage:
        Namespace(storage, "local/one").set("a", "1", WriteTerms(1_000))
        return storage.rows("SELECT component, bytes, keys FROM namespaces", ())


def catalogue(path: Path) -> object:
    """Open a catalog and write something into it."""
    with closing(Catalog.open(path)) as catalog:
        catalog.bind_folder("/components")
        return schema_version(catalog.database), catalog.folder()


def bring_forward(path: Path) -> object:
    """Bring the schema of a catalog forward; return how many steps this process took."""
    with closing(Database(path)) as opened:
        return migrate(opened)


def read(path: Path) -> object:
    """Read a storage as the command line does, beside who opens it."""
    return usages(path), len(list(export_lines(path, "local/one")))


def _take_gate(gate: Barrier) -> None:
    _gates.append(gate)


def _at_once(opening: Callable[[Path], object], path: Path) -> object:
    _gates[0].wait(30)
    try:
        return opening(path)
    except StoreError as error:
        return str(error)


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, spawn, _take_gate, (spawn.Barrier(PROCESSES),)) as pool:
        yield pool


@pytest.fixture
def opened(processes: ProcessPoolExecutor) -> Callable[..., list[object]]:
    """Return what each process got, all of them at the same moment."""

    def open_at_once(path: Path, *openings: Callable[[Path], object]) -> list[object]:
        assert len(openings) == PROCESSES
        return [each.result(60) for each in [processes.submit(_at_once, opening, path) for opening in openings]]

    return open_at_once


@pytest.mark.parametrize(
    ("opening", "expected"),
    [(store, [("local/one", 2, 1)]), (catalogue, (MIGRATIONS[-1].version, "/components"))],
    ids=["storage", "catalog"],
)
def test_a_fresh_database_is_there_for_everybody_who_opens_it_at_once(
    opening: Callable[[Path], object], expected: object, opened: Callable[..., list[object]], tmp_path: Path
) -> None:
    for number in range(ROUNDS):
        assert opened(tmp_path / f"{number}.db", *[opening] * PROCESSES) == [expected] * PROCESSES


@pytest.mark.parametrize("version", [0, 1])
def test_each_migration_is_applied_by_one_of_those_who_bring_a_catalog_forward_at_once(
    version: int, opened: Callable[..., list[object]], tmp_path: Path
) -> None:
    for number in range(ROUNDS):
        path = tmp_path / f"{number}.db"
        if version:
            with closing(Database(path)) as older:
                migrate(older, MIGRATIONS[:version])
        steps = opened(path, *[bring_forward] * PROCESSES)
        assert all(isinstance(each, int) for each in steps), steps
        assert sum(each for each in steps if isinstance(each, int)) == len(MIGRATIONS) - version


def test_a_storage_is_read_while_it_is_made(opened: Callable[..., list[object]], tmp_path: Path) -> None:
    for number in range(ROUNDS):
        for found in opened(tmp_path / f"{number}.db", store, read, read, read)[1:]:
            assert isinstance(found, tuple), found


@pytest.mark.parametrize("opening", [store, catalogue], ids=["storage", "catalog"])
def test_a_switch_to_write_ahead_waits_for_another_process_that_writes(
    opening: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, asked = tmp_path / "fresh.db", []
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def now() -> float:
            """The time; what the other does ends when it is asked for again, after the first try."""
            asked.append(other.in_transaction)
            if len(asked) == 2:
                other.execute("COMMIT")
            return 0.0

        monkeypatch.setattr(database.time, "monotonic", now)
        opening(path)
    assert asked == [True, True]


def test_a_switch_to_write_ahead_gives_up_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fresh.db"
    times = iter([0.0, database.BUSY_SECONDS + 1])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(database.time, "monotonic", lambda: next(times))
        with pytest.raises(StoreError, match="locked"):
            Storage(path).rows("SELECT 1", ())
