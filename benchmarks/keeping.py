"""What is kept: how long keeping a state takes, how long a collection takes the disk, how large the history grows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from airssys_tui.core.manifest.document import bare_manifest, encode_manifest
from airssys_tui.core.retention import STABLE_FOR
from airssys_tui.core.revision import Cause
from airssys_tui.core.units import MIB
from airssys_tui.engine.engine import Engine
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import Activation, NewSnapshot, RevisionRecord
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.disk.database import Database
from airssys_tui.store.garbage import BATCH, excess, orphans, remove, take
from benchmarks.clock import Effort, once
from benchmarks.report import Row, beside
from benchmarks.scene import RELEASES, scratch

NAME: Final = "subject"
MILLI: Final = 1000.0


def snapshot(effort: Effort) -> Iterator[Row]:
    """A state of 1 MiB kept durably, against nothing but SQLite writing the same bytes."""
    data, count = os.urandom(MIB), effort.count(40)
    with scratch() as directory, closing(Catalog.open(directory / "catalog.db")) as catalog:
        revise(catalog, 1, "{}")
        new = NewSnapshot(NAME, 1, "bytes/1", "binary", data, "operator", 1.0)
        kept = [once(catalog.add_snapshot, new) * MILLI for _ in range(count)]
        plain = Database(directory / "plain.db")
        with plain.transaction("add-snapshot") as connection:
            connection.execute("CREATE TABLE states (id INTEGER PRIMARY KEY, data BLOB)")

        def insert() -> None:
            with plain.transaction("add-snapshot") as connection:
                connection.execute("INSERT INTO states (data) VALUES (?)", (data,))

        bare = [once(insert) * MILLI for _ in range(count)]
        plain.close()
    yield beside("store/snapshot-1MiB", median(kept), "ms", "the same bytes in SQLite", median(bare))


def collection(effort: Effort) -> Iterator[Row]:
    """Collecting what no rule keeps of a thousand revisions, each with an artifact and compiled code of its own."""
    count = effort.count(1_000)
    with scratch() as directory:
        folder = directory / "components"
        folder.mkdir(exist_ok=True)
        with StateDirectory.open(directory / "state", folder=folder, clock=lambda: 1.0) as state:
            interface = _interface()
            empty = _size(state.path)
            for number in range(1, count + 1):
                digest = state.blobs.put(f"artifact {number}".encode() * 64)
                state.code.put(digest, "engine", f"code {number}".encode() * 64)
                revise(state.catalog, number, interface, digest)
            state.catalog.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
            grown = _size(state.path) - empty
            later = 2 * STABLE_FOR
            planned = once(excess, state.catalog, NAME, later)
            steps = list(_steps(state, later))
    yield Row(name="store/history-size", value=grown / count, unit="B", baseline="per revision, catalog alone")
    yield Row(name="collect/plan", value=planned * MILLI, unit="ms", baseline=f"{count} revisions")
    yield Row(name="collect/all", value=sum(steps) * MILLI, unit="ms", baseline=f"{count} revisions")
    yield Row(name="collect/longest-step", value=max(steps) * MILLI, unit="ms", baseline="what a deployment may wait")


def _steps(state: StateDirectory, now: float) -> Iterator[float]:
    """Collect everything as the runtime does; yield the seconds of each step."""

    def timed(work: Callable[[], object]) -> tuple[float, object]:
        answers: list[object] = []
        return once(lambda: answers.append(work())), answers[0]

    while True:
        seconds, batch = timed(lambda: take(state.catalog, NAME, now))
        yield seconds
        if not batch:
            break
    left = orphans(state)
    for first in range(0, len(left), BATCH):
        yield once(remove, state, left[first : first + BATCH])


def revise(catalog: Catalog, number: int, interface: str, digest: str = "sha256:" + "0" * 64) -> None:
    """Add a revision as a deployment does, and let it take over."""
    catalog.upsert_component(NAME, NAME)
    with catalog.together():
        deployment = catalog.begin_deployment(NAME, number, digest, "reload", at=1.0)
        record = RevisionRecord(
            component=NAME,
            digest=digest,
            manifest=encode_manifest(bare_manifest(NAME)),
            manifest_digest="sha256:" + "1" * 64,
            cause=Cause.RELOAD,
            who="watcher",
            created_at=1.0,
            size=100_000,
            version="1.0.0",
        )
        added = catalog.add_revision(record, deployment=deployment).number
        catalog.set_interface(NAME, added, interface)
        catalog.stage(deployment, "rehearsed", '[["compile", 41.0], ["instantiate", 1.0]]', at=1.0)
        catalog.activate(Activation(component=NAME, revision=added, at=1.0, deployment=deployment, old_stable=True))


def _interface() -> str:
    """Return the counter's interface as it is recorded."""
    engine = Engine()
    code = engine.compile((RELEASES / "1.0.0" / "counter.wasm").read_bytes())
    encoded = msgspec.json.encode(code.interface).decode()
    engine.close()
    return encoded


def _size(state: Path) -> int:
    return sum(path.stat().st_size for path in state.glob("catalog.db*"))
