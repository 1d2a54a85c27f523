from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.directory import StateDirectory
from tests.support.catalogs import Clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "components").mkdir()
    return tmp_path / "components"


@pytest.fixture
def state(tmp_path: Path, folder: Path) -> Iterator[StateDirectory]:
    opened = StateDirectory.open(tmp_path / "state", folder=folder, clock=Clock())
    yield opened
    opened.close()


@pytest.fixture
def catalog(state: StateDirectory) -> Catalog:
    """A catalog that knows the components ``counter`` and ``echo``."""
    state.catalog.upsert_component("counter", "/components/counter/Component.toml")
    state.catalog.upsert_component("echo", "/components/echo.wasm")
    return state.catalog
