"""Files of the machine as a component reaches them, in a loop of its own, beside the bare calls from Python.

Everything is granted, so the guard decides warm; the disk is not asked, as the files are in the system's cache.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from airssys_tui.core.capability.permission import Kind
from airssys_tui.core.capability.policy import PolicySource
from airssys_tui.core.units import KIB, MIB
from airssys_tui.runtime.embedded import EmbeddedRuntime
from benchmarks.clock import Effort, pair
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, put_component, running, scratch

ARCHIVIST: Final = Path(__file__).parents[1] / "tests" / "fixtures" / "components" / "archivist" / "archivist.wasm"
NAME: Final = "subject"
DOORS: Final = "fixture:archivist/doors@1.0.0#"
GRANTED: Final = PolicySource(default=(Kind.STORAGE, Kind.MESSAGING, Kind.FILESYSTEM))


def files(effort: Effort) -> Iterator[Row]:
    """Ask for a file, read it whole, and read from one that stays open."""
    with scratch() as directory:
        folder = directory.resolve() / "data"
        folder.mkdir()
        for name, size in (("small", KIB), ("large", 64 * KIB), ("huge", MIB)):
            (folder / name).write_bytes(bytes(size))
        capabilities = f'[capabilities]\nfilesystem = ["read:{folder}/**"]'
        put_component(
            directory, NAME, ARCHIVIST.read_bytes(), f'deadline = "1h"\nfuel_per_call = "unlimited"\n{capabilities}'
        )
        with running(directory) as runtime:
            runtime.probe.system.guards.follow(GRANTED)
            yield from _rows(effort, runtime, folder)


def _rows(effort: Effort, runtime: EmbeddedRuntime, folder: Path) -> Iterator[Row]:
    small, large, huge = f"{folder}/small", f"{folder}/large", f"{folder}/huge"
    times = effort.count(2_000)
    asked = _looped(effort, runtime, times, lambda: os.access(small, os.F_OK), "exists-often", small)
    yield beside("files/exists", *asked[:2], "os.access", asked[2])
    for name, path, count in (("1K", small, times), ("64K", large, effort.count(200)), ("1M", huge, effort.count(20))):
        whole = _looped(effort, runtime, count, lambda path=path: _read_whole(path), "read-all-often", path)  # type: ignore[misc]
        yield beside(f"files/read-all-{name}", *whole[:2], "open, read, close", whole[2])
    file = runtime.invoke(NAME, DOORS + "open", large, {"read"}).result(PATIENCE).value
    descriptor = os.open(large, os.O_RDONLY)
    try:
        part = _looped(effort, runtime, times, lambda: _read_part(descriptor), "read-often", file, KIB)
    finally:
        os.close(descriptor)
    yield beside("files/seek-read-1K", *part[:2], "lseek, read", part[2])


def _looped(
    effort: Effort,
    runtime: EmbeddedRuntime,
    times: int,
    bare: Callable[[], object],
    export: str,
    *arguments: object,
) -> tuple[float, str, float]:
    def loop() -> None:
        runtime.invoke(NAME, DOORS + export, *arguments, times).result(PATIENCE)

    taken, beside_it = pair(effort, loop, lambda: [bare() for _ in range(times)])
    return taken / times * 1e6, "µs", beside_it / times * 1e6


def _read_whole(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 1 << 20)
    finally:
        os.close(descriptor)


def _read_part(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, KIB)
