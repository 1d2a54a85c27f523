"""The bytes of one body on their way from a writer to a reader, at most so many at a time.

Each end may be on a thread of its own, and neither ever waits in here. A writer asks for the ``room``, writes, and goes
on when there is room again; a reader reads until the pipe is ``over``. That is the backpressure: a reader that does not
read stops the writer, and a writer that does not write keeps its reader waiting.

How an end waits depends on whose thread it is:

* A loop is told: ``on_readable`` and ``on_writable`` take what is called, on the thread of the other end, each time
  that the pipe becomes so. It must not block; ``loop.call_soon_threadsafe`` does not.
* The thread of a call waits for a descriptor: ``until_readable`` and ``until_writable``. It stays readable for as long
  as there is anything to do, and is made when somebody first waits for it.
* Where no other thread is, a ``driver`` does the work of the other end while it is waited for. Then ``is_readable`` and
  ``is_writable`` drive it, and its descriptor is what is waited for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from airssys_tui.core.errors import HostFault
from airssys_tui.engine.waiting import Waitable, Wake
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault
from airssys_tui.host.doors.exchange.header_fields import Fields

CAPACITY: Final = 64 * 1024
"""Bytes that a pipe keeps."""

Tell = Callable[[], object]
"""What is called when something happened; it must not block."""


class Driver(Protocol):
    """Does the work of the other end of a pipe, on the thread that waits for it."""

    def advance(self, caller: Any) -> None:
        """Do what can be done without waiting.

        Args:
            caller: The running call, which is charged for it.
        """
        ...

    def waitable(self) -> Waitable:
        """Return what has to happen before more can be done."""
        ...


class _Notice:
    """How one end learns that it can go on."""

    __slots__ = ("tell", "wake")

    def __init__(self) -> None:
        self.tell: Tell | None = None
        self.wake: Wake | None = None

    def raise_(self) -> Tell | None:
        """Make the descriptor readable; return what has to be called when the lock is free."""
        if self.wake is not None:
            self.wake.set()
        return self.tell

    def lower(self) -> None:
        if self.wake is not None:
            self.wake.clear()

    def waitable(self, *, ready: bool) -> Waitable:
        if self.wake is None:
            try:
                self.wake = Wake()
            except OSError as error:
                raise HostFault(
                    f"nothing to wait with: {error.strerror}", remedy="raise the limit of open files"
                ) from error
            if ready:
                self.wake.set()
        return Waitable(descriptor=self.wake.fileno())


class BodyPipe:
    """The bytes of one body; see the module.

    Args:
        capacity: Bytes that it keeps, at least one.
        driver: Does the work of the other end; None if another thread does.

    Attributes:
        driver: The same; may be set while nobody waits.
        moved: Bytes that were written, those included that nobody wanted to read.
    """

    __slots__ = (
        *("_abandoned", "_buffer", "_capacity", "_discarding", "_fault", "_full", "_lock", "_over", "_reader"),
        *("_trailers", "_writer", "driver", "moved"),
    )

    def __init__(self, capacity: int = CAPACITY, driver: Driver | None = None) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._buffer = bytearray()
        self._full = self._over = self._abandoned = self._discarding = False
        self._fault: ExchangeFault | None = None
        self._trailers: Fields | None = None
        self._reader = _Notice()
        self._writer = _Notice()
        self.driver = driver
        self.moved = 0

    # The end of the writer

    @property
    def room(self) -> int:
        """How many bytes may be written now.

        A pipe that was full has room again when a quarter of it is free, so that nobody moves it byte by byte.
        """
        return 0 if self._full else self._capacity - len(self._buffer)

    @property
    def abandoned(self) -> bool:
        """Whether the reader has gone: what is written is lost."""
        return self._abandoned

    @property
    def closed(self) -> bool:
        """Whether the writer has ended it, well or not."""
        return self._over

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write as much as there is room for; return how many bytes that was.

        Raises:
            ValueError: If the writer has ended it.
        """
        with self._lock:
            if self._over:
                raise ValueError("the body was ended")
            taken = min(len(data), self.room)
            self.moved += taken
            if not taken or self._discarding or self._abandoned:
                return taken
            tell = None if self._buffer else self._reader.raise_()
            self._buffer += data[:taken]
            if len(self._buffer) == self._capacity:
                self._full = True
                self._writer.lower()
        if tell is not None:
            tell()
        return taken

    def end(self, trailers: Fields | None = None) -> None:
        """Say that the body is complete. Only the first of :meth:`end` and :meth:`fail` counts."""
        self._close(None, trailers)

    def fail(self, fault: ExchangeFault) -> None:
        """Say that the rest of the body will not come; what is here may be read first."""
        self._close(fault, None)

    def _close(self, fault: ExchangeFault | None, trailers: Fields | None) -> None:
        with self._lock:
            if self._over:
                return
            self._over, self._fault, self._trailers = True, fault, trailers
            tells = (self._reader.raise_(), self._writer.raise_())
        _call(*tells)

    # The end of the reader

    @property
    def whole(self) -> bool:
        """Whether all of the body is known: it is complete, and no trailer fields follow."""
        return self._over and self._fault is None and self._trailers is None

    @property
    def over(self) -> bool:
        """Whether nothing more will be read."""
        return self._over and not self._buffer

    @property
    def fault(self) -> ExchangeFault | None:
        """Why the body is incomplete, once everything that came was read; None if it is complete, or not over."""
        return None if self._buffer else self._fault

    @property
    def trailers(self) -> Fields | None:
        """The trailer fields, once the body is over; None if there are none."""
        return None if self._buffer else self._trailers

    @property
    def waiting(self) -> int:
        """Bytes that can be read now."""
        return len(self._buffer)

    @property
    def kept(self) -> int:
        """Bytes that it keeps for its reader, or will as soon as the writer has them."""
        if self._over or self._discarding or self._abandoned:
            return len(self._buffer) + (self._trailers.kept if self._trailers is not None else 0)
        return self._capacity

    def read(self, most: int) -> bytes:
        """Return at most so many bytes that are here; empty if there are none, which is not the end: see ``over``."""
        with self._lock:
            if most >= len(self._buffer):
                data = bytes(self._buffer)
                self._buffer.clear()
            else:
                with memoryview(self._buffer) as view:
                    data = bytes(view[:most])
                del self._buffer[:most]
            if not self._buffer and not self._over:
                self._reader.lower()
            tell = self._relieve()
        if tell is not None:
            tell()
        return data

    def _relieve(self) -> Tell | None:
        if not self._full or self._capacity - len(self._buffer) < max(1, self._capacity // 4):
            return None
        self._full = False
        return self._writer.raise_()

    def discard(self) -> None:
        """Want none of the rest, only how it ends: what is here is lost, and what comes."""
        self._empty(discarding=True)

    def abandon(self) -> None:
        """Go away as the reader: the writer learns that nobody wants the rest."""
        self._empty(abandoned=True)

    def _empty(self, *, discarding: bool = False, abandoned: bool = False) -> None:
        with self._lock:
            self._discarding |= discarding
            self._abandoned |= abandoned
            self._buffer.clear()
            self._full = False
            if not self._over:
                self._reader.lower()
            tell = self._writer.raise_()
        if tell is not None:
            tell()

    # Waiting

    def on_readable(self, tell: Tell) -> None:
        """Have the reader told each time that there is something to read, the end included; at once if there is."""
        with self._lock:
            self._reader.tell = tell
            ready = self._readable
        if ready:
            tell()

    def on_writable(self, tell: Tell) -> None:
        """Have the writer told each time that there is room again, or no reader any more; at once if it is so."""
        with self._lock:
            self._writer.tell = tell
            ready = self._writable
        if ready:
            tell()

    def is_readable(self, caller: Any) -> bool:
        """Return whether there is something to read, the end included, after the driver did what it can.

        Args:
            caller: The running call, for the driver.
        """
        if not self._readable:
            self.drive(caller)
        return self._readable

    def is_writable(self, caller: Any) -> bool:
        """Return whether there is room, or no reader any more, after the driver did what it can.

        Args:
            caller: The running call, for the driver.
        """
        if not self._writable:
            self.drive(caller)
        return self._writable

    def drive(self, caller: Any) -> None:
        """Have the driver do what it can, if there is one.

        Args:
            caller: The running call, for the driver.
        """
        if self.driver is not None:
            self.driver.advance(caller)

    def until_readable(self) -> Waitable:
        """Return what the thread of a call waits for before it reads.

        Raises:
            HostFault: If the process has no descriptor left to wait with.
        """
        if self.driver is not None:
            return self.driver.waitable()
        with self._lock:
            return self._reader.waitable(ready=self._readable)

    def until_writable(self) -> Waitable:
        """Return what the thread of a call waits for before it writes.

        Raises:
            HostFault: If the process has no descriptor left to wait with.
        """
        if self.driver is not None:
            return self.driver.waitable()
        with self._lock:
            return self._writer.waitable(ready=self._writable)

    @property
    def _readable(self) -> bool:
        return bool(self._buffer) or self._over

    @property
    def _writable(self) -> bool:
        return not self._full or self._over or self._abandoned


def _call(*tells: Tell | None) -> None:
    for tell in tells:
        if tell is not None:
            tell()
