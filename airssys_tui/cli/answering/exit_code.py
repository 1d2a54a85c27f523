"""What a command's exit code says to a script."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The three answers of every command.

    Attributes:
        OK: What was asked happened.
        FAILED: It failed or was refused; the reason is on standard error.
        USAGE: The command line itself cannot be meant.
    """

    OK = 0
    FAILED = 1
    USAGE = 2
