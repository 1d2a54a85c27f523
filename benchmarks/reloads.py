"""Reloads and rollbacks: how long until the new one serves, how long nobody does, what is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import msgspec

from airssys_tui.api.commands import Command, Reload, Rollback
from airssys_tui.core.events import EventAction
from airssys_tui.core.limits import Limits
from airssys_tui.core.units import parse_duration
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.instance import Instance
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import Activation, GatesPassed, NewSnapshot
from airssys_tui.store.catalog.revisions import CANDIDATE
from airssys_tui.store.disk.database import Database
from benchmarks.clock import Effort, once, quantile
from benchmarks.guests import EXPORTS, binary, variant
from benchmarks.memory import resident
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, RELEASES, put_component, running, scratch

NAME = "subject"
MILLI = 1000.0


def _carry_out(runtime: EmbeddedRuntime, command: Command) -> None:
    runtime.submit(command).result(PATIENCE)


def _counter() -> bytes:
    return (RELEASES / "1.0.0" / "counter.wasm").read_bytes()


def _pauses(runtime: EmbeddedRuntime) -> list[float]:
    """Return the swap's pause of each deployment in milliseconds, as the events tell it."""
    told = [event.text for event in runtime.events(limit=100_000).events if event.action == EventAction.SWITCHED]
    return [parse_duration(text.partition(" in ")[2].split(" (")[0]) * MILLI for text in told]


def _reload_all(
    directory: Path, runtime: EmbeddedRuntime, wasm: bytes, numbers: range
) -> tuple[list[float], list[float]]:
    """Reload a new digest for each number; return milliseconds of the reloads, and of compiling the same alone."""
    reloads, compiles = [], []
    engine = Engine()
    for number in numbers:
        fresh = variant(wasm, number)
        put_component(directory, NAME, fresh)
        reloads.append(once(_carry_out, runtime, Reload(NAME)) * MILLI)
        compiles.append(once(engine.compile, fresh) * MILLI)
    engine.close()
    return reloads, compiles


def stateful(effort: Effort) -> Iterator[Row]:
    """The counter: compile, gates, trial, save, load, commit."""
    count, wasm = effort.count(60), _counter()
    with scratch() as directory:
        put_component(directory, NAME, wasm)
        with running(directory) as runtime:
            reloads, compiles = _reload_all(directory, runtime, wasm, range(count))
            pauses = _pauses(runtime)[1:]
            (row,) = runtime.snapshot().components
            newest = row.revision or 0  # each rollback is a revision of its own; the one before the newest is kept
            backs = [
                once(_carry_out, runtime, Rollback(NAME, to=newest - 1 + number)) * MILLI for number in range(count)
            ]
        move, commit = _state_costs(directory, wasm)
    slow, alone = quantile(reloads, 0.95), quantile(compiles, 0.95)
    yield beside("reload/stateful-p95", slow, "ms", "compile alone p95", alone)
    middle, least = median(reloads), median(compiles)
    yield beside("reload/stateful-p50", middle, "ms", "compile alone p50", least)
    floor = move + commit
    yield beside("reload/pause-stateful", median(pauses), "ms", "save + load + commit", floor)
    yield Row(name="store/activation", value=commit, unit="ms")
    back = quantile(backs, 0.95)
    yield beside("rollback/cached-p95", back, "ms", "save + load", move)
    yield Row(name="rollback/cached-p50", value=median(backs), unit="ms")


def stateless(effort: Effort) -> Iterator[Row]:
    """A component without state."""
    count, wasm = effort.count(60), binary(EXPORTS)
    with scratch() as directory:
        put_component(directory, NAME, wasm)
        with running(directory) as runtime:
            reloads, compiles = _reload_all(directory, runtime, wasm, range(count))
            pauses = _pauses(runtime)[1:]
    slow, alone = quantile(reloads, 0.95), quantile(compiles, 0.95)
    yield beside("reload/stateless-p95", slow, "ms", "compile alone p95", alone)
    yield Row(name="reload/pause-stateless", value=median(pauses), unit="ms")


