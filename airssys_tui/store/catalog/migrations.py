"""The migrations of the catalog, in order: each is the statements that lead to one version of the schema.

A released migration is never edited; a change is a new entry. The schema itself enforces the rules that must hold
even if the code has a bug: one active revision per component, a history that cannot be rewritten or deleted, and
answers of operators of which the same is true; a revocation is a row of its own, and a grant for one access is used up
once.
"""

from __future__ import annotations

from typing import Final

from airssys_tui.store.catalog.schema import APPLICATION_ID, Migration

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
    Migration(
        8,
        (
            """CREATE TABLE grants (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                component TEXT NOT NULL,
                permission TEXT NOT NULL,
                scope TEXT NOT NULL CHECK (scope IN ('once', 'session', 'always', 'never')),
                who TEXT NOT NULL,
                at REAL NOT NULL,
                expires_at REAL,
                rationale TEXT NOT NULL,
                session TEXT NOT NULL,
                used_at REAL,
                CHECK (used_at IS NULL OR scope = 'once'),
                CHECK ((session <> '') = (scope = 'session'))
            ) STRICT""",
            "CREATE INDEX grants_by_component ON grants (component, id)",
            """CREATE TABLE revocations (
                id INTEGER PRIMARY KEY REFERENCES grants (id),
                who TEXT NOT NULL,
                at REAL NOT NULL,
                rationale TEXT NOT NULL
            ) STRICT""",
            """CREATE TRIGGER grants_are_not_deleted BEFORE DELETE ON grants
                BEGIN SELECT RAISE(ABORT, 'grants are append-only'); END""",
            """CREATE TRIGGER grants_are_not_rewritten
                BEFORE UPDATE OF id, component, permission, scope, who, at, expires_at, rationale, session ON grants
                BEGIN SELECT RAISE(ABORT, 'grants are append-only'); END""",
            """CREATE TRIGGER once_is_once BEFORE UPDATE OF used_at ON grants
                WHEN OLD.used_at IS NOT NULL OR EXISTS (SELECT 1 FROM revocations WHERE id = OLD.id)
                BEGIN SELECT RAISE(ABORT, 'the grant is used up or revoked'); END""",
            """CREATE TRIGGER revocations_are_not_deleted BEFORE DELETE ON revocations
                BEGIN SELECT RAISE(ABORT, 'revocations are append-only'); END""",
            """CREATE TRIGGER revocations_are_not_rewritten BEFORE UPDATE ON revocations
                BEGIN SELECT RAISE(ABORT, 'revocations are append-only'); END""",
            """CREATE TABLE questions (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                component TEXT NOT NULL,
                permission TEXT NOT NULL,
                rationale TEXT NOT NULL,
                revision INTEGER,
                at REAL NOT NULL,
                answer TEXT CHECK (answer IN ('granted', 'denied', 'withdrawn')),
                answered_at REAL,
                who TEXT NOT NULL DEFAULT '',
                CHECK ((answer IS NULL) = (answered_at IS NULL))
            ) STRICT""",
            "CREATE UNIQUE INDEX one_open_question ON questions (component, permission) WHERE answer IS NULL",
            "CREATE INDEX questions_by_component ON questions (component, id)",
            """CREATE TABLE denials (
                component TEXT NOT NULL,
                access TEXT NOT NULL,
                reason TEXT NOT NULL,
                remedy TEXT NOT NULL,
                revision INTEGER,
                count INTEGER NOT NULL,
                first_at REAL NOT NULL,
                last_at REAL NOT NULL,
                PRIMARY KEY (component, access, reason)
            ) STRICT, WITHOUT ROWID""",
            """CREATE TABLE uses (
                component TEXT NOT NULL,
                access TEXT NOT NULL,
                revision INTEGER NOT NULL,
                first_at REAL NOT NULL,
                last_at REAL NOT NULL,
                PRIMARY KEY (component, access)
            ) STRICT, WITHOUT ROWID""",
            """CREATE TABLE trust_rules (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                rule TEXT NOT NULL,
                who TEXT NOT NULL,
                at REAL NOT NULL,
                removed_at REAL,
                removed_by TEXT NOT NULL DEFAULT ''
            ) STRICT""",
            """CREATE TRIGGER trust_is_not_deleted BEFORE DELETE ON trust_rules
                BEGIN SELECT RAISE(ABORT, 'trust rules are append-only'); END""",
        ),
    ),
    Migration(
        9,
        (
            """CREATE TABLE approvals (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                component TEXT NOT NULL,
                digest TEXT NOT NULL,
                manifest_digest TEXT NOT NULL,
                answer TEXT NOT NULL CHECK (answer IN ('approved', 'denied')),
                who TEXT NOT NULL,
                at REAL NOT NULL,
                rationale TEXT NOT NULL
            ) STRICT""",
            """CREATE TRIGGER approvals_are_not_deleted BEFORE DELETE ON approvals
                BEGIN SELECT RAISE(ABORT, 'approvals are append-only'); END""",
        ),
    ),
    Migration(
        10,
        (
            """CREATE TABLE held_files (
                component TEXT NOT NULL REFERENCES components (id),
                digest TEXT NOT NULL,
                manifest_digest TEXT NOT NULL,
                version TEXT,
                reason TEXT NOT NULL,
                at REAL NOT NULL,
                PRIMARY KEY (component, digest, manifest_digest)
            ) STRICT, WITHOUT ROWID""",
            """INSERT INTO held_files (component, digest, manifest_digest, version, reason, at)
                SELECT component, digest, '', version, reason, at FROM holds""",
            "DROP TABLE holds",
            "ALTER TABLE held_files RENAME TO holds",
        ),
    ),
    Migration(
        11,
        (
            "ALTER TABLE uses ADD COLUMN calls INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE grants ADD COLUMN calls INTEGER NOT NULL DEFAULT 0",
            """CREATE TABLE call_totals (
                component TEXT PRIMARY KEY,
                calls INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID""",
        ),
    ),
    Migration(12, tuple(f"ALTER TABLE {table} ADD COLUMN exit_code INTEGER" for table in ("command_ends", "events"))),
)
"""All migrations, ordered by version; this program reads and writes the version of the last one."""
