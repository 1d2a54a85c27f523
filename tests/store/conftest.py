from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_tui.core.identity import digest_of
from airssys_tui.core.revision import Cause
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import RevisionRecord
from airssys_tui.store.directory import StateDirectory


class Clock:
    """Time that goes on by one second whenever it is asked."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


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


def candidate(component: str = "counter", content: str = "one", **fields: object) -> RevisionRecord:
    """A revision as a deployment would add it."""
    values = {
        "component": component,
        "digest": digest_of(content.encode()),
        "manifest": "{}",
        "manifest_digest": digest_of(b"manifest"),
        "cause": Cause.DEPLOY,
        "who": "watcher",
        "created_at": 5.0,
        "size": len(content),
        **fields,
    }
    return RevisionRecord(**values)
