"""No request is lost: clients ask all the time while the component is reloaded, rolled back, restarted and traps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from airssys_tui.api.commands import Restart, Rollback
from airssys_tui.core.manifest.http_sections import ListenAddress
from tests.support.http_client import Client
from tests.support.http_load import MANIFEST, Load
from tests.support.wasi.http_guest import http_guest
from tests.support.world import World


@pytest.fixture
def under_load(world: World) -> Callable[[], Load]:
    world.put("c", http_guest("v0"), MANIFEST, version="0.0.0")
    world.open(http=(ListenAddress("127.0.0.1", 0),), shutdown=30.0)
    port = world.runtime.probe.system.http.listeners[0].address.port
    return lambda: Load(port)


def versions(count: int) -> list[str]:
    return [f"{chr(ord('a') + number // 10)}{number % 10}" for number in range(count)]


def test_reloads_lose_nothing(world: World, under_load: Callable[[], Load]) -> None:
    times = 12
    load = under_load()
    for number, version in enumerate(versions(times)):
        world.install("c", http_guest(version), MANIFEST, version=f"1.{number}.0")
    answers = load.end()
    assert set(answers) <= {"v0", *versions(times)}, answers
    assert versions(times)[-1] in answers
    assert world.row("c").meters.errors == 0


def test_rollbacks_and_restarts_lose_nothing(world: World, under_load: Callable[[], Load]) -> None:
    times = 8
    world.install("c", http_guest("v1"), MANIFEST, version="1.0.0")
    load = under_load()
    for number in range(times):
        world.do(Rollback("c", to=1 + number % 2, force=True))
        world.do(Restart("c"))
    answers = load.end()
    assert set(answers) == {"v0", "v1"}, answers


def test_a_trap_costs_its_own_request_and_no_other(world: World, under_load: Callable[[], Load]) -> None:
    times = 10
    load = under_load()
    port = world.runtime.probe.system.http.listeners[0].address.port
    with Client(port) as client:
        statuses = Counter(client.ask("GET", "/trap").status for _ in range(times))
    answers = load.end()
    assert statuses == {502: times}
    assert set(answers) == {"v0"}, answers
    (route,) = world.runtime.http().result(30).routes
    assert [(each.reason, each.count) for each in route.reasons] == [("trap", times)]
    assert route.classes[4] == times
