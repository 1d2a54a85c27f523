"""The harness itself: it shows what a program draws, answers it, and notices when nothing comes."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.support.terminal.harness import Terminal, TerminalTimeout

DRAW = r"""
import sys
print("\x1b[2J\x1b[5;10Hhello\x1b[>1u\x1b[<u\x1b[?2026h\x1b[?1m\x1b[?2026l", flush=True)
print("got", sys.stdin.readline().strip(), flush=True)
"""
ASK = r"""
import os, sys, termios, tty
old = termios.tcgetattr(0)
tty.setraw(0)
os.write(1, b"\x1b[6n")
data = os.read(0, 32)
termios.tcsetattr(0, termios.TCSADRAIN, old)
print("answer", data, flush=True)
"""

LIST = r"""
import sys
print(" 10:00 • stopped   ▌ undone: stop counter\n counter  1.0.0   stopped", flush=True)
sys.stdin.readline()
print("\x1b[1;1H\x1b[2K▸ counter  stopped", flush=True)
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_program_is_seen_and_typed_to() -> None:
    with Terminal(python(DRAW), columns=40, lines=10) as term:
        term.wait_text("hello")
        assert term.screen.display[4][9:14] == "hello"
        assert term.text.split() == ["hello"], "foreign sequences must not be shown as text"
        term.send("world", "enter")
        assert term.wait_row("got", "world") == "got world"
        assert term.wait_exit() == 0


def test_the_row_of_a_name_begins_with_it() -> None:
    with Terminal(python(LIST)) as term:
        term.wait_text("undone", "1.0.0")
        with pytest.raises(TerminalTimeout, match="the row of counter with stopped"):
            term.wait_row("counter", "stopped", timeout=0)
        term.send("enter")
        assert term.wait_row("counter", "stopped") == "▸ counter  stopped"
        assert term.wait_exit() == 0


def test_the_emulator_answers_the_program() -> None:
    with Terminal(python(ASK)) as term:
        term.wait_text(r"answer b'\x1b[1;1R'")
        assert term.wait_exit() == 0
        assert term.is_restored()


def test_a_sequence_split_over_two_reads_is_one() -> None:
    halves = r"import os,sys; os.write(1, b'a\x1b[>'); sys.stdin.readline(); os.write(1, b'1ub\n')"
    with Terminal(python(halves)) as term:
        term.wait_text("a")
        term.send("enter")
        term.wait_exit()
        assert "1ub" not in term.text
        assert "b" in term.text


def test_what_does_not_come_is_reported_with_the_screen() -> None:
    with Terminal(python("print('here'); import signal; signal.pause()")) as term:
        term.wait_text("here")
        with pytest.raises(TerminalTimeout, match=r"(?s)elsewhere.*here"):
            term.wait_text("elsewhere", timeout=0.2)


def test_the_end_of_a_program_is_noticed_at_once() -> None:
    with Terminal(python("raise SystemExit(3)")) as term:
        with pytest.raises(TerminalTimeout, match="waited for a thing"):
            term.wait_text("a thing", timeout=20)
        assert term.wait_exit() == 3


def test_a_terminal_left_raw_is_noticed() -> None:
    raw = "import tty; tty.setraw(0); print('raw', flush=True); import signal; signal.pause()"
    with Terminal(python(raw)) as term:
        term.wait_text("raw")
        assert not term.is_restored()
        term.signal(signal.SIGTERM)
        assert term.wait_exit() == -signal.SIGTERM
