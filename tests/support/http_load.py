"""Clients that ask all the time, and the manifest of a component that lives through everything meanwhile."""

from __future__ import annotations

import threading
from collections import Counter

from tests.support.http_client import Client

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

    Args:
        port: Where.
        path: What for.

    Attributes:
        answers: What came back: status and version, or what ended the connection.
    """

    def __init__(self, port: int, path: str = "/c") -> None:
        self.answers: Counter[str] = Counter()
        self._port = port
        self._path = path
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        with Client(self._port) as client:
            while not self._over.is_set():
                try:
                    answer = client.ask("GET", self._path)
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
