"""A state directory as the first program left it."""

from __future__ import annotations

from pathlib import Path

from airssys_tui.core.identity import digest_of
from airssys_tui.store.catalog.migrating import migrate
from airssys_tui.store.catalog.migrations import MIGRATIONS
from airssys_tui.store.disk.database import Database

ONE, TWO = digest_of(b"one"), digest_of(b"two")

FIRST = (
    "INSERT INTO facts VALUES ('folder', :folder)",
    "INSERT INTO components VALUES ('counter', 'counter', 'stopped', 1.0, 1, 2)",
    """INSERT INTO revisions VALUES ('counter', 1, :one, '{}', 'sha256:m', 'deploy', 'scan', 1.0, 3, '1.0.0', '{}',
        NULL, 'a note', 'superseded', 'reload to r2', 5.0, 2.0, 1)""",
    """INSERT INTO revisions VALUES ('counter', 2, :two, '{}', 'sha256:m', 'reload', 'watcher', 4.0, 3, '2.0.0', '{}',
        NULL, '', 'active', '', 5.0, 5.0, 0)""",
    """INSERT INTO deployments VALUES (1, 'counter', 1, :one, 'deploy', 1.0, 1, 2.0, 'activated', '')""",
    """INSERT INTO stages VALUES (1, 1, 'rehearsed', '[["compile", 4.0]]', 1.5)""",
    """INSERT INTO snapshots VALUES (1, 'counter', 1, 'count', 'text', 'update', 5.0, :state, 7,
        CAST('count=5' AS BLOB))""",
    "INSERT INTO failed_loads VALUES (1, 2, 6.0)",
    "INSERT INTO holds VALUES ('counter', :one, '1.0.0', 'rolled back to r2', 6.0)",
    "INSERT INTO refusals VALUES ('counter', 'sha256:r', 'sha256:m', 'init', 'no', 6.0, '0.1.0', NULL)",
    "INSERT INTO ledger VALUES (1, 4.0, 'accepted', 'accepted: generation 2 as r2', 'counter', 1, 2)",
    "INSERT INTO events VALUES (1, 5.0, 'lifecycle', 'info', 'r2 started', 'counter', 2, 'started', NULL)",
    "INSERT INTO events VALUES (2, 5.5, 'ledger', 'info', 'switched to r2', 'counter', 2, 'switched', 2)",
    "INSERT INTO trimmed VALUES ('events', 'counter', 12)",
    "INSERT INTO trimmed VALUES ('ledger', 'counter', 3)",
    "INSERT INTO compiled_code VALUES (:one, 'engine', 'sha256:c', 8)",
)
"""What the first program may have written, a row in every table of its schema."""


def of_the_first_program(tmp_path: Path) -> Path:
    """Write a state directory as the first program left it; return it."""
    directory, folder = tmp_path / "state", tmp_path / "components"
    directory.mkdir()
    folder.mkdir()
    database = Database(directory / "catalog.db")
    migrate(database, MIGRATIONS[:1])
    names = {"one": ONE, "two": TWO, "state": digest_of(b"count=5"), "folder": str(folder.resolve())}
    with database.transaction("add-revision") as connection:
        for statement in FIRST:
            used = {name: value for name, value in names.items() if f":{name}" in statement}
            connection.execute(statement, used)
    database.close()
    return directory
