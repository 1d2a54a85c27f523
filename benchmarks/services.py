"""What the host does for a component, called by a guest in a loop: storage, logging, the clock."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from airssys_tui.runtime.embedded import EmbeddedRuntime
from benchmarks.clock import Effort, pair
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, put_component, running, scratch

SERVICES: Final = Path(__file__).parents[1] / "tests" / "fixtures" / "components" / "services" / "services.wasm"
NAME: Final = "subject"
STORAGE: Final = "fixture:services/storage-door@1.0.0#"
DOORS: Final = "fixture:services/doors@1.0.0#"
LIMITS: Final = 'deadline = "1h"\nfuel_per_call = "unlimited"\n'
ALLOWED: Final = '[capabilities]\nstorage = "read-write"'
KEY: Final = b"a-key-of-middle-length"
VALUE: Final = "sixty-four bytes of text, as a small record of something may be."
PUT: Final = "INSERT INTO bare VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"


def storage(effort: Effort) -> Iterator[Row]:
    """One key again and again, 64 bytes, against SQLite alone in the same mode, from Python."""
    for level in ("normal", "full"):
        resources = f'{LIMITS}durability = "{level}"\n{ALLOWED}'
        with subject(resources) as (runtime, directory), bare(directory / "bare.db", level) as connection:
            # So many that posting the call itself does not count.
            times = effort.count(2_000) if level == "normal" else effort.count(400)
            set_ = _looped(effort, runtime, STORAGE + "set-often", times, lambda: put(connection))
            yield beside(f"storage/set-{level}", *set_)
            both = _looped(effort, runtime, STORAGE + "apply-often", times, lambda: apply(connection))
            yield beside(f"storage/apply-2-{level}", *both)
            if level == "normal":
                found = _looped(effort, runtime, STORAGE + "get-often", times, lambda: get(connection))
                yield beside("storage/get", *found)


def small(effort: Effort) -> Iterator[Row]:
    """A log line (up to 1 000 of them, as many as a second takes) and a look at the clock."""
    with subject(LIMITS) as (runtime, _):
        times = effort.count(5_000)
        clock = _looped(effort, runtime, DOORS + "now-often", times, time.monotonic_ns, "time.monotonic_ns")
        yield beside("host/clock", *clock)
        log = _looped(effort, runtime, DOORS + "log-often", effort.count(1_000), lambda: None, "nothing at all")
        yield beside("host/log", *log)


@contextmanager
def subject(resources: str) -> Iterator[tuple[EmbeddedRuntime, Path]]:
    """Run the component that calls everything."""
    with scratch() as directory:
        put_component(directory, NAME, SERVICES.read_bytes(), resources)
        with running(directory) as runtime:
            yield runtime, directory


@contextmanager
def bare(path: Path, level: str) -> Iterator[sqlite3.Connection]:
    """Open SQLite on the same disk, in the same mode, with a table of keys and values and nothing else."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {level}")
        connection.execute("CREATE TABLE bare (key BLOB PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID")
        yield connection


def _looped(  # noqa: PLR0917 - a measurement has a subject and a baseline
    effort: Effort,
    runtime: EmbeddedRuntime,
    export: str,
    times: int,
    baseline: Callable[[], object],
    called: str = "SQLite alone",
) -> tuple[float, str, str, float]:
    def loop() -> None:
        runtime.invoke(NAME, export, times).result(PATIENCE)

    taken, beside_it = pair(effort, loop, lambda: [baseline() for _ in range(times)])
    return taken / times * 1e6, "µs", called, beside_it / times * 1e6


def put(connection: sqlite3.Connection) -> None:
    """Store the value, with SQLite alone."""
    connection.execute(PUT, (KEY, VALUE))


def get(connection: sqlite3.Connection) -> None:
    """Look the value up, with SQLite alone."""
    connection.execute("SELECT value FROM bare WHERE key = ?", (KEY,)).fetchall()


def apply(connection: sqlite3.Connection) -> None:
    """Store two values in one transaction, with SQLite alone."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(PUT, (b"left", VALUE))
    connection.execute(PUT, (b"right", VALUE))
    connection.execute("COMMIT")
