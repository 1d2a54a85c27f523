"""The screen in a terminal: what many rows cost, how much is written, and how soon a key is seen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from statistics import quantiles
from time import perf_counter
from typing import Final

from benchmarks.actors import NAME
from benchmarks.clock import Effort
from benchmarks.guests import EXPORTS, binary
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, put_component, scratch
from benchmarks.startup import Terminal

SUBJECT: Final = (sys.executable, "-m", "benchmarks.screen_subject")
ROWS: Final = 10_000
MESSAGES: Final = 30_000
QUIET: Final = 0.03
"""Seconds without output after which the next key is pressed."""


class Desk(Terminal):
    """A screen at which keys are pressed."""

    def flow(self, seconds: float) -> float:
        """Return the bytes per second that are written for so long."""
        count, end = 0, perf_counter() + seconds
        while (left := end - perf_counter()) > 0:
            before, self._seen = self._seen, b""
            self._read(left)
            count += len(self._seen)
            self._seen = (before + self._seen)[-65536:]
        return count / seconds

    def press(self, key: bytes) -> float:
        """Return the seconds from a key to the first of what it changes on the screen."""
        while self._read(QUIET):
            pass
        started = perf_counter()
        os.write(self._pty, key)
        self._read(PATIENCE)
        return perf_counter() - started

    def keys(self, count: int) -> list[float]:
        """Move down and up again, so many times."""
        return [self.press(b"jk"[number % 2 : number % 2 + 1]) for number in range(count)]


def rows(effort: Effort) -> Iterator[Row]:
    """Many rows, at rest and all of them changing once a second, as a share of a core."""
    count, seconds = effort.count(ROWS), 10.0 if effort.scale >= 1 else 0.5
    for kind in ("still", "changing"):
        with Desk((*SUBJECT, kind, str(count))) as desk:
            desk.until(b"part-00000")
            desk.watch(2.0 if effort.scale >= 1 else 0.2)
            share = desk.cpu_share(seconds)
            flow = desk.flow(seconds)
        yield Row(name=f"screen/{count}-rows-{kind}", value=share * 100, unit="% of a core")
        yield Row(name=f"screen/{count}-rows-{kind}-written", value=flow, unit="B/s")


def keys(effort: Effort) -> Iterator[Row]:
    """From a key to what it changes, idle and beside messages at full speed; a quarter of the keys are slower."""
    presses = effort.count(200)
    taken: dict[int, list[float]] = {}
    with scratch() as directory:
        for number in range(8):
            put_component(directory, f"other-{number}", binary(EXPORTS))
        put_component(directory, NAME, binary(EXPORTS))
        for rate in (0, MESSAGES):
            with Desk((*SUBJECT, "loaded", str(rate), str(directory))) as desk:
                desk.until(NAME.encode())
                desk.watch(2.0 if effort.scale >= 1 else 0.5)
                taken[rate] = desk.keys(presses)
    for name, part in (("p50", 49), ("p95", 94)):
        idle, busy = (quantiles(taken[rate], n=100)[part] * 1000 for rate in (0, MESSAGES))
        yield beside(f"screen/key-to-paint-{name}", busy, "ms", "idle", idle)
