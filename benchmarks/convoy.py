"""The convoy at the lock of the interpreter: what a busy thread of Python costs calls that let go of it each time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Final

from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from benchmarks.actors import NAME, post_rate
from benchmarks.clock import Effort
from benchmarks.guests import EXPORTS, binary
from benchmarks.report import Row, beside
from benchmarks.scene import put_component, running, scratch

PYTHONS_OWN: Final = 0.005
"""Seconds after which CPython takes the lock from a thread, when nobody chooses."""


def convoy(effort: Effort) -> Iterator[Row]:
    """Messages to one actor: alone, beside a busy thread with the runtime's interval, and with CPython's."""
    count, wasm = effort.count(10_000), binary(EXPORTS)
    with scratch() as directory:
        put_component(directory, NAME, wasm)
        with running(directory, RuntimeSettings(watch=False)) as runtime:
            chosen = sys.getswitchinterval()
            alone = median(post_rate(runtime, count) for _ in range(3))
            with _busy_thread():
                beside_one = median(post_rate(runtime, max(4, count // 5)) for _ in range(3))
                sys.setswitchinterval(PYTHONS_OWN)
                with_standard = median(post_rate(runtime, max(4, count // 10)) for _ in range(3))
                sys.setswitchinterval(chosen)
    yield Row(name="convoy/alone", value=alone, unit="/s")
    yield beside("convoy/busy-thread", beside_one, "/s", "5 ms interval", with_standard, more_is_better=True)
    yield Row(name="convoy/switch-interval", value=chosen * 1000, unit="ms")


@contextmanager
def _busy_thread() -> Iterator[None]:
    stop = threading.Event()

    def burn() -> None:
        number = 0
        while not stop.is_set():
            number += 1

    thread = threading.Thread(target=burn, name="busy")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
