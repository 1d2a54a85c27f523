"""Killed at each failpoint: what was acknowledged is there, what was under way is there whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.disk.failpoint import NAMES, VARIABLE
from tests.support.crash_subject import ONE, contents, steps
from tests.support.places import ROOT

POINTS = sorted(name for name in NAMES if not name.startswith(("deploy/", "undo/", "audit/", "guard/", "mail/")))


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """What the directory holds after no step, after one, and so on."""
    directory = tmp_path_factory.mktemp("reference") / "state"
    (directory.parent / "components").mkdir()
    with StateDirectory.open(directory, folder=directory.parent / "components", clock=lambda: 7.0) as state:
        found = [contents(directory)]
        for step in steps(state):
            step()
            found.append(contents(directory))
    return found


def kill_at(point: str, directory: Path) -> int:
    """Run the subject until the failpoint kills it; returns the steps acknowledged, -1 when not even opened."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.crash_subject", str(directory)],
        cwd=ROOT,
        env={**os.environ, VARIABLE: point},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, f"{point} is never reached: {done.stderr}"
    return done.stdout.count("\n") - 1


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_leaves_what_was_acknowledged(point: str, reference: list[dict[str, object]], tmp_path: Path) -> None:
    directory = tmp_path / "state"
    acknowledged = kill_at(point, directory)
    found = contents(directory)
    if acknowledged >= 0:
        # Two transactions make up one step of the code cache: its file may be there before or after its record.
        allowed = [reference[acknowledged]] if "before" in point else [reference[acknowledged + 1]]
        if "code" in point:
            allowed = [{**state, "files": found["files"]} for state in reference[acknowledged : acknowledged + 2]]
        assert found in allowed
    with StateDirectory.open(directory, folder=tmp_path / "components", clock=lambda: 7.0) as state:
        assert state.left_in_disorder
        state.catalog.integrity()
        state.catalog.abort_unfinished()
        assert state.catalog.unfinished() == ()
        assert all(record.outcome != "candidate" for record in state.catalog.revisions("counter"))
        assert not any((directory / "blobs" / "unfinished").iterdir())
        assert not any((directory / "code" / "unfinished").iterdir())
        for digest in state.blobs.digests():
            state.blobs.get(digest)
        compiled = state.code.get(ONE, "engine")
        assert [compiled] == (list((directory / "code").glob("*/*.cwasm")) or [None])
        assert compiled is None or compiled.read_bytes() == b"compiled"


def test_after_every_kill_the_whole_program_runs(tmp_path: Path, reference: list[dict[str, object]]) -> None:
    directory = tmp_path / "state"
    for point in ("catalog/migrate/before-commit", "catalog/bind-folder/before-commit", "blobs/put/before-rename"):
        assert kill_at(point, directory) < len(reference)
    with StateDirectory.open(directory, folder=tmp_path / "components", clock=lambda: 7.0) as state:
        for step in steps(state):
            step()
    assert contents(directory) == reference[-1]
