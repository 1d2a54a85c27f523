"""What a guest prints, as lines: collected when it writes to stdout or stderr of WASI, passed on to its log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.core.units import KIB

KEPT: Final = 64 * KIB
"""Bytes that are kept of one instance until they are passed on."""

_STREAMS: Final = ("stdout", "stderr")

LINE: Final = 2_000
"""Bytes of one line; a longer one goes on in the next."""

UNFINISHED: Final = 1.0
"""Seconds for which a line may lack its end before it is passed on without one."""


class OutputLine(msgspec.Struct, frozen=True):
    """One line, without its end.

    Attributes:
        stream: ``stdout`` or ``stderr``.
        text: Guest text: sanitise before showing.
    """

    stream: str
    text: str


class Output(msgspec.Struct, frozen=True):
    """The output of a guest since the last drain.

    Attributes:
        lines: The lines of both streams, in the order in which they ended.
        dropped: Bytes dropped because the buffer was full.
    """

    lines: tuple[OutputLine, ...] = ()
    dropped: int = 0


_NOTHING: Final = Output()


class _Unfinished:
    """What a stream has of a line that has not ended, and since when (monotonic seconds)."""

    __slots__ = ("data", "since")

    def __init__(self) -> None:
        self.data = bytearray()
        self.since = 0.0


class OutputBuffer:
    """Collects a guest's output to stdout and stderr as lines, up to a limit.

    Guests write a line in pieces: a C library character by character, a JavaScript or Python one its end apart. What a
    stream has of a line waits for the rest, :data:`UNFINISHED` seconds and :data:`LINE` bytes at most; the other
    stream's lines never get into it.

    Args:
        limit: Bytes kept between two drains.
        clock: Monotonic seconds.
    """

    def __init__(self, limit: int = KEPT, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._lines: list[tuple[str, bytes]] = []
        self._unfinished = {name: _Unfinished() for name in _STREAMS}
        self._size = 0
        self._dropped = 0
        self._lock = threading.Lock()

    def write(self, stream: str, data: bytes) -> None:
        """Keep what fits and count the rest; callable from any thread."""
        with self._lock:
            kept = data[: max(0, self._limit - self._size)]
            self._dropped += len(data) - len(kept)
            self._size += len(kept)
            if kept:
                self._add(stream, kept)

    def drain(self, *, final: bool = False) -> Output:
        """Return the kept lines and clear the buffer.

        Args:
            final: Return unfinished lines as well: the guest writes no more.
        """
        if not self._size and not self._dropped and not any(rest.data for rest in self._unfinished.values()):
            return _NOTHING
        with self._lock:
            now = self._clock()
            for stream, rest in self._unfinished.items():
                if rest.data and (final or now - rest.since >= UNFINISHED):
                    self._end(stream, rest)
            lines, self._lines, self._size = self._lines, [], 0
            dropped, self._dropped = self._dropped, 0
        return Output(tuple(OutputLine(stream, data.decode(errors="replace")) for stream, data in lines), dropped)

    def _add(self, stream: str, data: bytes) -> None:
        rest = self._unfinished[stream]
        *ended, last = data.split(b"\n")
        for part in ended:
            self._go_on(stream, rest, part)
            self._end(stream, rest)
        self._go_on(stream, rest, last)

    def _go_on(self, stream: str, rest: _Unfinished, part: bytes) -> None:
        if part and not rest.data:
            rest.since = self._clock()
        rest.data += part
        while len(rest.data) > LINE:
            cut = _whole_characters(rest.data, LINE)
            self._lines.append((stream, bytes(rest.data[:cut])))
            del rest.data[:cut]

    def _end(self, stream: str, rest: _Unfinished) -> None:
        self._lines.append((stream, bytes(rest.data).removesuffix(b"\r")))
        rest.data.clear()


def _whole_characters(data: bytearray, most: int) -> int:
    """Return how many bytes, at most ``most``, end with a whole character of UTF-8."""
    cut = most
    while cut > most - 4 and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut if data[cut] & 0xC0 != 0x80 else most
