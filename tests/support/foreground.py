"""Commands in the foreground, in this process: streams are pipes of the test."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from airssys_tui.core.manifest.tier_choice import TierChoice
from airssys_tui.host.doors.standard_streams import StandardInput, StandardOutput, StandardStreams
from airssys_tui.runtime.standalone.foreground import CommandReport, Foreground
from airssys_tui.runtime.standalone.line_grants import LineOptions, read_line
from tests.support.places import FIXTURES

C_COMMAND = FIXTURES / "c-command" / "c-command.wasm"
"""Does what its first argument says."""


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    report: CommandReport
    out: bytes
    err: bytes


class Pipes:
    """The streams of one command: pipes whose other ends the test has.

    Attributes:
        streams: What the command gets.
        to_input: Where the test writes; closed by :meth:`end_input`.
    """

    def __init__(self) -> None:
        self._input, self.to_input = os.pipe()
        self.from_output, self._output = os.pipe()
        self.from_errors, self._errors = os.pipe()
        self.streams = StandardStreams(
            StandardInput(self._input), StandardOutput(self._output), StandardOutput(self._errors)
        )

    def line(self) -> bytes:
        """Return the next line of its output."""
        found = b""
        while not found.endswith(b"\n"):
            found += os.read(self.from_output, 1)
        return found

    def end_input(self) -> None:
        """Close the writing end."""
        os.close(self.to_input)
        self.to_input = -1

    def close(self) -> tuple[bytes, bytes]:
        """Close everything; return what was written and not read yet."""
        if self.to_input >= 0:
            self.end_input()
        self.streams.close()
        for end in (self._input, self._output, self._errors):
            os.close(end)
        found = []
        for end in (self.from_output, self.from_errors):
            with os.fdopen(end, "rb") as rest:
                found.append(rest.read())
        return found[0], found[1]


def command(
    path: Path, streams: StandardStreams, *words: str, reserved: tuple[str, ...] = (), **options: object
) -> Foreground:
    """Make a command ready to start."""
    return Foreground(path, read_line(LineOptions(arguments=words, **options)), streams, TierChoice(), reserved)


def run(
    *words: str, given: bytes = b"", path: Path = C_COMMAND, reserved: Sequence[str] = (), **options: object
) -> Ran:
    """Run a command to its end; what it reads and writes fits into a pipe."""
    pipes = Pipes()
    os.write(pipes.to_input, given)
    pipes.end_input()
    try:
        made = command(path, pipes.streams, *words, reserved=tuple(reserved), **options)
        report = made.start().result(60)
        made.close()
    finally:
        out, err = pipes.close()
    return Ran(report, out, err)
