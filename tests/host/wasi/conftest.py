"""One engine for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airssys_tui.engine.engine import Engine
from tests.support.wasi.wasi_desk import WasiDesk


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture
def desk(engine: Engine) -> Iterator[Callable[..., WasiDesk]]:
    """Make a desk: a guest of some interfaces."""
    made: list[WasiDesk] = []

    def make(*arguments: Any, **named: Any) -> WasiDesk:
        made.append(WasiDesk(engine, *arguments, **named))
        return made[-1]

    yield make
    for one in made:
        one.instance.close()
