"""Stop on a signal: the first one requests a shutdown, the second one ends the process immediately."""

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
from airssys_tui.core.lifecycle import STOP_EACH

DRAIN: Final = 5.0
"""Seconds that a shutdown may take, and ``STOP_EACH`` more for each component."""

LEAVE: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def exit_at_once(number: int) -> None:
    """End the process now, with the shell's exit code for this signal, without flushing or joining threads."""
    os._exit(128 + number)


class Leaving:
    """Whether a signal has asked the process to end.

    Attributes:
        number: The signal; None while there was none.
    """

    number: int | None = None


@contextlib.contextmanager
def leaving_on_signal(ask: Callable[[], None], signals: tuple[signal.Signals, ...] = LEAVE) -> Iterator[Leaving]:
    """Call ``ask`` at the first of these signals, and end the process at the second.

    Only for the main thread, where Python runs signal handlers.
    """
    leaving = Leaving()

    def handle(number: int, _frame: FrameType | None) -> None:
        if leaving.number is not None:
            exit_at_once(number)
        leaving.number = number
        ask()

    before = {number: signal.signal(number, handle) for number in signals}
    try:
        yield leaving
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def close_in_time(close: Callable[[], None], components: int = 0, *, seconds: float = DRAIN) -> None:
    """Close a runtime and wait for it, up to a time limit.

    Args:
        close: Stops the runtime. It should be bounded itself; it runs on a separate thread in case it is not.
        components: How many components it has.
        seconds: The time limit without them; half a second is added for overhead.

    Raises:
        AirssysError: The runtime is still running after the limit.
    """
    outcome: Future[None] = Future()

    def run() -> None:
        try:
            close()
        except BaseException as error:  # noqa: BLE001 - the waiting thread raises the error
            outcome.set_exception(error)
        else:
            outcome.set_result(None)

    seconds += STOP_EACH * components
    threading.Thread(target=run, name="close", daemon=True).start()
    try:
        outcome.result(seconds + 0.5)
    except TimeoutError:
        if outcome.done():
            raise
        raise AirssysError(
            f"the runtime did not stop within {seconds:g} s", remedy="its state is recovered at the next start"
        ) from None
