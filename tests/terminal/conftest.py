"""A copy of the samples with a state directory of its own, and the program on it in terminals and without one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.places import SAMPLES
from tests.support.terminal.scratch import Scratch


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    for manifest in SAMPLES.glob("*/Component.toml"):
        target = tmp_path / "components" / manifest.parent.name
        target.mkdir(parents=True)
        for file in (manifest, *manifest.parent.glob("*.wasm")):
            shutil.copy(file, target / file.name)
    return Scratch(tmp_path)
