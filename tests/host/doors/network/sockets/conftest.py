"""Doors to sockets for each test, closed after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.socket_door import Desk


@pytest.fixture
def open_desk() -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def opened(*granted: str, declared: tuple[str, ...] | None = None) -> Desk:
        made.append(Desk(*granted, declared=declared))
        return made[-1]

    yield opened
    for each in made:
        each.door.close()


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    return open_desk()
