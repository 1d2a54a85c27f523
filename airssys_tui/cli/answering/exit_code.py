"""Exit codes of the commands."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """The exit codes of every command.

    Attributes:
        OK: The command succeeded.
        FAILED: The command failed or was refused; the reason is on standard error.
        USAGE: Usage error; the command did not run.
        INTERRUPTED: ctrl+c ended the command; as in a shell, 128 plus the number of the signal.
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
