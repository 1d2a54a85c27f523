"""What a plan of the collection costs grows with the artifacts, not their square: SQLite's own steps are counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from airssys_tui.core.manifest.document import bare_manifest, encode_manifest
from airssys_tui.core.revision import Cause, Revision
from airssys_tui.store.catalog.records import RevisionRecord
from airssys_tui.store.catalog.revisions import read_revisions
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.garbage import orphans


@contextmanager
def stocked(root: Path, count: int) -> Iterator[StateDirectory]:
    """Open a state directory with so many components, each with two revisions of an artifact of its own."""
    folder = root / f"folder-{count}"
    folder.mkdir()
    state = StateDirectory.open(root / f"state-{count}", folder=folder)
    try:
        with state.catalog.together():
            for number in range(count):
                for salt in ("old", "new"):
                    revise(state, f"each-{number}", state.blobs.put(f"{salt} {number}".encode()))
        yield state
    finally:
        state.close()


def revise(state: StateDirectory, name: str, digest: str) -> None:
    state.catalog.upsert_component(name, name, at=1.0)
    state.catalog.add_revision(
        RevisionRecord(
            component=name,
            digest=digest,
            manifest=encode_manifest(bare_manifest(name)),
            manifest_digest="sha256:" + "1" * 64,
            cause=Cause.RELOAD,
            who="watcher",
            created_at=1.0,
            size=8,
            version="1.0.0",
        )
    )


def planned(state: StateDirectory) -> tuple[int, int]:
    """Return how many orphans there are when every first revision goes, and the steps that took."""
    doomed = read_revisions(state.catalog.database, Revision, "WHERE number = 1")
    with state.catalog.database.transaction("bind-folder") as connection:
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        connection.set_progress_handler(count, 1)
        try:
            found = orphans(state, doomed)
        finally:
            connection.set_progress_handler(None, 1)
    assert {orphan.digest for orphan in found} == {revision.digest for revision in doomed}
    return len(found), steps


def test_a_plan_for_twice_as_many_costs_about_twice_as_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # the artifacts need not outlive the test
    with stocked(tmp_path, 30) as small, stocked(tmp_path, 60) as large:
        (few, less), (many, more) = planned(small), planned(large)
    assert (few, many) == (30, 60)
    assert more <= 2.4 * less
