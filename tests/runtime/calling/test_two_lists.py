"""Two byte lists in one call give the same answer on every way to a guest: 1000 · a[0] + b[0]."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from airssys_tui.runtime.standalone.call import call_path
from tests.support.api.sockets import client, serving
from tests.support.engine import guests
from tests.support.world import World

PATIENCE = 30.0
PAIRS = [(7, 9), (9, 7), (0, 255), (255, 1)]


@pytest.fixture
def two(world: World) -> World:
    world.put("two", guests.binary(guests.FIRST_OF_BOTH), '[resources]\ndeadline = "30s"\n')
    world.open()
    return world


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_a_temporary_instance(tmp_path: Path, a: int, b: int) -> None:
    file = tmp_path / "two.wasm"
    file.write_bytes(guests.binary(guests.FIRST_OF_BOTH))
    assert call_path(file, "f", f"[[{a}],[{b}]]").result == str(1000 * a + b)


def test_a_running_component_by_value_and_by_json(two: World) -> None:
    for a, b in PAIRS:
        assert two.call("two", "f", bytes([a]), bytes([b])) == 1000 * a + b
        assert two.runtime.call("two", "f", f"[[{a}],[{b}]]").result(PATIENCE).result == str(1000 * a + b)


def test_a_running_component_through_the_socket(two: World, tmp_path: Path) -> None:
    with serving(two.runtime, tmp_path / "socket"), client(tmp_path / "socket") as remote:
        for a, b in PAIRS:
            assert remote.call("two", "f", f"[[{a}],[{b}]]").result(PATIENCE).result == str(1000 * a + b)


def test_many_callers_at_the_same_time(two: World) -> None:
    def ask(number: int) -> bool:
        a, b = number % 256, 255 - number % 256
        return bool(two.call("two", "f", bytes([a]) * 300, bytes([b]) * 300) == 1000 * a + b)

    with ThreadPoolExecutor(8) as callers:
        assert all(callers.map(ask, range(120)))
