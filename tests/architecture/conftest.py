"""A folder whose component is recorded, made without the engine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airssys_tui.core.manifest.document import bare_manifest, encode_manifest, manifest_digest
from airssys_tui.core.revision import Cause
from airssys_tui.store.catalog.records import Activation, RevisionRecord
from airssys_tui.store.directory import StateDirectory


@pytest.fixture
def recorded_folder(tmp_path: Path) -> dict[str, str]:
    """The environment of a process whose folder has one recorded component, `counter`."""
    folder, state_dir = tmp_path / "components", tmp_path / "state"
    folder.mkdir()
    manifest = bare_manifest("counter")
    with StateDirectory.open(state_dir, folder=folder) as state:
        state.catalog.upsert_component("counter", "counter.wasm", at=1.0)
        revision = state.catalog.add_revision(
            RevisionRecord(
                component="counter",
                digest="sha256:" + "ab" * 32,
                manifest=encode_manifest(manifest),
                manifest_digest=manifest_digest(manifest),
                cause=Cause.DEPLOY,
                who="test",
                created_at=1.0,
                size=10,
            )
        )
        state.catalog.activate(Activation(component="counter", revision=revision.number, at=2.0))
    return {
        **os.environ,
        "AIRSSYS_TUI_FOLDER": str(folder),
        "AIRSSYS_TUI_STATE_DIR": str(state_dir),
        "AIRSSYS_TUI_CONFIG": str(tmp_path / "none.toml"),
    }
