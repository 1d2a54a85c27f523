"""A house for each attack, and an engine for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.engine.engine import Engine
from airssys_tui.host.catalogue import INTERFACES
from tests.support.burglar import House
from tests.support.places import FIXTURES


@pytest.fixture(scope="session")
def linked() -> Iterator[tuple[Any, Any]]:
    """Give a linker with all interfaces of the host, and the component that calls those about files."""
    engine = Engine()
    yield engine.linker(INTERFACES), engine.compile((FIXTURES / "archivist" / "archivist.wasm").read_bytes())
    engine.close()


@pytest.fixture
def house(tmp_path: Path, linked: tuple[Any, Any]) -> Iterator[House]:
    """Give a house to break into; whatever was tried, nothing outside may have changed."""
    made = House(tmp_path.resolve(), *linked)
    yield made
    made.instance.close()
    assert made.is_untouched()
