"""Leaving: the first signal asks, the second one goes, and closing is bounded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from airssys_tui.cli.serving.signals import close_in_time, leaving_on_signal
from airssys_tui.core.errors import AirssysError

STUBBORN = """
import signal, sys, threading
from airssys_tui.cli.serving.signals import leaving_on_signal
with leaving_on_signal(lambda: print("asked", flush=True)):
    print("ready", flush=True)
    nothing = threading.Event()
    # Bounded waits: a signal just before an unbounded one would be handled only after it.
    while True: nothing.wait(0.01)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_the_first_signal_asks_and_the_second_one_ends(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == "asked\n"
        process.send_signal(number)
        assert process.wait(timeout=20) == 128 + number


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    asked = threading.Event()
    with leaving_on_signal(asked.set):
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked.wait(10)
    assert signal.getsignal(signal.SIGTERM) is before


def test_closing_that_hangs_is_not_waited_for() -> None:
    release = threading.Event()
    try:
        with pytest.raises(AirssysError, match="did not stop within"):
            close_in_time(release.wait, seconds=-0.45)  # type: ignore[arg-type]
    finally:
        release.set()


def test_closing_that_fails_says_so() -> None:
    def fail() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        close_in_time(fail)
