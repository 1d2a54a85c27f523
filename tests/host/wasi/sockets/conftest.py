"""A guest of sockets for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airssys_tui.engine.engine import Engine
from tests.support.wasi.socket_guest import SocketGuest, socket_guest


@pytest.fixture
def guest(engine: Engine) -> Iterator[SocketGuest]:
    with socket_guest(engine) as made:
        yield made
