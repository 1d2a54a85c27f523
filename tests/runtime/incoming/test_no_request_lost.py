"""No request is lost: clients ask all the time while the component is reloaded, rolled back, restarted and traps."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from airssys_tui.api.commands import Restart, Rollback
from airssys_tui.core.manifest.http_sections import ListenAddress
from tests.support.http_client import Client
from tests.support.wasi.http_guest import http_guest
from tests.support.world import World

MANIFEST = """
[http]
routes = ["/*"]
[resources]
deadline = "20s"
fuel_per_call = "unlimited"
[supervision]
max_restarts = 1000
backoff = {initial = "1ms", max = "1ms"}
[deployment]
probation = "0s"
keep = 100
"""
CLIENTS = 4


class Load:
    """Clients that ask one request after another, each on one connection as long as it lasts.

    Attributes:
        answers: What came back: status and version, or what ended the connection.
    """

    def __init__(self, port: int) -> None:
        self.answers: Counter[str] = Counter()
        self._port = port
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        with Client(self._port) as client:
            while not self._over.is_set():
                try:
                    answer = client.ask("GET", "/c")
                    got = answer.body[:2].decode() if answer.status == 200 else f"{answer.status}"
                except OSError as error:
                    got = f"lost: {error!r}"
                    self._over.set()
                with self._lock:
                    self.answers[got] += 1

    def end(self) -> Counter[str]:
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self.answers


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
