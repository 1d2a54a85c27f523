"""One engine for the tests of this folder; every test makes its own instances."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from airssys_tui.core.limits import Limits
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.instance import Instance
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.host.catalogue import WASI


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def by_values() -> Iterator[Engine]:
    """Give an engine that carries everything as the engine's own values."""
    engine = Engine(EngineSettings(raw_lift=False))
    yield engine
    engine.close()


@pytest.fixture
def start(engine: Engine) -> Iterator[Callable[..., Instance]]:
    """Make an instance of component bytes with nothing but WASI linked."""
    linker = engine.linker(WASI)
    made: list[Instance] = []

    def make(wasm: bytes, limits: Limits | None = None) -> Instance:
        made.append(linker.instantiate(engine.compile(wasm), limits or Limits()))
        return made[-1]

    yield make
    for instance in made:
        instance.close()
