"""What a command's exit code says to a script."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """The answers of every command.

    Attributes:
        OK: It was done.
        FAILED: It failed or was refused; the reason is on standard error.
        USAGE: The command line is wrong; nothing was tried.
        INTERRUPTED: ctrl+c ended it, as a shell says it: 128 and the number of the signal.
    """

    OK = 0
    FAILED = 1
    USAGE = 2
    INTERRUPTED = 130


MEANINGS: Final = {
    ExitCode.OK: "done",
    ExitCode.FAILED: "failed or refused; standard error says why and what to do next",
    ExitCode.USAGE: "usage error: unknown command or option, no such folder, no terminal",
    ExitCode.INTERRUPTED: "interrupted with ctrl+c",
}
"""The table of exit codes, for the help pages and the documentation."""
