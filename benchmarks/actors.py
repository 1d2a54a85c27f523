"""Messages through a running system: mailbox, worker, meters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter
from typing import Any

from airssys_tui.core.limits import UNLIMITED_FUEL, Limits
from airssys_tui.engine.engine import Engine
from airssys_tui.runtime.actors.reply import Reply
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from benchmarks.calls import trapped
from benchmarks.clock import Effort, once, quantile
from benchmarks.guests import EXPORTS, binary
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, put_component, running, scratch

NAME = "subject"
PAYLOAD = "x" * 64
UNBURNT = Limits(fuel_per_call=UNLIMITED_FUEL)
BATCH = 400
"""Messages posted between two looks at the answers; two batches under way are below the bound of the mailbox."""


def messages(effort: Effort) -> Iterator[Row]:
    """Posts of 64 bytes from outside, as many as one worker and as two can take, against calls in a loop."""
    count, wasm = effort.count(30_000), binary(EXPORTS)
    loop = _loop_rate(wasm, count)
    for workers in (1, 2):
        with scratch() as directory:
            put_component(directory, NAME, wasm)
            with running(directory, RuntimeSettings(watch=False, workers=workers)) as runtime:
                rate = median(post_rate(runtime, count) for _ in range(3))
        name = f"actor/messages-{workers}-worker"
        yield beside(name, rate, "/s", "the guest in a loop", loop, more_is_better=True)


def _loop_rate(wasm: bytes, count: int) -> float:
    engine = Engine()
    instance = engine.linker().instantiate(engine.compile(wasm), Limits())
    call = instance.call

    def run() -> None:
        for _ in range(count):
            call("text", PAYLOAD)

    rates = [count / once(run) for _ in range(3)]
    engine.close()
    return median(rates)


def post_rate(runtime: EmbeddedRuntime, count: int) -> float:
    """Return the messages per second that one actor answers."""
    invoke: Callable[..., Reply[Any]] = runtime.invoke
    before: list[Reply[Any]] = []
    started = perf_counter()
    for first in range(0, count, BATCH):
        batch = [invoke(NAME, "text", PAYLOAD) for _ in range(min(BATCH, count - first))]
        _take(before)
        before = batch
    _take(before)
    return count / (perf_counter() - started)


def _take(batch: list[Reply[Any]]) -> None:
    # They are answered in order: waiting for the last one first is one wait for all.
    for answer in reversed(batch):
        if answer.result(PATIENCE) != PAYLOAD:
            raise AssertionError("another answer")


def requests(effort: Effort) -> Iterator[Row]:
    """One request at a time to an idle component: run by the caller, and from its thread to a worker and back."""
    count = effort.count(5_000)
    with scratch() as directory:
        put_component(directory, NAME, binary(EXPORTS))
        with running(directory) as runtime, ThreadPoolExecutor(1) as caller:
            # On a thread of its own: the main thread never runs guests.
            here = caller.submit(
                _times, lambda: runtime.request(NAME, "text", PAYLOAD, timeout=PATIENCE), count
            ).result()
            across = _times(lambda: runtime.invoke(NAME, "text", PAYLOAD).result(PATIENCE), count)
    yield Row(name="actor/request-p50", value=quantile(here, 0.5), unit="µs")
    yield Row(name="actor/request-p99", value=quantile(here, 0.99), unit="µs")
    yield Row(name="actor/request-across-p50", value=quantile(across, 0.5), unit="µs")
    yield Row(name="actor/request-across-p99", value=quantile(across, 0.99), unit="µs")


def _times(ask: Callable[[], object], count: int) -> list[float]:
    """Return the microseconds of each of so many requests."""
    return [once(ask) * 1e6 for _ in range(count)]


def beside_hogs(effort: Effort) -> Iterator[Row]:
    """One request at a time, beside components that spin under deadlines of an hour."""
    forever = 'deadline = "1h"\nfuel_per_call = "unlimited"\n'
    for hogs in (2, 40):
        with scratch() as directory:
            put_component(directory, NAME, binary(EXPORTS))
            for number in range(hogs):
                put_component(directory, f"hog-{number}", binary(EXPORTS), forever)
            with running(directory) as runtime:
                for number in range(hogs):
                    runtime.invoke(f"hog-{number}", "spin")
                ask = [
                    once(lambda: runtime.invoke(NAME, "text", PAYLOAD).result(PATIENCE)) * 1e3
                    for _ in range(effort.count(1_000))
                ]
        yield Row(name=f"actor/request-beside-{hogs}-p50", value=quantile(ask, 0.5), unit="ms")
        yield Row(name=f"actor/request-beside-{hogs}-p99", value=quantile(ask, 0.99), unit="ms")


def overshoot(effort: Effort) -> Iterator[Row]:
    """How late a deadline of 50 ms ends a call while messages go through the same process as fast as they can."""
    wasm, over = binary(EXPORTS), Stopped()
    with scratch() as directory:
        put_component(directory, NAME, wasm)
        with running(directory) as runtime:
            talking = threading.Thread(target=over.keep, args=(lambda: post_rate(runtime, 10 * BATCH),))
            talking.start()
            engine = Engine()
            linker, code = engine.linker(), engine.compile(wasm)
            late = [once(trapped, linker.instantiate(code, UNBURNT)) * 1000 - 50 for _ in range(effort.count(40))]
            over.stop()
            talking.join()
            engine.close()
    yield Row(name="actor/deadline-overshoot-busy-p50", value=median(late), unit="ms")
    yield Row(name="actor/deadline-overshoot-busy-p95", value=quantile(late, 0.95), unit="ms")


class Stopped:
    """Something that goes on until it is stopped."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def keep(self, work: Callable[[], object]) -> None:
        """Do the work again and again."""
        while not self._over.is_set():
            work()

    def stop(self) -> None:
        """End after the round under way."""
        self._over.set()
