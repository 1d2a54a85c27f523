"""One thread sends what the system did not take at once, so that nothing depends on the component coming back.

A component may write what fits into its permit and then wait for the answer, end its call or drop the socket. What the
system had no room for by then, 64 KiB of a connection at most, is sent from here as soon as there is room. The thread
is there only while something is left anywhere.
"""

from __future__ import annotations

import contextlib
import selectors
import threading
from time import perf_counter_ns
from typing import Final, Protocol

from airssys_tui.engine.waiting import Wake


class Remainder(Protocol):
    """What is left of a connection's bytes. Used by any thread."""

    def fileno(self) -> int:
        """Return the descriptor of the connection; it stays open until :meth:`Remainders.forget` returns."""
        ...

    def push(self) -> bool:
        """Send as far as the system takes it now; return whether something is left."""
        ...

    def done(self) -> None:
        """Note that nothing is left, or that the time is over; not called if it is forgotten before."""
        ...


class Remainders:
    """Everything that is left to be sent in this process. Used by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[Remainder, float] = {}
        self._selector: selectors.BaseSelector | None = None
        self._wake: Wake | None = None

    def __len__(self) -> int:
        """Return of how many connections something is left."""
        return len(self._until)

    def keep(self, remainder: Remainder, until_ns: float = float("inf")) -> None:
        """Send what is left as soon as there is room.

        Args:
            remainder: What is left; once more for another time.
            until_ns: Until when to try, in nanoseconds of ``perf_counter_ns``.

        Raises:
            OSError: If the system has no descriptor or thread for it.
        """
        with self._lock:
            known = remainder in self._until
            if self._selector is None:
                self._begin()
            assert self._selector is not None, "it has begun"  # noqa: S101 -- narrows the type
            if not known:
                try:
                    self._selector.register(remainder.fileno(), selectors.EVENT_WRITE, remainder)
                except (KeyError, ValueError) as error:
                    raise OSError("its connection is closed") from error
            self._until[remainder] = until_ns
            if self._wake is not None:
                self._wake.set()

    def forget(self, remainder: Remainder) -> None:
        """Do not send it any more; return when its descriptor is not used here any more. Idempotent."""
        with self._lock:
            if self._until.pop(remainder, None) is not None and self._selector is not None:
                with contextlib.suppress(KeyError, ValueError, OSError):
                    self._selector.unregister(remainder.fileno())
            if self._wake is not None:
                self._wake.set()

    def _begin(self) -> None:
        wake, selector = Wake(), selectors.DefaultSelector()
        try:
            selector.register(wake.fileno(), selectors.EVENT_READ)
            self._selector, self._wake = selector, wake
            threading.Thread(target=self._run, args=(selector, wake), name="airssys-remainders", daemon=True).start()
        except (OSError, RuntimeError) as error:
            self._selector = self._wake = None
            selector.close()
            raise OSError(f"no thread to send with: {error}") from error

    def _run(self, selector: selectors.BaseSelector, wake: Wake) -> None:
        while True:
            ready = [key.data for key, _ in selector.select(self._patience())]
            wake.clear()
            now = perf_counter_ns()
            with self._lock:
                late = [remainder for remainder, until in self._until.items() if until <= now]
            for remainder in {*filter(None, ready), *late}:
                if remainder in late or not remainder.push():
                    self._end(remainder, over=remainder in late)
            with self._lock:
                if not self._until:
                    self._selector = self._wake = None
                    break
        selector.close()

    def _end(self, remainder: Remainder, *, over: bool) -> None:
        self.forget(remainder)
        if over or not remainder.push():
            remainder.done()
            return
        with contextlib.suppress(OSError):  # more was written meanwhile
            self.keep(remainder)

    def _patience(self) -> float | None:
        """Return for how many seconds to wait at most; None for as long as it takes."""
        with self._lock:
            until = min(self._until.values(), default=0)
        return None if until == float("inf") else max(0.0, (until - perf_counter_ns()) / 1e9)


REMAINDERS: Final = Remainders()
"""Everything that is left to be sent in this process."""
