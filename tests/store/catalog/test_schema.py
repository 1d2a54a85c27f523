from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from airssys_tui.core.errors import DiskFull, SchemaTooNew, StoreError
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.migrating import migrate
from airssys_tui.store.catalog.migrations import MIGRATIONS
from airssys_tui.store.catalog.schema import (
    APPLICATION_ID,
    Migration,
    check_integrity,
    require_current,
    schema_version,
)
from airssys_tui.store.disk.database import Database

NEWEST = MIGRATIONS[-1].version

NEXT = Migration(
    NEWEST + 1,
    (
        "ALTER TABLE revisions ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
        "UPDATE revisions SET pinned = 1 WHERE stable = 1",
    ),
)
BROKEN = Migration(NEWEST + 2, ("CREATE TABLE half (x INTEGER) STRICT", "CREATE TABLE half (x INTEGER) STRICT"))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "catalog.db")
    yield opened
    opened.close()


def tables(database: Database) -> list[tuple[str, str]]:
    return [(str(name), str(sql)) for name, sql in database.rows("SELECT name, sql FROM sqlite_schema ORDER BY name")]


def test_versions_are_numbered_without_gaps() -> None:
    assert [migration.version for migration in MIGRATIONS] == list(range(1, NEWEST + 1))


def test_a_new_catalog_gets_every_migration_once(database: Database) -> None:
    assert schema_version(database) == 0
    assert migrate(database) == len(MIGRATIONS)
    before = tables(database)
    assert migrate(database) == 0
    assert tables(database) == before
    assert schema_version(database) == NEWEST
    assert database.count("PRAGMA application_id") == APPLICATION_ID
    check_integrity(database)


def test_the_catalog_is_durable_and_keeps_its_references(database: Database) -> None:
    migrate(database)
    assert database.rows("PRAGMA journal_mode") == [("wal",)]
    assert database.count("PRAGMA synchronous") == 2
    assert database.count("PRAGMA foreign_keys") == 1


def test_every_table_is_strict(database: Database) -> None:
    migrate(database)
    listed = database.rows(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"
    )
    assert listed
    assert all(strict for _, strict in listed)


def test_an_older_catalog_is_brought_forward_with_what_it_holds(database: Database) -> None:
    migrate(database)
    catalog = Catalog(database, lambda: 1.0)
    catalog.upsert_component("counter", "/c")
    from tests.support.catalogs import candidate

    catalog.add_revision(candidate(stable=True))
    catalog.add_revision(candidate())
    assert migrate(database, (*MIGRATIONS, NEXT)) == 1
    assert schema_version(database) == NEWEST + 1
    assert database.rows("SELECT number, pinned FROM revisions ORDER BY number") == [(1, 1), (2, 0)]
    assert len(catalog.revisions("counter")) == 2


def test_a_migration_that_fails_leaves_the_one_before_it_whole(database: Database) -> None:
    migrate(database)
    with pytest.raises(StoreError, match="half"):
        migrate(database, (*MIGRATIONS, NEXT, BROKEN))
    assert schema_version(database) == NEWEST + 1
    assert "half" not in dict(tables(database))
    assert database.rows("SELECT pinned FROM revisions") == []


def test_a_new_catalog_is_made_whole_or_not_at_all(database: Database) -> None:
    with pytest.raises(StoreError, match="half"):
        migrate(database, (*MIGRATIONS, NEXT, BROKEN))
    assert schema_version(database) == 0
    assert tables(database) == []
    assert migrate(database) == len(MIGRATIONS)


def test_a_newer_catalog_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    Catalog.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {NEWEST + 1}")
    before = path.read_bytes()
    for opening in (Catalog.open, Catalog.open_readonly):
        with pytest.raises(
            SchemaTooNew, match=f"has schema {NEWEST + 1}; this program supports up to {NEWEST}"
        ) as caught:
            opening(path)
        assert caught.value.remedy
    assert path.read_bytes() == before


def test_an_older_catalog_is_not_read_before_it_is_brought_forward(database: Database) -> None:
    with pytest.raises(StoreError, match="older"):
        require_current(database)
    migrate(database)
    require_current(database)


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")
    with pytest.raises(StoreError, match="not a catalog"):
        Catalog.open(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("invoices",)]


def test_a_full_disk_writes_nothing_and_harms_nothing(database: Database) -> None:
    migrate(database)
    catalog = Catalog(database, lambda: 1.0)
    catalog.upsert_component("counter", "/c")
    pages = database.count("PRAGMA page_count")
    # SQLite's own limit on the size of a file answers exactly as a full disk does.
    database.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull) as caught:
        catalog.upsert_component("large", "/" + "x" * 100_000)
    assert caught.value.retryable
    assert caught.value.remedy
    assert [record.id for record in catalog.components()] == ["counter"]
    catalog.set_desired("counter", "stopped")
    database.rows("PRAGMA max_page_count = 100000")
    catalog.upsert_component("large", "/" + "x" * 100_000)
    catalog.integrity()


def test_a_closed_catalog_is_an_error_of_the_store(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path / "catalog.db")
    catalog.close()
    with pytest.raises(StoreError):
        catalog.components()
    with pytest.raises(StoreError):
        catalog.upsert_component("counter", "/c")
