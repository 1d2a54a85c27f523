"""Stop on a signal: the first one asks, the second one ends the process at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from types import FrameType
from typing import Final

from airssys_tui.core.errors import AirssysError

DRAIN: Final = 5.0
"""Seconds that a shutdown may take."""

LEAVE: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def exit_at_once(number: int) -> None:
    """End the process now, with the exit code a shell gives to this signal; nothing is flushed or joined."""
    os._exit(128 + number)


@contextlib.contextmanager
def leaving_on_signal(ask: Callable[[], None], signals: tuple[signal.Signals, ...] = LEAVE) -> Iterator[None]:
    """Call ``ask`` at the first of these signals and end the process at the second.

    Only for the main thread, where Python runs signal handlers.
    """
    seen = False

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal seen
        if seen:
            exit_at_once(number)
        seen = True
        ask()

    before = {number: signal.signal(number, handle) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def close_in_time(close: Callable[[], None], seconds: float = DRAIN) -> None:
    """Close a runtime and wait for it, within a bound.

    Args:
        close: Stops it. It bounds itself; it runs on its own thread in case it does not.
        seconds: The bound; half a second is added for the bookkeeping around it.

    Raises:
        AirssysError: It is still running.
    """
    outcome: Future[None] = Future()

    def run() -> None:
        try:
            close()
        except BaseException as error:  # noqa: BLE001 - a thread's error belongs to the one who waits for it
            outcome.set_exception(error)
        else:
            outcome.set_result(None)

    threading.Thread(target=run, name="close", daemon=True).start()
    try:
        outcome.result(seconds + 0.5)
    except TimeoutError:
        if outcome.done():
            raise
        raise AirssysError(
            f"the runtime did not stop within {seconds:g} s", remedy="its state is recovered at the next start"
        ) from None
