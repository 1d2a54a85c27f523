"""The callers of a soak: each a thread that asks one component for trouble again and again, and sorts the answers."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import cycle
from random import Random
from typing import Any

from airssys_tui.core.errors import AirssysError, NotServing
from airssys_tui.core.traps import GuestTrap
from airssys_tui.runtime.embedded import EmbeddedRuntime

PATIENCE = 60.0
SECOND = 1_000_000_000
HOUR = 3600 * SECOND
FORGOTTEN = 4
"""Calls that sleep for an hour: their threads stay out until the process ends."""


class Crowd:
    """The callers, and what they were told.

    Attributes:
        told: Answers by component and kind: ``ok``, a trap's kind or an error's name.
        surprises: What is no typed error.
        acknowledged: Increments of ``control`` that were answered.
        waits: Seconds that ``control`` took for each answer.
    """

    def __init__(self, runtime: EmbeddedRuntime, stop: threading.Event) -> None:
        self._runtime = runtime
        self._stop = stop
        self._lock = threading.Lock()
        self.told: Counter[str] = Counter()
        self.surprises: list[str] = []
        self.acknowledged = 0
        self.waits: list[float] = []
        self._chance = Random(1)

    def callers(self) -> tuple[Callable[[], None], ...]:
        """Give what each caller does over and over, all of it at the same time."""
        big = bytes(3_000_000)
        hogs = cycle(("hog-1", "hog-2"))  # in turn, as each answers soon only until it has been armed
        return (
            self._control,
            lambda: self._ask("changing", "add", 1),
            lambda: self._ask("looper", "add", 1),
            lambda: self._ask("spender", "add", 1),
            lambda: self._ask("trapper", "add", 1),
            lambda: self._ask("trapper", "trap"),
            lambda: self._ask("eater", self._chance.choice(("hungry", "down", "far", "divide", "mistyped", "fine"))),
            lambda: self._ask("sender", "echo", big[: self._chance.choice((10, 1000, 3_000_000))], pause=0.5),
            lambda: self._ask("sleeper", "sleep", self._chance.choice((1_000_000, SECOND // 2)), pause=0.05),
            lambda: self._ask("printer", self._chance.choice(("print", "complain")), 300, pause=0.05),
            lambda: self._ask("hostile", "shout", 50, pause=0.05),
            lambda: self._ask("hoarder", "hog", pause=0.05),
            lambda: self._ask(f"fuzzed-{self._chance.randrange(6)}", "fail", pause=0.1),
            lambda: self._ask("guest", "add", 1, pause=0.02),
            lambda: self._ask("mended", "add", 1, pause=0.02),
            lambda: self._ask("banker", "deposit", "ada", 1, pause=0.05),
            lambda: self._ask(next(hogs), "arm", pause=1.0, late=True),
            self._look,
        )

    def forget(self) -> None:
        """Leave the calls behind that sleep for an hour."""
        for _ in range(FORGOTTEN):
            self._ask("forgotten", "sleep", HOUR, pause=0.2)

    def _control(self) -> None:
        started = time.monotonic()
        if self._ask("control", "add", 1):
            self.acknowledged += 1
            self.waits.append(time.monotonic() - started)
        self._stop.wait(0.002)

    def _look(self) -> None:
        self._runtime.snapshot()
        self._runtime.events(0, 200)
        self._stop.wait(0.05)

    def _ask(self, name: str, export: str, *args: Any, pause: float = 0.0, late: bool = False) -> bool:
        """Call an export and sort the answer; ``late``: it may take longer than anybody waits.

        What a hog does runs with a lower priority than everything else on the machine.
        """
        said = "ok"
        try:
            self._runtime.invoke(name, export, *args).result(PATIENCE)
        except GuestTrap as trap:
            said = str(trap.trap.kind)
        except AirssysError as error:
            said = type(error).__name__
            pause = max(pause, 0.02 if isinstance(error, NotServing) else 0.0)
        except BaseException as error:  # noqa: BLE001 - whatever is not typed is what the soak looks for
            said = type(error).__name__
            if not (late and isinstance(error, TimeoutError)):
                with self._lock:
                    self.surprises.append(f"{name}.{export}: {error!r}")
        with self._lock:
            self.told[f"{name}: {said}"] += 1
        if pause:
            self._stop.wait(pause)
        return said == "ok"
