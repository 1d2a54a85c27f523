"""What cannot be undercut: the least that a figure can be with this engine, this disk and this screen library.

Each row is the same work with everything of ours left out that could be: the boundary to the guest with a host function
that does nothing, two threads that only hand something over, an application of Textual that shows one word. A target
below its floor cannot be met by what is written in this project.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any, Final

import wasmtime
from wasmtime import component

from airssys_tui.core.limits import UNLIMITED_FUEL, Limits
from airssys_tui.core.types.values import Ok, Some, Variant
from airssys_tui.engine import bindings
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostFunction, HostInterface
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.host.interfaces import logging, storage
from benchmarks import services
from benchmarks.actors import BATCH, PAYLOAD
from benchmarks.clock import Effort, pair
from benchmarks.guests import EXPORTS, HOST_NAME, binary
from benchmarks.report import Row, beside
from benchmarks.scene import scratch
from benchmarks.startup import REST, Terminal, seconds_of

LIMITS: Final = Limits(fuel_per_call=UNLIMITED_FUEL, deadline=60.0)
MICRO: Final = 1e6
_FOUND: Final = Ok(Some(Variant("text", services.VALUE)))
_DONE: Final = Ok()
_ANSWERS: Final[dict[str, Any]] = {"get": _FOUND, "set": _DONE, "apply": _DONE, "log": None}
_IDLE_CALLER: Final = f"""(component
  (import "{HOST_NAME}" (instance $host (export "work" (func (param "a" u32) (param "b" u32)))))
  (core func $work (canon lower (func $host "work")))
  (core module $guest
    (import "" "work" (func $work (param i32 i32)))
    (func (export "run") (param i32)
      (loop $again
        (call $work (local.get 0) (local.get 0))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  (core instance $i (instantiate $guest (with "" (instance (export "work" (func $work))))))
  (func (export "run") (param "times" u32) (canon lift (core func $i "run"))))"""
_IMPORTS: Final = "import msgspec, socket, sqlite3, pathlib"
_BARE_APP: Final = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("readable")
Bare().run()
"""


def floors(effort: Effort) -> Iterator[Row]:
    """The floors of what misses its target."""
    yield from _storage(effort)
    yield _callback(effort)
    yield _log(effort)
    yield _messages(effort)
    yield from _screen(effort)


def _storage(effort: Effort) -> Iterator[Row]:
    """The boundary alone and SQLite alone, one after the other, beside SQLite alone."""
    engine, times = Engine(), effort.count(2_000)
    try:
        call = engine.linker(_idle(storage.INTERFACE)).instantiate(_services(engine), LIMITS).call
        with scratch() as directory, services.bare(directory / "bare.db", "normal") as connection:
            for what, export, work in (
                ("set", "set-often", services.put),
                ("get", "get-often", services.get),
                ("apply-2", "apply-often", services.apply),
            ):
                crossing, alone = pair(
                    effort,
                    partial(call, services.STORAGE + export, times),
                    partial(_repeat, partial(work, connection), times),
                )
                share = MICRO / times
                yield beside(f"floor/storage-{what}", (crossing + alone) * share, "µs", "SQLite alone", alone * share)
    finally:
        engine.close()


def _repeat(work: Any, times: int) -> None:
    for _ in range(times):
        work()


def _services(engine: Engine) -> Any:
    return engine.compile(services.SERVICES.read_bytes())


def _idle(face: HostInterface) -> tuple[HostInterface, ...]:
    """Return all host interfaces, with one whose functions do nothing."""
    functions = [
        HostFunction(one.type, partial(_answer, _ANSWERS[one.type.name])) if one.type.name in _ANSWERS else one
        for one in face.functions
    ]
    idle = HostInterface(face.name, tuple(functions), face.resources, face.uses)
    return tuple(idle if one.name == face.name else one for one in INTERFACES)


def _answer(answer: Any, *_: Any) -> Any:
    return answer


def _callback(effort: Effort) -> Row:
    """A native callback that does nothing, called by a guest: no values, no meters, no caller looked up."""
    kept, times = bindings.HostCallback(lambda *_: 0), 1_000
    engine = wasmtime.Engine()
    linker, store = component.Linker(engine), wasmtime.Store(engine)
    with linker.root() as root, root.add_instance(HOST_NAME) as face:
        bindings.add_function(face, "work", kept)
    instance = linker.instantiate(store, component.Component(engine, binary(_IDLE_CALLER)))
    run = instance.get_func(store, "run")
    assert run is not None, "it has that export"
    taken, _ = pair(effort, lambda: run(store, times), lambda: None)
    return Row(name="floor/host-function", value=taken * MICRO / times, unit="µs")


def _log(effort: Effort) -> Row:
    """The boundary of a log line: its level, text and fields become values, and nothing is done with them."""
    engine, times = Engine(), effort.count(5_000)
    try:
        call = engine.linker(_idle(logging.INTERFACE)).instantiate(_services(engine), LIMITS).call
        taken, _ = pair(effort, partial(call, services.DOORS + "log-often", times), lambda: None)
    finally:
        engine.close()
    return Row(name="floor/log", value=taken * MICRO / times, unit="µs")


def _messages(effort: Effort) -> Row:
    """One thread hands over, another calls the guest for each: a deque between them, and no answers."""
    engine, count = Engine(), effort.count(60_000)
    try:
        call = engine.linker().instantiate(engine.compile(binary(EXPORTS)), LIMITS).call
        rates = [count / _handed_over(partial(call, "text", PAYLOAD), count) for _ in range(3)]
    finally:
        engine.close()
    return Row(name="floor/messages", value=median(rates), unit="/s")


def _handed_over(work: Callable[[], object], count: int) -> float:
    waiting: deque[int] = deque()
    ready = threading.Semaphore(0)

    def take() -> None:
        for _ in range(count // BATCH):
            ready.acquire()
            for _ in range(BATCH):
                waiting.popleft()
                work()

    taker = threading.Thread(target=take)
    started = perf_counter()
    taker.start()
    for number in range(count // BATCH * BATCH):
        waiting.append(number)
        if number % BATCH == BATCH - 1:
            ready.release()
    taker.join()
    return perf_counter() - started


def _screen(effort: Effort) -> Iterator[Row]:
    """An application of Textual with one word: until it is painted, and at rest; and Python with what a list needs."""
    program = (sys.executable, "-c", _BARE_APP)
    paints = []
    for _ in range(min(effort.rounds, 3)):
        with Terminal(program) as terminal:
            paints.append(terminal.until(b"readable"))
    with Terminal(program) as terminal:
        terminal.watch(1.0)
        share = terminal.cpu_share(REST if effort.scale >= 1 else 0.5)
    yield Row(name="floor/first-paint", value=median(paints), unit="s")
    yield Row(name="floor/at-rest", value=share * 100, unit="% of a core")
    bare = [seconds_of((sys.executable, "-c", _IMPORTS)) for _ in range(effort.rounds)]
    yield Row(name="floor/list-cold", value=median(bare), unit="s")
