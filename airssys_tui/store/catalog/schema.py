"""The catalog's schema as a table of migrations, each applied in one transaction.

A released migration is never edited; a change is a new entry. The schema itself enforces the rules that must hold
even if the code has a bug: one active revision per component, and a history that cannot be rewritten or deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from airssys_tui.core.errors import SchemaTooNew, StoreError
from airssys_tui.store.disk.database import HEADER, Database
from airssys_tui.store.disk.faults import corrupt

APPLICATION_ID: Final = 0x41525359
"""``ARSY``, in the header of every catalog (sqlite.org/fileformat2.html, offset 68)."""


class Migration(msgspec.Struct, frozen=True):
    """One migration: the version it leads to and its statements, in order."""

    version: int
    statements: tuple[str, ...]


MIGRATIONS: Final[tuple[Migration, ...]] = (
    Migration(
        1,
        (
            "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
            """CREATE TABLE components (
                id TEXT PRIMARY KEY,
                source TEXT NOT NULL,
                desired TEXT NOT NULL DEFAULT 'running' CHECK (desired IN ('running', 'stopped')),
                first_seen REAL NOT NULL,
                present INTEGER NOT NULL DEFAULT 1 CHECK (present IN (0, 1)),
                last_revision INTEGER NOT NULL DEFAULT 0
            ) STRICT""",
            """CREATE TABLE revisions (
                component TEXT NOT NULL REFERENCES components (id),
                number INTEGER NOT NULL CHECK (number > 0),
                digest TEXT NOT NULL,
                manifest TEXT NOT NULL,
                manifest_digest TEXT NOT NULL,
                cause TEXT NOT NULL,
                who TEXT NOT NULL,
                created_at REAL NOT NULL,
                size INTEGER NOT NULL,
                version TEXT,
                interface TEXT,
                origin INTEGER,
                note TEXT NOT NULL,
                outcome TEXT NOT NULL
                    CHECK (outcome IN ('candidate', 'active', 'superseded', 'failed', 'quarantined', 'purged')),
                outcome_reason TEXT NOT NULL,
                outcome_at REAL,
                activated_at REAL,
                stable INTEGER NOT NULL CHECK (stable IN (0, 1)),
                PRIMARY KEY (component, number),
                FOREIGN KEY (component, origin) REFERENCES revisions (component, number)
            ) STRICT""",
            "CREATE UNIQUE INDEX one_active_revision ON revisions (component) WHERE outcome = 'active'",
            "CREATE INDEX candidates ON revisions (outcome) WHERE outcome = 'candidate'",
            "CREATE INDEX revisions_by_digest ON revisions (digest)",
            """CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON revisions
                BEGIN SELECT RAISE(ABORT, 'history is append-only'); END""",
            """CREATE TRIGGER history_is_not_rewritten
                BEFORE UPDATE OF component, number, digest, manifest, manifest_digest, cause, who, created_at, size,
                    version, origin ON revisions
                BEGIN SELECT RAISE(ABORT, 'history is append-only'); END""",
            """CREATE TABLE deployments (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                component TEXT NOT NULL REFERENCES components (id),
                generation INTEGER NOT NULL,
                digest TEXT NOT NULL,
                cause TEXT NOT NULL,
                started_at REAL NOT NULL,
                revision INTEGER,
                finished_at REAL,
                outcome TEXT,
                reason TEXT NOT NULL DEFAULT '',
                CHECK ((finished_at IS NULL) = (outcome IS NULL)),
                FOREIGN KEY (component, revision) REFERENCES revisions (component, number)
            ) STRICT""",
            "CREATE INDEX deployments_by_component ON deployments (component, generation)",
            "CREATE INDEX unfinished_deployments ON deployments (id) WHERE finished_at IS NULL",
            """CREATE TABLE stages (
                deployment INTEGER NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
                position INTEGER NOT NULL,
                name TEXT NOT NULL,
                detail TEXT NOT NULL,
                at REAL NOT NULL,
                PRIMARY KEY (deployment, position)
            ) STRICT, WITHOUT ROWID""",
            """CREATE TABLE holds (
                component TEXT NOT NULL REFERENCES components (id),
                digest TEXT NOT NULL,
                version TEXT,
                reason TEXT NOT NULL,
                at REAL NOT NULL,
                PRIMARY KEY (component, digest)
            ) STRICT, WITHOUT ROWID""",
            """CREATE TABLE refusals (
                component TEXT NOT NULL REFERENCES components (id),
                digest TEXT NOT NULL,
                manifest_digest TEXT NOT NULL,
                gate TEXT NOT NULL,
                reason TEXT NOT NULL,
                at REAL NOT NULL,
                program TEXT NOT NULL,
                revision INTEGER,
                PRIMARY KEY (component, digest, manifest_digest)
            ) STRICT, WITHOUT ROWID""",
            """CREATE TABLE snapshots (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                component TEXT NOT NULL,
                revision INTEGER NOT NULL,
                schema_tag TEXT NOT NULL,
                payload_kind TEXT NOT NULL CHECK (payload_kind IN ('text', 'binary')),
                cause TEXT NOT NULL,
                at REAL NOT NULL,
                digest TEXT NOT NULL,
                size INTEGER NOT NULL,
                data BLOB NOT NULL,
                FOREIGN KEY (component, revision) REFERENCES revisions (component, number)
            ) STRICT""",
            "CREATE INDEX snapshots_by_revision ON snapshots (component, revision)",
            """CREATE TABLE failed_loads (
                snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
                revision INTEGER NOT NULL,
                at REAL NOT NULL,
                PRIMARY KEY (snapshot, revision)
            ) STRICT, WITHOUT ROWID""",
            """CREATE TABLE ledger (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                at REAL NOT NULL,
                kind TEXT NOT NULL,
                text TEXT NOT NULL,
                component TEXT,
                deployment INTEGER,
                generation INTEGER
            ) STRICT""",
            "CREATE INDEX ledger_by_component ON ledger (component, id)",
            """CREATE TABLE events (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                at REAL NOT NULL,
                kind TEXT NOT NULL,
                level TEXT NOT NULL,
                text TEXT NOT NULL,
                component TEXT,
                revision INTEGER,
                action TEXT NOT NULL,
                generation INTEGER
            ) STRICT""",
            "CREATE INDEX events_by_component ON events (component, id)",
            """CREATE TABLE trimmed (
                stream TEXT NOT NULL,
                component TEXT NOT NULL,
                rows INTEGER NOT NULL,
                PRIMARY KEY (stream, component)
            ) STRICT, WITHOUT ROWID""",
            """CREATE TABLE compiled_code (
                digest TEXT NOT NULL,
                engine TEXT NOT NULL,
                sha256 TEXT NOT NULL,
                size INTEGER NOT NULL,
                PRIMARY KEY (digest, engine)
            ) STRICT, WITHOUT ROWID""",
            f"PRAGMA application_id = {APPLICATION_ID}",
        ),
    ),
    Migration(
        2,
        (
            """CREATE TABLE pins (
                component TEXT NOT NULL,
                revision INTEGER NOT NULL,
                at REAL NOT NULL,
                who TEXT NOT NULL,
                PRIMARY KEY (component, revision),
                FOREIGN KEY (component, revision) REFERENCES revisions (component, number)
            ) STRICT, WITHOUT ROWID""",
            """CREATE TABLE annotations (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                component TEXT NOT NULL,
                revision INTEGER NOT NULL,
                note TEXT NOT NULL,
                at REAL NOT NULL,
                who TEXT NOT NULL,
                FOREIGN KEY (component, revision) REFERENCES revisions (component, number)
            ) STRICT""",
            "CREATE INDEX annotations_by_revision ON annotations (component, revision)",
            "ALTER TABLE revisions ADD COLUMN purged_at REAL",
            "ALTER TABLE revisions ADD COLUMN purged_from TEXT",
            # All columns that the retention rules query, because reading whole rows is slow.
            """CREATE INDEX unpurged_revisions ON revisions (component, number, digest, manifest_digest, version,
                outcome, stable, origin, activated_at, outcome_at) WHERE outcome <> 'purged'""",
            "ALTER TABLE snapshots ADD COLUMN version TEXT",
            "ALTER TABLE snapshots ADD COLUMN exported_from TEXT",
            """CREATE TABLE actions (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                at REAL NOT NULL,
                who TEXT NOT NULL,
                component TEXT NOT NULL,
                text TEXT NOT NULL,
                command TEXT NOT NULL,
                inverse TEXT NOT NULL,
                expects TEXT NOT NULL,
                undoes INTEGER,
                settled TEXT
            ) STRICT""",
            "ALTER TABLE ledger ADD COLUMN level TEXT NOT NULL DEFAULT 'info'",
            "ALTER TABLE ledger ADD COLUMN revision INTEGER",
        ),
    ),
    Migration(
        3,
        (
            """CREATE TABLE costs (
                component TEXT NOT NULL,
                revision INTEGER NOT NULL,
                figures TEXT NOT NULL,
                PRIMARY KEY (component, revision),
                FOREIGN KEY (component, revision) REFERENCES revisions (component, number)
            ) STRICT, WITHOUT ROWID""",
            """CREATE TABLE checks (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                component TEXT NOT NULL,
                name TEXT NOT NULL,
                export TEXT NOT NULL,
                arguments TEXT NOT NULL,
                result TEXT NOT NULL,
                revision INTEGER NOT NULL,
                at REAL NOT NULL,
                UNIQUE (component, name)
            ) STRICT""",
        ),
    ),
    Migration(
        4,
        (
            "DROP INDEX ledger_by_component",
            "ALTER TABLE ledger RENAME TO decisions",
            "CREATE INDEX decisions_by_component ON decisions (component, id)",
            "UPDATE trimmed SET stream = 'decisions' WHERE stream = 'ledger'",
            "UPDATE events SET kind = 'decision' WHERE kind = 'ledger'",
        ),
    ),
    Migration(5, ("ALTER TABLE actions ADD COLUMN batch TEXT NOT NULL DEFAULT ''",)),
    Migration(
        6,
        (
            """CREATE TABLE command_ends (
                component TEXT NOT NULL,
                revision INTEGER NOT NULL,
                outcome TEXT NOT NULL,
                text TEXT NOT NULL,
                at REAL NOT NULL,
                PRIMARY KEY (component),
                FOREIGN KEY (component, revision) REFERENCES revisions (component, number)
            ) STRICT, WITHOUT ROWID""",
        ),
    ),
    Migration(
        7,
        (
            "ALTER TABLE costs ADD COLUMN calls INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE costs ADD COLUMN faults INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE costs ADD COLUMN tried INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE costs ADD COLUMN engine TEXT NOT NULL DEFAULT ''",
        ),
    ),
)
"""All migrations, ordered by version; this program reads and writes the version of the last one."""


def schema_version(database: Database) -> int:
    """Return the schema version of the catalog; 0 for a new file."""
    return database.count("PRAGMA user_version")


def check_schema(database: Database, *, newest: int = MIGRATIONS[-1].version) -> int:
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
    if version < MIGRATIONS[-1].version:
        raise StoreError(
            f"the catalog {database.path} has schema {version}, older than this program's",
            remedy="start the runtime on the folder once to migrate it",
        )


def migrate(database: Database, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Migrate the schema, one transaction per migration; return how many were applied.

    Raises:
        SchemaTooNew: A newer program wrote the catalog; the catalog is unchanged.
        StoreError: A statement failed; the schema is that of the last complete migration.
    """
    newest = migrations[-1].version
    version = check_schema(database, newest=newest)
    applied = 0
    for migration in migrations:
        if migration.version <= version:
            continue
        with database.transaction("migrate") as connection:
            # Another process may have migrated it since the check; inside the transaction none can.
            version = check_schema(database, newest=newest)
            if version < migration.version:
                for statement in migration.statements:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {migration.version:d}")
                version = migration.version
                applied += 1
    return applied


def check_integrity(database: Database) -> None:
    """Check every page of the catalog.

    Raises:
        StoreError: The catalog is damaged; the message contains SQLite's first finding.
    """
    found = [str(row[0]) for row in database.rows("PRAGMA quick_check(5)")]
    if found != ["ok"]:
        raise corrupt(database.path, found[0].splitlines()[0] if found else "nothing could be read")
