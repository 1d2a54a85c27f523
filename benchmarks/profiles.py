"""Where the processor's time goes: the hottest functions of first start, messages, metered calls and reloads.

A thread looks at the stacks of all others a thousand times a second. Each look gives every thread the processor time
that it used since the last one, so threads that wait weigh nothing, and native code counts for the function that
called it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from types import FrameType
from typing import Final

from airssys_tui.api.commands import Reload
from airssys_tui.core.limits import Limits
from airssys_tui.engine.engine import Engine
from benchmarks.actors import post_rate
from benchmarks.clock import Effort
from benchmarks.guests import EXPORTS, binary, variant
from benchmarks.report import Row
from benchmarks.scene import PATIENCE, RELEASES, put_component, running, scratch

PERIOD: Final = 0.001
HOTTEST: Final = 3
"""Functions of each kind of work that are told."""
NAME: Final = "subject"
_HERE: Final = str(Path(__file__).parents[1])


class Profile:
    """Processor time by function: in the function itself with the native code that it calls."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._used: dict[int, float] = {}
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look_on, name="profile", daemon=True)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Watch all threads while the block runs."""
        self._looking.start()
        try:
            yield
        finally:
            self._over.set()
            self._looking.join()

    def hottest(self) -> list[tuple[str, float]]:
        """Return the functions with the most time, and their shares."""
        whole = sum(self.seconds.values()) or 1.0
        first = sorted(self.seconds.items(), key=itemgetter(1), reverse=True)[:HOTTEST]
        return [(name, seconds / whole) for name, seconds in first]

    def _look_on(self) -> None:
        own = threading.get_ident()
        while not self._over.wait(PERIOD):
            for number, frame in sys._current_frames().items():  # noqa: SLF001 -- the only way to see other threads
                if number != own:
                    self.seconds[_named(frame)] += self._spent(number)

    def _spent(self, thread: int) -> float:
        """Return the processor time of a thread since the last look; 0 at the first one."""
        try:
            now = time.clock_gettime(time.pthread_getcpuclockid(thread))
        except OSError:  # it has ended since
            return 0.0
        before = self._used.get(thread, now)
        self._used[thread] = now
        return now - before


def _named(frame: FrameType) -> str:
    """Return ``module:function`` of the innermost function that is ours, or of the innermost one."""
    code = frame.f_code
    walked: FrameType | None = frame
    while walked is not None:
        if walked.f_code.co_filename.startswith(_HERE) and "/site-packages/" not in walked.f_code.co_filename:
            code = walked.f_code
            break
        walked = walked.f_back
    return f"{Path(code.co_filename).stem}:{code.co_name}"


def profiles(effort: Effort) -> Iterator[Row]:
    """The hottest three functions of four kinds of work; the value is the share of the processor time of all."""
    for what, work in WORKS.items():
        profile = Profile()
        work(effort, profile)
        for place, (function, share) in enumerate(profile.hottest(), 1):
            yield Row(name=f"profile/{what}-{place}", value=share * 100, unit="% of its time", baseline=function)


def _first_start(effort: Effort, profile: Profile) -> None:
    wasm = binary(EXPORTS)
    with scratch() as directory:
        for number in range(effort.count(1_000)):
            put_component(directory, f"{NAME}-{number}", wasm)
        with profile.taken(), running(directory):
            pass


def _messages(effort: Effort, profile: Profile) -> None:
    with scratch() as directory:
        put_component(directory, NAME, binary(EXPORTS))
        with running(directory) as runtime:
            post_rate(runtime, effort.count(400))
            with profile.taken():
                post_rate(runtime, effort.count(60_000))


def _metered_calls(effort: Effort, profile: Profile) -> None:
    engine = Engine()
    try:
        instance = engine.linker().instantiate(engine.compile(binary(EXPORTS)), Limits(fuel_per_call=10**12))
        with profile.taken():
            for _ in range(effort.count(200_000)):
                instance.call("add", 1, 2)
    finally:
        engine.close()


def _reloads(effort: Effort, profile: Profile) -> None:
    wasm = (RELEASES / "1.0.0" / "counter.wasm").read_bytes()
    with scratch() as directory:
        put_component(directory, NAME, wasm)
        with running(directory) as runtime, profile.taken():
            for number in range(effort.count(60)):
                put_component(directory, NAME, variant(wasm, number))
                runtime.submit(Reload(NAME)).result(PATIENCE)


WORKS: Final[dict[str, Callable[[Effort, Profile], None]]] = {
    "first-start": _first_start,
    "message": _messages,
    "metered-call": _metered_calls,
    "reload": _reloads,
}
