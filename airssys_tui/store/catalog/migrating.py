"""Bringing a catalog to the newest version of its schema: a new one at once, an older one migration by migration."""

from __future__ import annotations

from collections.abc import Sequence

from airssys_tui.store.catalog.migrations import MIGRATIONS
from airssys_tui.store.catalog.schema import Migration, check_schema
from airssys_tui.store.disk.database import Database


def migrate(database: Database, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Migrate the schema, one transaction per migration; return how many were applied.

    A new catalog has nothing to lose on the way, so it gets all of them in one transaction, which is synced once.

    Raises:
        SchemaTooNew: A newer program wrote the catalog; the catalog is unchanged.
        StoreError: A statement failed; the schema is that of the last complete migration, or none if there was none.
    """
    newest = migrations[-1].version
    version = check_schema(database, newest=newest)
    if version > 0:
        return _apply(database, migrations, version)
    with database.together():
        return _apply(database, migrations, version)


def _apply(database: Database, migrations: Sequence[Migration], version: int) -> int:
    newest = migrations[-1].version
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
