"""Durable messages: how many components send in a second, when each of them waits until its message is on the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

from airssys_tui.core.types.values import Some
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from benchmarks.clock import Effort
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, put_component, running, scratch
from tests.support.places import FIXTURES

COUNT: Final = "fixture:postman/desk@1.0.0#count"
FREE: Final = (
    'deadline = "1m"\nfuel_per_call = "unlimited"\nmailbox = 100000\nmessages_per_second = 1000000\n'
    '[capabilities]\nmessaging = ["send:*"]\n'
)
SENDERS: Final = 32
RECEIVERS: Final = 4
WORD: Final = "x" * 60
DURABLE: Final = {"guarantee": "durable", "deadline": None, "correlation": Some(1)}


def durable_sends(effort: Effort) -> Iterator[Row]:
    """Sends of thirty-two components at once, until the last was accepted, and of one alone; beside bare commits."""
    wasm = (FIXTURES / "postman" / "postman.wasm").read_bytes()
    senders = [f"sender-{number}" for number in range(SENDERS)]
    with scratch() as directory:
        for name in (*senders, *(f"receiver-{number}" for number in range(RECEIVERS))):
            put_component(directory, name, wasm, FREE)
        bare = _bare_commits(directory / "bare.db", effort.count(500))
        with running(directory, RuntimeSettings(watch=False)) as runtime:
            many = max(_rate(runtime, senders, effort.count(300)) for _ in range(3))
            one = max(_rate(runtime, senders[:1], effort.count(1_000)) for _ in range(3))
    yield beside("message/durable-send", many, "/s", "bare commits, one by one", bare, more_is_better=True)
    yield beside("message/durable-send-alone", one, "/s", "bare commits, one by one", bare, more_is_better=True)


def _rate(runtime: EmbeddedRuntime, senders: list[str], each: int) -> float:
    """Return how many sends were accepted in a second."""
    begun = perf_counter()
    asked = [
        runtime.invoke(
            name, COUNT, {"namespace": "local", "name": f"receiver-{number % RECEIVERS}"}, WORD, 1, each, DURABLE
        )
        for number, name in enumerate(senders)
    ]
    accepted: int = sum(reply.result(PATIENCE) for reply in asked)
    spent = perf_counter() - begun
    if accepted != each * len(senders):
        raise AssertionError(f"{accepted} of {each * len(senders)} were accepted")
    return accepted / spent


def _bare_commits(path: Path, count: int) -> float:
    """Return how many rows a loop writes in a second, when each is on the disk before the next."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE messages (row INTEGER PRIMARY KEY, body TEXT)")
        begun = perf_counter()
        for _ in range(count):
            connection.execute("INSERT INTO messages (body) VALUES (?)", (WORD,))
        return count / (perf_counter() - begun)
    finally:
        connection.close()
