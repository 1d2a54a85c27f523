"""What the screen is measured on: ``python -m benchmarks.screen_subject still|changing|loaded|doors COUNT [FOLDER]``.

``still`` and ``changing`` show so many rows that are made before, so that only the front end is paid for; ``loaded``
runs a real runtime in this process and posts about so many messages a second to an actor of it; ``doors`` runs one with
ten components that work at the doors, with ``COUNT`` as the port of their server, from ``c`` to ``e`` at a socket; from
``b`` to ``e``, bare threads do the same.
"""

from __future__ import annotations

import itertools
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from airssys_tui.api.played import scenes
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.runtime import Snapshot
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.tui.app import AirssysApp
from benchmarks.actors import NAME, post_rate
from benchmarks.door_crowd import CONTROL, EVERY, Work, bare, of_components
from benchmarks.scene import SETTINGS

SLICE = 0.05
"""Seconds between two batches of the load."""


class Recorded(PlayedRuntime):
    """A played runtime whose answers were made before it is looked at."""

    def record(self, *, changing: bool) -> Recorded:
        """Make the answers: two that take turns when everything is to change, or one."""
        first = self.snapshot()
        rows = tuple(
            msgspec.structs.replace(
                view,
                meters=msgspec.structs.replace(
                    view.meters,
                    fuel_per_second=view.meters.fuel_per_second * 1.7 + 1,
                    memory=(view.meters.memory or 0) // 2,
                    calls_per_second=view.meters.calls_per_second + 3,
                ),
            )
            for view in first.components
        )
        self._turns = itertools.cycle([first.components, rows] if changing else [()])
        self._whole, self._count = first, itertools.count(first.generation + 1, 1 if changing else 0)
        return self

    def snapshot(self, since: int = 0) -> Snapshot:
        """Return what was made before."""
        if not hasattr(self, "_turns"):
            return super().snapshot(since)
        if since == 0:
            return self._whole
        return msgspec.structs.replace(
            self._whole, generation=next(self._count), at=time.time(), components=next(self._turns)
        )


def recorded(count: int, *, changing: bool) -> Callable[[], RuntimeApi]:
    """Return what connects to so many rows."""
    played = scenes.many(count)
    runtime = Recorded(time.time).add(played.components)
    return lambda: runtime.record(changing=changing)  # type: ignore[attr-defined]


def loaded(rate: int, directory: Path) -> Callable[[], RuntimeApi]:
    """Return what connects to a runtime that answers so many messages a second."""

    def connect() -> RuntimeApi:
        runtime = EmbeddedRuntime.open(directory / "components", state_dir=directory / "state", settings=SETTINGS)
        runtime.wait_settled(60.0)
        if rate:
            threading.Thread(target=_post, args=(runtime, rate), daemon=True, name="load").start()
        return runtime

    return connect


def at_doors(port: int, directory: Path) -> Callable[[], RuntimeApi]:
    """Return what connects to a runtime whose ten components work when the benchmark says so."""

    def connect() -> RuntimeApi:
        runtime = EmbeddedRuntime.open(directory / "components", state_dir=directory / "state", settings=SETTINGS)
        runtime.wait_settled(60.0)
        works = {b"c": of_components(runtime, directory, port), b"b": bare(directory, port)}
        works |= {b"C": of_components(runtime, directory, port, EVERY), b"B": bare(directory, port, EVERY)}
        threading.Thread(target=_obey, args=(works, directory / CONTROL), daemon=True, name="load").start()
        return runtime

    return connect


def _obey(works: Mapping[bytes, Work], path: Path) -> None:
    """Have one of the works begin, or end again, as a socket says."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(path))
        present: Work | None = None
        while word := control.recv(1):
            if word in works:
                present = works[word]
                present.begin()
            elif present is not None:
                present.end()
            control.sendall(word)


def _post(runtime: EmbeddedRuntime, rate: int) -> None:
    while True:
        started = time.perf_counter()
        post_rate(runtime, int(rate * SLICE))
        time.sleep(max(0.0, SLICE - (time.perf_counter() - started)))


def main(kind: str, count: int, folder: str = "") -> None:
    """Show it until it is left."""
    runtimes = {"loaded": loaded, "doors": at_doors}
    made = runtimes.get(kind)
    connect = made(count, Path(folder)) if made is not None else recorded(count, changing=kind == "changing")
    AirssysApp(connect, folder=folder or NAME).run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
