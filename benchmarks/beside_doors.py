"""A reload, a call and a key, beside ten components that do blocking work through the doors all the time.

Steadily, each at most ten times a second; and as often as they can, which takes all of the interpreter's time.
In one run, in turn: with the components, without them, and beside threads of this process that do the same work without
any component. So all three meet the same weather, and the last one shows what disk, cores and interpreter leave.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from airssys_tui.api.commands import Reload
from airssys_tui.runtime.embedded import EmbeddedRuntime
from benchmarks.actors import NAME
from benchmarks.clock import Effort, once, quantile
from benchmarks.door_crowd import CONTROL, EVERY, Work, bare, grant, of_components, put_crowd, slow_server
from benchmarks.guests import EXPORTS, binary, variant
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, RELEASES, put_component, running, scratch
from benchmarks.screen import SUBJECT, Desk

COUNTER: Final = "counter"
WITHOUT: Final = "without them"
BARE: Final = "beside bare threads"
Rounds = list[list[float]]
"""The milliseconds of each round."""


class Weather(msgspec.Struct, frozen=True):
    """One kind of things beside which something is measured.

    Attributes:
        begin: Begins it.
        end: Ends it.
    """

    begin: Callable[[], object]
    end: Callable[[], object]


FAIR: Final = Weather(lambda: None, lambda: None)


def doors(effort: Effort) -> Iterator[Row]:
    """A reload of one component, a call of ``counter`` and a key, beside ten components at the doors and without."""
    with slow_server() as port, scratch() as directory:
        put_component(directory, NAME, binary(EXPORTS))
        put_component(directory, COUNTER, (RELEASES / "1.0.0" / "counter.wasm").read_bytes())
        put_crowd(directory, port)
        with running(directory) as runtime:
            grant(runtime, directory, port)
            works = of_components(runtime, directory, port), bare(directory, port)
            steady = of_components(runtime, directory, port, EVERY), bare(directory, port, EVERY)
            reload = _reload(runtime, directory)
            for kind, each in (("steady-", steady), ("", works)):
                weathers = [Weather(work.begin, work.end) for work in each]
                yield from _reloads(f"doors/{kind}reload", effort, weathers, reload)
                yield from _calls(f"doors/{kind}call", effort, weathers, runtime)
            yield _rates(works)
        yield from _keys(effort, directory, port)


def _reload(runtime: EmbeddedRuntime, directory: Path) -> Callable[[], float]:
    """Return what deploys another artifact each time, and returns the milliseconds that it took."""
    wasm, fresh = binary(EXPORTS), count()

    def reload() -> float:
        put_component(directory, NAME, variant(wasm, next(fresh)))
        return once(lambda: runtime.submit(Reload(NAME)).result(PATIENCE)) * 1e3

    return reload


def _reloads(name: str, effort: Effort, weathers: Sequence[Weather], reload: Callable[[], float]) -> Iterator[Row]:
    each = effort.count(10)
    rounds = in_turn(effort.rounds, [*weathers, FAIR], lambda: [reload() for _ in range(each)])
    return _rows(f"{name}-p50", rounds, lambda figures: middle(figures, 0.5))


def _calls(name: str, effort: Effort, weathers: Sequence[Weather], runtime: EmbeddedRuntime) -> Iterator[Row]:
    each = effort.count(1_000)

    def call() -> float:
        return once(lambda: runtime.invoke(COUNTER, "increment", 1).result(PATIENCE)) * 1e3

    rounds = in_turn(effort.rounds, [*weathers, FAIR], lambda: [call() for _ in range(each)])
    yield from _rows(f"{name}-p50", rounds, lambda figures: middle(figures, 0.5))
    yield from _rows(f"{name}-p99", rounds, lambda figures: middle(figures, 0.99))


def _keys(effort: Effort, directory: Path, port: int) -> Iterator[Row]:
    each, whole = effort.count(16), effort.scale >= 1
    with (
        socket.create_server(str(directory / CONTROL), family=socket.AF_UNIX) as listening,
        Desk((*SUBJECT, "doors", str(port), str(directory))) as desk,
    ):
        desk.until(NAME.encode())
        listening.settimeout(PATIENCE)
        control, _ = listening.accept()
        with control:
            control.setblocking(False)
            tell = partial(_tell, desk, control)
            desk.watch(2.0 if whole else 0.5)
            for kind, words in (("steady-", (b"C", b"B")), ("", (b"c", b"b"))):
                weathers = [Weather(partial(tell, word), partial(tell, b"e")) for word in words]
                rounds = in_turn(effort.rounds, [*weathers, FAIR], lambda: [1e3 * key for key in desk.keys(each)])
                yield from _rows(f"doors/{kind}key-to-paint-p50", rounds, lambda figures: middle(figures, 0.5))
                yield from _rows(f"doors/{kind}key-to-paint-p95", rounds, lambda figures: pooled(figures, 0.95))


def _tell(desk: Desk, control: socket.socket, word: bytes) -> None:
    """Tell the screen's process what is to begin, or that it is to end, and watch the screen until that is done."""
    control.sendall(word)
    while True:
        with contextlib.suppress(BlockingIOError):
            answered = control.recv(1)
            break
        desk.watch(0.01)
    if answered != word:
        raise RuntimeError(f"the screen's process answered {answered!r}")


def _rates(works: Sequence[Work]) -> Row:
    ours, threads = (work.rate for work in works)
    return beside("doors/work", ours, "/s", "bare threads", threads, more_is_better=True)


def _rows(name: str, rounds: Sequence[Rounds], statistic: Callable[[Rounds], float]) -> Iterator[Row]:
    """Yield a figure beside that without anything, and beside that with bare threads."""
    ours, threads, alone = map(statistic, rounds)
    yield beside(name, ours, "ms", WITHOUT, alone)
    yield beside(f"{name}-beside-threads", ours, "ms", BARE, threads)


def in_turn(times: int, weathers: Sequence[Weather], measure: Callable[[], list[float]]) -> list[Rounds]:
    """Measure in each weather, in turn; return the figures of each round, for each weather.

    Each time begins with the next weather.
    """
    measured: list[Rounds] = [[] for _ in weathers]
    for number in range(times):
        for step in range(len(weathers)):
            place = (number + step) % len(weathers)
            weathers[place].begin()
            try:
                measured[place].append(measure())
            finally:
                weathers[place].end()
    return measured


def middle(rounds: Rounds, fraction: float) -> float:
    """Return the median of the rounds' quantiles: one round in bad weather does not count."""
    return median(quantile(each, fraction) for each in rounds)


def pooled(rounds: Rounds, fraction: float) -> float:
    """Return the quantile of all figures, where one round has too few for it."""
    return quantile([value for each in rounds for value in each], fraction)