def _state_costs(directory: Path, wasm: bytes) -> tuple[float, float]:
    """Return the milliseconds of a save and a load, and of the commit of an activation."""
    engine = Engine()
    code, linker = engine.compile(wasm), engine.linker(INTERFACES)
    state = "airssys:core-component/state@1.0.0"
    version = {"major": 1, "minor": 0, "patch": 0, "pre-release": None, "build": None}

    def move(old: Instance, new: Instance) -> None:
        new.call(f"{state}#load", old.call(f"{state}#save").value.value, version)

    moves = []
    for _ in range(20):
        pair = [linker.instantiate(code, Limits()) for _ in range(2)]
        for instance in pair:
            instance.call(f"{state}#schema")
        moves.append(once(move, *pair))
        for instance in pair:
            instance.close()
    engine.close()
    catalog = Catalog.open(directory / "state" / "catalog.db")
    commits = [_activation_alone(catalog) for _ in range(20)]
    catalog.close()
    return median(moves) * MILLI, median(commits) * MILLI


def _activation_alone(catalog: Catalog) -> float:
    """Return the seconds of the one transaction of a swap, with nothing else at work."""
    record = catalog.active_revision(NAME)
    assert record is not None
    deployment = catalog.begin_deployment(NAME, 1, record.digest, record.cause)
    number = catalog.add_revision(
        msgspec.structs.replace(record, outcome=CANDIDATE, interface=None), deployment=deployment
    ).number
    activation = Activation(
        component=NAME,
        revision=number,
        at=0.0,
        deployment=deployment,
        passed=GatesPassed("[]", record.interface or "", 0.0),
        snapshot=NewSnapshot(NAME, number, "counter/1", "text", b"count=0;", "demand", 0.0),
    )
    return once(catalog.activate, activation)


def memory(effort: Effort) -> Iterator[Row]:
    """Growth of this process over a thousand reloads of one component, after the first fifth."""
    count, wasm = effort.count(1000), binary(EXPORTS)
    with scratch() as directory:
        put_component(directory, NAME, wasm)
        with running(directory) as runtime:
            for number in range(count):
                if number == count // 5:
                    before = resident()
                put_component(directory, NAME, variant(wasm, number))
                _carry_out(runtime, Reload(NAME))
            after = resident()
    growth = (after - before) / before * 100
    yield Row(name="reload/rss-growth", value=growth, unit="%", baseline=f"{count} reloads")


def at_once(effort: Effort) -> Iterator[Row]:
    """Two hundred components that all get new code and are reloaded at once."""
    count, wasm = effort.count(200), binary(EXPORTS)
    names = [f"subject-{number}" for number in range(count)]
    with scratch() as directory:
        for name in names:
            put_component(directory, name, wasm)
        with running(directory) as runtime:
            fresh = [variant(wasm, number) for number in range(count)]
            for name, code in zip(names, fresh, strict=True):
                put_component(directory, name, code)

            def reload() -> None:
                for answer in [runtime.submit(Reload(name)) for name in names]:
                    answer.result(PATIENCE)

            taken = once(reload)
            require_switched(runtime, count)
        engine = Engine()
        alone = once(lambda: [engine.compile(code) for code in fresh])
        engine.close()
    yield beside(f"reload/{count}-at-once", taken, "s", "compile alone, one by one", alone)


def require_switched(runtime: EmbeddedRuntime, count: int) -> None:
    """Verify that so many components run their second revision."""
    rows = runtime.snapshot().components
    if [(str(row.state), row.revision) for row in rows] != [("running", 2)] * count:
        raise RuntimeError("not all of them were reloaded")


def commit(effort: Effort) -> Iterator[Row]:
    """One durable transaction of the catalog, against nothing but SQLite doing the same."""
    with scratch() as directory:
        database = Database(directory / "plain.db")
        with database.transaction("bind-folder") as connection:
            connection.execute("CREATE TABLE rows (value TEXT)")

        def insert() -> None:
            with database.transaction("bind-folder") as connection:
                connection.execute("INSERT INTO rows VALUES ('x')")

        times = [once(insert) * MILLI for _ in range(effort.count(200))]
        database.close()
    yield Row(name="store/commit", value=median(times), unit="ms")
