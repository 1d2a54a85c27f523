"""Catalogs of earlier programs: what they held is there afterwards, also when the migration is killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_tui.core.gates import Gate
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.migrations import MIGRATIONS
from airssys_tui.store.catalog.schema import schema_version
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.disk.database import Database
from airssys_tui.store.disk.failpoint import VARIABLE
from tests.support.first_program import ONE, of_the_first_program
from tests.support.places import ROOT

NEWEST = MIGRATIONS[-1].version


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
