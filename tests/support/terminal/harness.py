"""A real program in a real terminal: a pty on one side, the pyte emulator on the other.

The program under test gets the pty as its controlling terminal. Everything it writes is fed to the emulator, whose
answers (cursor position, device attributes) go back, and a test waits for what a person would see. Waiting means
blocking on the pty until the program writes again or a deadline passes; nothing here sleeps.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import pyte

KEYS: Final = {
    "enter": "\r",
    "ctrl+enter": "\x1b[13;5u",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "space": " ",
    "backspace": "\x7f",
    "delete": "\x1b[3~",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "f1": "\x1bOP",
    "ctrl+c": "\x03",
    "ctrl+d": "\x04",
    "ctrl+f": "\x06",
    "ctrl+g": "\x07",
    "ctrl+o": "\x0f",
    "ctrl+p": "\x10",
    "ctrl+q": "\x11",
    "ctrl+s": "\x13",
    "ctrl+u": "\x15",
    "ctrl+z": "\x1a",
    "pagedown": "\x1b[6~",
    "pageup": "\x1b[5~",
    "asterisk": "*",
    "colon": ":",
    "minus": "-",
    "plus": "+",
    "question_mark": "?",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}

# A session leader without a terminal that makes the pty its controlling one, then becomes the program. Done in a
# fresh interpreter, not between fork and exec of this one, which may have threads.
_TAKE_TERMINAL: Final = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)
# Sequences with the private markers <, = and > (keyboard protocols, secondary attributes), which pyte prints as text.
_FOREIGN: Final = re.compile(rb"\x1b\[[<=>][0-9;:]*[ -/]*[@-~]")
# Programs that ask are told that frames may be held back (mode 2026), so that a test sees whole ones only.
_ASKED: Final = b"\x1b[?2026$p"
_TOLD: Final = b"\x1b[?2026;2$y"
_FRAME: Final = b"\x1b[?2026h"
_FRAME_END: Final = b"\x1b[?2026l"
_UNFINISHED: Final = re.compile(rb"\x1b(?:\[[0-9;:<=>?]*[ -/]*)?\Z")


class _Screen(pyte.Screen):
    """A screen whose answers reach the program, and that takes private variants of sequences it does not know."""

    def __init__(self, columns: int, lines: int, answer: Callable[[bytes], None]) -> None:
        super().__init__(columns, lines)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data.encode())

    def select_graphic_rendition(self, *attrs: int, private: bool = False) -> None:
        if not private:
            super().select_graphic_rendition(*attrs)

    def report_device_status(self, mode: int, **extra: Any) -> None:
        if not extra.get("private"):
            super().report_device_status(mode)


class TerminalTimeout(AssertionError):
    """What a test waited for did not appear in time; the message holds the screen."""


class Terminal:
    """A program in a pty, seen through an emulator.

    Args:
        argv: The program and its arguments.
        columns: Width in cells.
        lines: Height in cells.
        env: Variables set on top of this process's; a value of ``None`` removes one.
        cwd: Its working directory.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        columns: int = 120,
        lines: int = 40,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._master, slave = os.openpty()
        self._settings = termios.tcgetattr(slave)  # before the program can change them
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen = _Screen(columns, lines, self._write)
        self._stream = pyte.ByteStream(self.screen)
        self._carry = b""
        self.raw = bytearray()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _TAKE_TERMINAL, *map(str, argv)],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
                env=_environment(env or {}),
                cwd=cwd,
            )
        finally:
            os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def text(self) -> str:
        """What is on the screen now, one line per row, without trailing blanks."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def row(self, needle: str) -> str:
        """Return the first row that contains ``needle``, or an empty string."""
        return next((line for line in self.text.splitlines() if needle in line), "")

    def send(self, *keys: str) -> None:
        """Press keys: names of :data:`KEYS`, or text to be typed."""
        for key in keys:
            self._write(KEYS.get(key, key).encode())

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the terminal, as a person who drags its corner."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def wait(self, condition: Callable[[str], object], what: str, timeout: float = 30.0) -> str:
        """Wait until the screen satisfies a condition.

        Args:
            condition: Gets the text of the screen.
            what: Says what is waited for, in the error.
            timeout: Seconds.

        Returns:
            The text of the screen that satisfied it.

        Raises:
            TerminalTimeout: It did not in time, or the program ended.
        """
        deadline = time.monotonic() + timeout
        while not condition(self.text):
            if not self._pump(deadline - time.monotonic()):
                ended = self.process.poll()
                why = f"not within {timeout:g} s" if ended is None else f"the program ended with {ended}"
                raise TerminalTimeout(f"waited for {what}: {why}; the screen:\n{self._framed()}")
        return self.text

    def wait_text(self, *needles: str, timeout: float = 30.0) -> str:
        """Wait until every needle is on the screen."""
        return self.wait(lambda text: all(needle in text for needle in needles), " and ".join(needles), timeout)

    def wait_row(self, name: str, *needles: str, timeout: float = 30.0) -> str:
        """Wait until the row of ``name`` holds every needle; return that row.

        The row of a name begins with it, beside the pointer and the mark of a list. Toasts, panes and events name
        components as well, and may still say what was true before.
        """
        begins = re.compile(rf"(?:[▸> ][■#= ])?{re.escape(name)}(?:\s|\Z)")

        def matching(text: str) -> str:
            rows = (row for row in text.splitlines() if begins.match(row) and all(needle in row for needle in needles))
            return next(rows, "")

        return matching(self.wait(matching, f"the row of {name} with {' and '.join(needles)}", timeout))

    def wait_exit(self, timeout: float = 15.0) -> int:
        """Read to the end of the program's output and return its exit code (negative: the signal that ended it).

        Raises:
            TerminalTimeout: It did not end in time.
        """
        deadline = time.monotonic() + timeout
        while self._pump(deadline - time.monotonic()):
            pass
        try:
            return self.process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TerminalTimeout(f"the program did not end in {timeout:g} s; the screen:\n{self._framed()}") from None

    def is_restored(self) -> bool:
        """Return whether the line discipline is as it was when the program began (echo, canonical mode)."""
        return termios.tcgetattr(self._master)[3] == self._settings[3]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """Take the terminal away, as a dropped connection does; the program gets SIGHUP."""
        os.close(self._master)
        self._master = -1

    def close(self) -> None:
        """End the program if it still runs, and let the terminal go."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self._master, data)

    def _pump(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for output and show it; return whether there was any."""
        if seconds <= 0 or not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, 65_536)
        except OSError:  # Linux reports the end of a pty as EIO
            return False
        self.raw += data
        self._feed(data)
        return bool(data)

    def _feed(self, data: bytes) -> None:
        if _ASKED in data:
            self._write(_TOLD)
        data = self._carry + data
        frame = data.rfind(_FRAME)
        rest = _UNFINISHED.search(data)
        end = rest.start() if rest else len(data)
        if frame >= 0 and _FRAME_END not in data[frame:]:
            end = frame
        self._carry = data[end:]
        self._stream.feed(_FOREIGN.sub(b"", data[:end]))

    def _framed(self) -> str:
        bar = "+" + "-" * self.screen.columns + "+"
        return "\n".join([bar, *(f"|{line}|" for line in self.screen.display), bar])


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    base: dict[str, str | None] = {
        **os.environ,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "NO_COLOR": None,
        "COLUMNS": None,
        "LINES": None,
        **changes,
    }
    return {name: value for name, value in base.items() if value is not None}


@contextlib.contextmanager
def terminal(argv: Sequence[str | Path], **options: Any) -> Iterator[Terminal]:
    """Run a program in a terminal for the length of a block."""
    with Terminal(argv, **options) as opened:
        yield opened
