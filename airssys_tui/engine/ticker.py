"""Increments the engine's epoch while guest calls are in flight, which deadlines and cancellation depend on.

A ticking Python thread overshoots badly while other threads hold the interpreter lock. On Linux a POSIX timer calls the
engine's increment function natively. The first call arms it; a watcher thread disarms it when no call has been in
flight for a while, so that an idle process sleeps.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from airssys_tui.engine import bindings

_IDLE_SECONDS: Final = 0.05
"""Seconds of ticking after the last call: each tick starts a thread, and arming costs about as much."""

_GRACE_SECONDS: Final = 5.0
"""Seconds that a closed engine's native object is kept: a notification may still be on its way to it."""

_CLOCK_MONOTONIC: Final = 1
_SIGEV_THREAD: Final = 2

_retired: list[tuple[float, int]] = []
_retired_lock = threading.Lock()


class _SigEvent(ctypes.Structure):
    """``struct sigevent`` of glibc: value, signal, kind, function, attributes; 64 bytes."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("function", ctypes.c_void_p),
        ("attributes", ctypes.c_void_p),
        ("padding", ctypes.c_char * 32),
    )


class _TimerSpec(ctypes.Structure):
    """``struct itimerspec``: interval, then first expiry."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("first_s", ctypes.c_long),
        ("first_ns", ctypes.c_long),
    )


class NativeTimer:
    """A POSIX timer that increments an engine's epoch without Python.

    Args:
        engine: Address of a native engine that outlives the timer by :data:`_GRACE_SECONDS`.
        tick_ms: Milliseconds between ticks.

    Raises:
        OSError: If the system has no such timer.
    """

    def __init__(self, engine: int, tick_ms: int) -> None:
        self._library = ctypes.CDLL(None, use_errno=True)
        self._timer = ctypes.c_void_p()
        event = _SigEvent(engine, 0, _SIGEV_THREAD, bindings.epoch_address(), None)
        try:
            created = self._library["timer_create"](_CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(self._timer))
        except AttributeError as error:
            raise OSError("this C library has no timer_create") from error
        if created != 0:
            raise OSError(ctypes.get_errno(), "timer_create failed")
        self._set = self._library["timer_settime"]
        self._set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
        self._period = (tick_ms // 1000, tick_ms % 1000 * 1_000_000)

    def arm(self) -> None:
        """Start ticking."""
        self._set_period(*self._period)

    def disarm(self) -> None:
        """Stop ticking."""
        self._set_period(0, 0)

    def _set_period(self, seconds: int, nanoseconds: int) -> None:
        spec = _TimerSpec(seconds, nanoseconds, seconds, nanoseconds)
        self._set(self._timer, 0, ctypes.addressof(spec), None)

    def close(self) -> None:
        """Delete the timer."""
        delete = self._library["timer_delete"]
        delete.argtypes = [ctypes.c_void_p]
        delete(self._timer)


class ThreadTimer:
    """The same from a Python thread, for systems without POSIX timers; less exact under load."""

    def __init__(self, engine: int, tick_ms: int) -> None:
        self._engine = engine
        self._tick = tick_ms / 1000
        self._armed = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="airssys-epoch", daemon=True)
        self._thread.start()

    def arm(self) -> None:
        """Start ticking."""
        self._armed.set()

    def disarm(self) -> None:
        """Stop ticking."""
        self._armed.clear()

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        self._armed.set()
        self._thread.join()

    def _run(self) -> None:
        while self._armed.wait() and not self._closed:
            time.sleep(self._tick)
            bindings.increment_epoch(self._engine)


def native_timers() -> bool:
    """Return whether the epoch ticks natively here."""
    return sys.platform == "linux"


class Ticker:
    """Advances the epoch while any call is in flight.

    Callers first count as active and then call :meth:`arm` if :attr:`armed` is False. The watcher clears :attr:`armed`
    before it calls ``active`` a last time, so no call is ever left without ticks.

    Args:
        engine: Address of the native engine; a clone of it is kept for the timer.
        tick_ms: Milliseconds between ticks.
        active: Returns whether any call is in flight.
        timer: Creates the timer; chosen by platform if None.
    """

    def __init__(
        self, engine: int, tick_ms: int, active: Callable[[], bool], timer: Callable[[int, int], Any] | None = None
    ) -> None:
        self.armed = False
        self._active = active
        self._engine: int = bindings.engine_clone(engine)
        self._make = timer or (NativeTimer if native_timers() else ThreadTimer)
        self._tick_ms = tick_ms
        self._timer: Any = None
        self._watcher: threading.Thread | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()

    def arm(self) -> None:
        """Start ticking; the watcher stops it when no call has been in flight for a while."""
        with self._lock:
            if self.armed or self._closing.is_set():
                return
            if self._timer is None:
                self._start()
            self._timer.arm()
            self.armed = True
        self._wake.set()

    def close(self) -> None:
        """Stop ticking and end timer and threads. Idempotent."""
        with self._lock:
            if self._closing.is_set():
                return
            self._closing.set()
            self.armed = False
            if self._timer is not None:
                self._timer.disarm()
                self._timer.close()
        self._wake.set()
        if self._watcher is not None:
            self._watcher.join()
        _retire(self._engine)

    def _start(self) -> None:
        try:
            self._timer = self._make(self._engine, self._tick_ms)
        except OSError:
            self._timer = ThreadTimer(self._engine, self._tick_ms)
        self._watcher = threading.Thread(target=self._watch, name="airssys-ticker", daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        while self._wake.wait() and not self._closing.wait(_IDLE_SECONDS):
            if not self._active():
                self._rest()

    def _rest(self) -> None:
        with self._lock:
            if self._closing.is_set():
                return
            self._wake.clear()
            self.armed = False
            self._timer.disarm()
            if self._active():
                self._timer.arm()
                self.armed = True
                self._wake.set()


def _retire(engine: int) -> None:
    """Keep a native engine until no notification can be on its way to it, and free those whose time is over."""
    now = time.monotonic()
    with _retired_lock:
        _retired.append((now, engine))
        while _retired and now - _retired[0][0] > _GRACE_SECONDS:
            bindings.engine_delete(_retired.pop(0)[1])
