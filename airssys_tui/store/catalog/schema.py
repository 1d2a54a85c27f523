"""The version of the catalog's schema, and whether a file is a catalog that this program can use."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.core.errors import SchemaTooNew, StoreError
from airssys_tui.store.disk.database import HEADER, Database
from airssys_tui.store.disk.faults import corrupt

APPLICATION_ID: Final = 0x41525359
"""``ARSY``, in the header of every catalog (sqlite.org/fileformat2.html, offset 68)."""

NEWEST: Final = 12
"""The version that this program reads and writes: that of the last migration."""


class Migration(msgspec.Struct, frozen=True):
    """One migration: the version it leads to and its statements, in order."""

    version: int
    statements: tuple[str, ...]


def schema_version(database: Database) -> int:
    """Return the schema version of the catalog; 0 for a new file."""
    return database.count("PRAGMA user_version")


def check_schema(database: Database, *, newest: int = NEWEST) -> int:
    """Return the schema version of a catalog that this program can use.

    Raises:
        SchemaTooNew: A newer program wrote it.
        StoreError: The file is some other database.
    """
    ((version, application, tables),) = database.rows(HEADER)
    if application != APPLICATION_ID and (application or version or tables):
        raise StoreError(
            f"{database.path} is a database, but not a catalog of this program",
            remedy="choose another directory with --state-dir or AIRSSYS_TUI_STATE_DIR",
        )
    if version > newest:
        raise SchemaTooNew(
            f"the catalog {database.path} has schema {version}; this program supports up to {newest}",
            remedy="use the newer program, or another --state-dir; nothing was changed",
        )
    return int(version)


def require_current(database: Database) -> None:
    """Reject a catalog that needs a migration before it can be read.

    Raises:
        SchemaTooNew: A newer program wrote it.
        StoreError: An older program wrote it, or it is some other database.
    """
    version = check_schema(database)
    if version < NEWEST:
        raise StoreError(
            f"the catalog {database.path} has schema {version}, older than this program's",
            remedy="start the runtime on the folder once to migrate it",
        )


def check_integrity(database: Database) -> None:
    """Check every page of the catalog.

    Raises:
        StoreError: The catalog is damaged; the message contains SQLite's first finding.
    """
    found = [str(row[0]) for row in database.rows("PRAGMA quick_check(5)")]
    if found != ["ok"]:
        raise corrupt(database.path, found[0].splitlines()[0] if found else "nothing could be read")
