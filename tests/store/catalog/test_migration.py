"""Catalogs of earlier programs: what they held is there afterwards, also when the migration is killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import digest_of
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.schema import MIGRATIONS, migrate, schema_version
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.disk.database import Database
from airssys_tui.store.disk.failpoint import VARIABLE
from tests.support.places import ROOT

NEWEST = MIGRATIONS[-1].version
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


def check(catalog: Catalog) -> None:
    """Check that all that the first program knew is still known."""
    assert schema_version(catalog.database) == NEWEST
    catalog.integrity()
    component = catalog.component("counter")
    assert component is not None
    assert (component.desired, component.active_revision) == ("stopped", 2)
    two, one = catalog.revisions("counter")
    assert (one.version, one.note, one.stable, one.purged_at, one.purged_from) == ("1.0.0", "a note", True, None, None)
    assert (two.outcome, two.who, two.outcome_reason) == ("active", "watcher", "")
    (info,) = catalog.snapshots("counter")
    assert (info.cause, info.failed_by, info.version, info.exported_from) == ("update", (2,), None, None)
    assert catalog.snapshot(info.id).data == b"count=5"
    assert [hold.digest for hold in catalog.holds("counter")] == [ONE]
    assert [refusal.gate for refusal in catalog.refusals("counter")] == [Gate.INIT]
    assert [row.text for row in catalog.decisions("counter")] == ["accepted: generation 2 as r2"]
    assert [(row.kind, row.text) for row in catalog.events("counter")] == [
        ("decision", "switched to r2"),
        ("lifecycle", "r2 started"),
    ]
    assert catalog.trimmed("events", "counter") == 12
    assert catalog.trimmed("decisions", "counter") == 3
    assert [deployment.outcome for deployment in catalog.deployments("counter")] == ["activated"]
    assert [stage.name for stage in catalog.stages(1)] == ["rehearsed"]


def test_a_catalog_of_the_first_program_is_brought_forward(tmp_path: Path) -> None:
    directory = of_the_first_program(tmp_path)
    with StateDirectory.open(directory, folder=tmp_path / "components") as state:
        check(state.catalog)
        assert state.catalog.pins("counter") == ()
        assert state.catalog.pin("counter", 1, who="operator")
        state.catalog.annotate("counter", 1, "a better note", who="operator")
        assert state.catalog.purge("counter", [1, 2], at=9.0) == 1
        assert state.catalog.revision("counter", 1).purged_from == "superseded"  # type: ignore[union-attr]


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("hit", range(1, NEWEST))
def test_a_kill_during_the_migration_loses_nothing(hit: int, side: str, tmp_path: Path) -> None:
    directory = of_the_first_program(tmp_path)
    folder = tmp_path / "components"
    program = (
        "import pathlib, sys; from airssys_tui.store.directory import StateDirectory;"
        " StateDirectory.open(pathlib.Path(sys.argv[1]), folder=pathlib.Path(sys.argv[2]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(directory), str(folder)],
        cwd=ROOT,
        env={**os.environ, VARIABLE: f"catalog/migrate/{side}-commit:{hit}"},
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    database = Database(directory / "catalog.db", readonly=True)
    assert schema_version(database) == (hit if side == "before" else hit + 1)
    database.close()
    with StateDirectory.open(directory, folder=folder) as state:
        check(state.catalog)
