"""A runtime behind its control socket: round trips of another process, and what it costs to be told what changes.

``python -m benchmarks.remote SOCKET COUNT`` is that other process: it asks ``COUNT`` times and prints the seconds.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import msgspec

from airssys_tui.api.commands import Start
from airssys_tui.api.socket.remote import RemoteRuntime
from airssys_tui.api.socket.server import ControlServer
from airssys_tui.api.views.components import ComponentView, History, Meters
from airssys_tui.api.views.runtime import EventPage, Phase, Snapshot
from airssys_tui.core.errors import TransitionError
from airssys_tui.core.lifecycle import State
from airssys_tui.core.text import GuestText
from airssys_tui.store.paths import control_path
from benchmarks.clock import Effort, once, quantile
from benchmarks.guests import EXPORTS, binary
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, put_component, running, scratch
from benchmarks.startup import PROGRAM, Terminal, samples

NAME: Final = "subject"
SAMPLES: Final = 120
WHOLE: Final = 2**62
"""A generation that nothing is newer than: what is asked for is only the totals."""


def socket(effort: Effort) -> Iterator[Row]:
    """One command after the other, refused by the rules, from another process and in this one; and a call."""
    count = effort.count(3_000)
    with scratch() as directory:
        put_component(directory, NAME, binary(EXPORTS))
        with running(directory) as runtime, closing(ControlServer(runtime, directory / "control.sock")):
            here = _asked(runtime, count)
            asked = (sys.executable, "-m", "benchmarks.remote", str(directory / "control.sock"), str(count))
            done = subprocess.run(asked, check=True, capture_output=True, timeout=PATIENCE)
            there = msgspec.json.decode(done.stdout, type=list[float])
    for name, fraction in (("p50", 0.5), ("p99", 0.99)):
        values = (quantile(times, fraction) * 1e6 for times in (there, here))
        yield beside(f"socket/command-{name}", next(values), "µs", "in this process", next(values))


def followers(effort: Effort) -> Iterator[Row]:
    """A client that follows rows of which every one changes each second: bytes, and processor time of both sides."""
    count, ticks = effort.count(10_000), max(3, effort.rounds)
    crowd = Crowd(count)
    with scratch() as directory, closing(ControlServer(crowd, directory / "control.sock")) as server:
        opening = once(lambda: RemoteRuntime.open(directory / "control.sock", follow=True).close())
        with closing(RemoteRuntime.open(directory / "control.sock", follow=True)) as remote:
            costs = [_tick(crowd, server, remote) for _ in range(ticks + 1)][1:]
            rest = _rest(server, 2.0 if effort.scale >= 1 else 0.3)
    sent, serving, reading = (median(cost[part] for cost in costs) for part in range(3))
    plain = len(msgspec.json.encode(msgspec.to_builtins(crowd.rows, enc_hook=str.__str__)))
    yield beside(f"socket/{count}-rows-bytes", sent / 1e6, "MB/s", "all rows as JSON", plain / 1e6)
    yield Row(name=f"socket/{count}-rows-server", value=serving * 100, unit="% of a core")
    yield Row(name=f"socket/{count}-rows-client", value=reading * 100, unit="% of a core")
    yield Row(name=f"socket/{count}-rows-attach", value=opening, unit="s")
    yield Row(name=f"socket/{count}-rows-at-rest", value=rest, unit="B/s")


def attached(effort: Effort) -> Iterator[Row]:
    """A screen on a runtime of another process: until its first frame, and what it costs to look at it at rest."""
    rest = 5.0 if effort.scale >= 1 else 0.5
    with samples() as directory, running(directory) as runtime:
        state_dir, folder = directory / "state", str((directory / "components").resolve())
        with closing(ControlServer(runtime, control_path(state_dir), folder=folder)):
            attach = (*PROGRAM, "attach", folder, "--state-dir", str(state_dir))
            with Terminal(attach) as terminal:
                paint = terminal.until(b"counter")
                terminal.watch(2.0)
                share = terminal.cpu_share(rest)
    yield Row(name="attach/rows-painted", value=paint, unit="s")
    yield Row(name="attach/at-rest", value=share * 100, unit="% of a core", baseline="6 samples")


class Crowd:
    """Rows that all change when they are told to, behind the part of the protocol that following needs.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        series = tuple(1.37 * step for step in range(SAMPLES))
        history = History(fuel=series, memory=series, latency_ms=series)
        self._generation = 1
        self.rows = tuple(
            ComponentView(id=f"c{number:05}", state=State.RUNNING, history=history, generation=1)
            for number in range(count)
        )

    def tick(self) -> int:
        """Have a second pass; return the generation that it makes."""
        generation = self._generation + 1
        rows = []
        for row in self.rows:
            old = row.history
            value = generation * 1.37
            history = History(
                fuel=(*old.fuel[1:], value),
                memory=(*old.memory[1:], value),
                latency_ms=(*old.latency_ms[1:], value),
            )
            meters = Meters(fuel=generation * 1_000, fuel_per_second=value, memory=65_536, cpu=0.01, calls=generation)
            rows.append(msgspec.structs.replace(row, history=history, meters=meters, generation=generation))
        self.rows, self._generation = tuple(rows), generation
        return generation

    def snapshot(self, since: int = 0) -> Snapshot:
        """Return the rows that changed after a generation."""
        shown = tuple(row for row in self.rows if row.generation > since)
        return Snapshot(
            generation=self._generation, at=0.0, phase=Phase.RUNNING, folder=GuestText(""), components=shown
        )

    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        """Return nothing."""
        del after, limit
        return EventPage(())

    def __getattr__(self, name: str) -> Any:
        """Nothing else is asked."""
        raise AttributeError(name)


def _tick(crowd: Crowd, server: ControlServer, remote: RemoteRuntime) -> tuple[float, float, float]:
    """Have a second pass; return bytes, and seconds of processor time of the server's thread and the client's."""
    sent, before = server.status().sent, [_processor(thread) for thread in (server.thread, remote.thread)]
    generation = crowd.tick()
    end = perf_counter() + PATIENCE
    while remote.snapshot(WHOLE).generation < generation:
        if perf_counter() > end:
            raise TimeoutError("the change did not arrive")
        time.sleep(0.02)
    after = [_processor(thread) for thread in (server.thread, remote.thread)]
    return server.status().sent - sent, after[0] - before[0], after[1] - before[1]


def _rest(server: ControlServer, seconds: float) -> float:
    sent = server.status().sent
    time.sleep(seconds)
    return (server.status().sent - sent) / seconds


def _processor(thread: threading.Thread | None) -> float:
    if thread is None or thread.ident is None:
        raise RuntimeError("the thread has not started")
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


def _asked(runtime: Any, count: int) -> list[float]:
    """Ask for what the rules refuse, one after the other: the way there and back, and nothing else."""

    def ask() -> None:
        answer: Future[Any] = runtime.submit(Start(NAME))
        try:
            answer.result(PATIENCE)
        except TransitionError:
            return
        raise AssertionError("a running component was started")

    ask()
    return [once(ask) for _ in range(count)]


def main(path: str, count: str) -> int:
    """Be the other process."""
    with closing(RemoteRuntime.open(Path(path))) as remote:
        sys.stdout.write(msgspec.json.encode(_asked(remote, int(count))).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
