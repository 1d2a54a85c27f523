"""A process that starts a program through the door, says so, and waits to be killed; run by tests."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any

from airssys_tui.engine.waiting import Waitable, wait
from airssys_tui.host.doors.programs.command import Command
from airssys_tui.host.doors.programs.program_door import ProgramDoor, ProgramSource
from tests.support.rule_guard import RuleGuard
from tests.support.world import PATIENCE


class PlainCall:
    """A call of nobody, which ends when its time is over or it is cancelled.

    Args:
        seconds: Until its deadline.
        cancelled: Whether it is cancelled from the start.
    """

    def __init__(self, seconds: float = PATIENCE, *, cancelled: bool = False) -> None:
        self.deadline_ns = perf_counter_ns() + int(seconds * 1e9)
        self.cancelled = cancelled
        self.closing = False
        self.wake: Any = None

    def wait(
        self, waitables: Sequence[Waitable], announce: Callable[[], Any] = contextlib.nullcontext
    ) -> tuple[int, ...]:
        """Wait as a guest's call does."""
        return wait(self, waitables, announce)


def main(script: str) -> None:
    """Run a shell script; print what it prints on its first line, and wait."""
    door = ProgramDoor(RuleGuard("process:spawn:sh"), ProgramSource())
    program = door.spawn(PlainCall(), Command(program="sh", arguments=("-c", script)))
    line = b""
    while not line.endswith(b"\n"):
        line += door.read(PlainCall(), program, 0, 1)
    sys.stdout.write(line.decode())
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
