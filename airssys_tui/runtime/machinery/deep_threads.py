"""Threads with stacks deep enough for guests, which recurse: one may use about 400 KiB for each nested call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from airssys_tui.runtime.machinery.caller_threads import CALLER

STACK_SIZE: Final = 16 * 1024 * 1024

STACK_LOCK: Final = threading.Lock()
"""Held while ``threading.stack_size`` is changed, which is global to the process."""


def spawn(target: Callable[[], None], name: str) -> threading.Thread:
    """Start a daemon thread that runs guests, with a stack of :data:`STACK_SIZE`."""

    def run() -> None:
        CALLER.free = False  # what a guest asks for from here is another thread's work
        target()

    with STACK_LOCK:
        before = threading.stack_size(STACK_SIZE)
        try:
            thread = threading.Thread(target=run, name=name, daemon=True)
            thread.start()
        finally:
            threading.stack_size(before)
    return thread
