"""Work in a daemon thread: it blocks neither the screen nor the end of the process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_background(work: Callable[[], T], name: str) -> Future[T]:
    """Run work in a daemon thread and return its future."""
    future: Future[T] = Future()

    def run() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - the future carries it to its reader
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
