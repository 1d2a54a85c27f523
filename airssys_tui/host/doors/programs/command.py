"""What a component wants to run, within bounds, and how a program ended."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

import msgspec

from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal

MOST_PROGRAM: Final = 4_096
"""Bytes of the name or path of a program, and of a working directory."""

MOST_ARGUMENTS: Final = 256
MOST_VARIABLES: Final = 256
MOST_TEXT: Final = 64 * 1024
"""Bytes of all arguments together, and of all names and values of the environment together."""

LONGEST_LIFE: Final = 3_600_000
"""Milliseconds."""

LOADER_PREFIXES: Final = ("LD_", "DYLD_")
LOADER_NAMES: Final = frozenset({"GCONV_PATH", "GLIBC_TUNABLES"})
"""Variables by which the dynamic loader puts foreign code into any program, whatever program was granted."""


class ExitKind(StrEnum):
    """How a program ended; the values are the cases of the WIT type."""

    CODE = "code"
    SIGNAL = "signal"
    TIMED_OUT = "timed-out"


class Exit(msgspec.Struct, frozen=True):
    """The end of a program.

    Attributes:
        kind: How.
        number: The code or the number of the signal; 0 for one whose time was over.
    """

    kind: ExitKind
    number: int = 0


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run.

    Attributes:
        program: A name, or an absolute path.
        arguments: Its arguments, without its own name.
        environment: All of its environment.
        directory: An absolute path; None for an empty directory of its own.
        life: Milliseconds; None for no end.
        captured: Whether its output is kept.
    """

    program: str
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    directory: str | None = None
    life: int | None = None
    captured: bool = True


def check_command(command: Command) -> None:
    """Verify the bounds of a command.

    Raises:
        ProgramRefusal: As ``invalid-input``.
    """
    _check_program(command.program)
    _check_texts("arguments", command.arguments, MOST_ARGUMENTS, 1)
    _check_texts("variables", [text for pair in command.environment for text in pair], MOST_VARIABLES, 2)
    names = [name for name, _ in command.environment]
    if any(not name or "=" in name for name in names):
        raise invalid("the name of a variable is empty or contains '='")
    if len(set(names)) < len(names):
        raise invalid("a variable is given twice")
    if command.directory is not None:
        _check_path("working directory", command.directory)
    if command.life is not None and not 1 <= command.life <= LONGEST_LIFE:
        raise invalid(f"the timeout is {command.life} ms; accepted: 1 to {LONGEST_LIFE}")


def loader_variable(command: Command) -> str | None:
    """Return the first variable that would put foreign code into the program, or None."""
    found = (name for name, _ in command.environment if name.startswith(LOADER_PREFIXES) or name in LOADER_NAMES)
    return next(found, None)


def invalid(text: str) -> ProgramRefusal:
    """Return the refusal of an argument."""
    return ProgramRefusal("invalid-input", text)


def _check_program(program: str) -> None:
    if "/" in program:
        _check_path("path of the program", program)
    elif program in {"", ".", ".."} or "\0" in program or len(program.encode()) > MOST_PROGRAM:
        raise invalid(f"the program is no name of 1 to {MOST_PROGRAM} bytes")


def _check_path(what: str, path: str) -> None:
    if not path.startswith("/"):
        raise invalid(f"the {what} is not absolute")
    if "\0" in path or len(path.encode()) > MOST_PROGRAM:
        raise invalid(f"the {what} contains a NUL or has more than {MOST_PROGRAM} bytes")
    if ".." in PurePosixPath(path).parts:
        raise invalid(f"the {what} contains '..'")


def _check_texts(what: str, texts: list[str] | tuple[str, ...], most: int, per_item: int) -> None:
    if len(texts) > most * per_item:
        raise invalid(f"there are {len(texts) // per_item} {what}; the limit is {most}")
    size = sum(len(text.encode()) for text in texts)
    if size > MOST_TEXT:
        raise invalid(f"the {what} have {size} bytes together; the limit is {MOST_TEXT}")
    if any("\0" in text for text in texts):
        raise invalid(f"one of the {what} contains a NUL")
