"""Guests that wait in the host, hundreds at a time: how late their waits end, and what others notice of them.

Half of them sleep, half wait for a silent socket. A wait is to end with its call's deadline, or when it is cancelled;
here all of them end at the same moment, which is the worst case.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import monotonic, perf_counter_ns, sleep
from typing import Any, Final

from airssys_tui.api.commands import Grant
from airssys_tui.core.types.values import Ok
from airssys_tui.engine.activity import Activity
from airssys_tui.runtime.actors.reply import Reply
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.embedded import EmbeddedRuntime
from benchmarks.actors import NAME, PAYLOAD
from benchmarks.clock import Effort, once, quantile
from benchmarks.door_crowd import FIXTURES
from benchmarks.guests import EXPORTS, binary
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, put_component, running, scratch

EACH: Final = 200
"""Guests that sleep, and as many that wait for a socket."""

DEADLINE: Final = 5
"""Seconds: enough for all of them to begin, and to measure beside them."""

CALLS: Final = 1_000
"""Calls of another component, whose time is compared."""

LONG_NS: Final = 3_600_000_000_000
GIVEN_UP: Final = 'restart = "permanent"\nmax_restarts = 1000\nbackoff = {initial = "1s", factor = 1.0, jitter = 0.0}\n'
NETWORK: Final = "connect:127.0.0.1:*"


def waits(effort: Effort) -> Iterator[Row]:
    """200 guests that sleep and 200 on silent sockets: their deadlines, their cancellation, and everybody else."""
    each, calls = effort.count(EACH), effort.count(CALLS)
    with scratch() as directory, socket.create_server(("127.0.0.1", 0), backlog=4 * each) as silent:
        _put(directory, each)
        with running(directory) as runtime:
            crowd = Crowd(runtime, each, silent.getsockname()[1])
            alone = _ask(runtime, calls)
            threads = threading.active_count()
            crowd.begin()
            waiting = threading.active_count() - threads
            crowded = _ask(runtime, calls)
            cancelled = crowd.cancelled()
            crowd.begin()
            late = crowd.deadlines()
    count = 2 * each
    for name, found in (("deadline", late), ("cancelled", cancelled)):
        yield Row(name=f"waits/{count}-{name}-p50", value=quantile(found, 0.5), unit="ms")
        yield Row(name=f"waits/{count}-{name}-p99", value=quantile(found, 0.99), unit="ms")
    for name, part in (("p50", 0.5), ("p99", 0.99)):
        beside_them, without = quantile(crowded, part), quantile(alone, part)
        yield beside(f"waits/call-beside-{count}-{name}", beside_them, "µs", "without them", without)
    yield Row(name=f"waits/{count}-threads", value=waiting, unit="threads")


def _put(directory: Path, each: int) -> None:
    sleeper, talker = ((FIXTURES / name / f"{name}.wasm").read_bytes() for name in ("sleeper", "talker"))
    limits = f'deadline = "{DEADLINE}s"\n[supervision]\n{GIVEN_UP}'
    put_component(directory, NAME, binary(EXPORTS))
    for number in range(each):
        put_component(directory, f"sleeper-{number}", sleeper, limits)
        put_component(directory, f"talker-{number}", talker, f'{limits}[capabilities]\nnetwork = ["{NETWORK}"]\n')


def _await(condition: Callable[[], bool]) -> None:
    """Look now and then until something is so."""
    until = monotonic() + PATIENCE
    while not condition():
        if monotonic() > until:
            raise TimeoutError("not all of them wait")
        sleep(0.05)


def _ask(runtime: EmbeddedRuntime, count: int) -> list[float]:
    """Return the microseconds of each of so many calls, one at a time, to a worker and back."""
    return [once(lambda: runtime.invoke(NAME, "text", PAYLOAD).result(PATIENCE)) * 1e6 for _ in range(count)]


class Crowd:
    """The guests that wait.

    Args:
        runtime: Where they run.
        each: How many of either kind.
        port: Of a server on this machine that says nothing.
    """

    def __init__(self, runtime: EmbeddedRuntime, each: int, port: int) -> None:
        self._runtime = runtime
        self._port = port
        self._sleepers = [f"sleeper-{number}" for number in range(each)]
        self._talkers = [f"talker-{number}" for number in range(each)]
        self._calls: dict[str, Reply[Any]] = {}
        self._ended: dict[str, int] = {}
        for name in self._talkers:
            runtime.submit(Grant(name, f"network:{NETWORK}")).result(PATIENCE)

    @property
    def _names(self) -> list[str]:
        return self._sleepers + self._talkers

    def begin(self) -> None:
        """Have all of them wait, after they have been started anew if need be."""
        _await(lambda: all(self._serving(name) for name in self._names))
        for name in self._talkers:
            if self._runtime.invoke(name, "dial", "127.0.0.1", self._port).result(PATIENCE) != Ok():
                raise RuntimeError(f"{name} cannot connect")
        self._ended = {}
        self._calls = {name: self._runtime.invoke(name, "sleep", LONG_NS) for name in self._sleepers}
        self._calls |= {name: self._runtime.invoke(name, "hear") for name in self._talkers}
        for name, call in self._calls.items():
            call.add_done_callback(partial(self._note, name))
        _await(lambda: all(self._activity(name).wake is not None for name in self._names))

    def _note(self, name: str, _: Reply[Any]) -> None:
        self._ended[name] = perf_counter_ns()

    def _serving(self, name: str) -> Serving | None:
        return self._runtime.probe.component(name).actor.serving

    def _activity(self, name: str) -> Activity:
        serving = self._serving(name)
        if serving is None:
            raise RuntimeError(f"{name} does not serve")
        return serving.instance.activity

    def cancelled(self) -> list[float]:
        """Cancel all calls at once; return after how many milliseconds each of them was over."""
        serving = [self._serving(name) for name in self._names]
        began = perf_counter_ns()
        for each in serving:
            if each is not None:
                each.cancel()
        return self._late(dict.fromkeys(self._names, began))

    def deadlines(self) -> list[float]:
        """Let the deadlines of all calls pass; return how many milliseconds after its own each of them was over."""
        return self._late({name: self._activity(name).deadline_ns for name in self._names})

    def _late(self, ends: dict[str, int]) -> list[float]:
        for call in self._calls.values():
            call.exception(PATIENCE)
        _await(lambda: len(self._ended) == len(ends))
        return [(self._ended[name] - end) / 1e6 for name, end in ends.items()]
