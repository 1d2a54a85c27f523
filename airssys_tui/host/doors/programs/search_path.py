"""The directories in which programs are searched by name: the operator's choice, never the component's."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.errors import UsageError

STANDARD: Final = ("/usr/bin", "/bin", "/usr/local/bin")
"""Where programs are searched unless the operator says otherwise."""


class FoundProgram(msgspec.Struct, frozen=True):
    """A program as it was found, or not.

    Attributes:
        path: Its absolute path with all links resolved; what was asked for if there is no such file.
        names: The names under which the search path finds just this file.
        identity: Device and inode of the file; None if it does not exist or cannot be reached.
        runnable: Whether it is a regular file that may be executed.
    """

    path: str
    names: tuple[str, ...] = ()
    identity: tuple[int, int] | None = None
    runnable: bool = False


class SearchPath:
    """Finds programs by name in fixed directories, in their order.

    A script is found like any other program and stands for itself: the kernel runs the interpreter that its first line
    names, which is not looked at, as whoever may change that line may change the script.

    Args:
        directories: Absolute paths, without ``..``; at most 64.

    Raises:
        UsageError: If one is relative or empty.
    """

    def __init__(self, directories: Iterable[str] = STANDARD) -> None:
        self.directories = tuple(directories)
        for directory in self.directories:
            if not directory.startswith("/") or ".." in Path(directory).parts or "\0" in directory:
                raise UsageError(
                    f"{directory!r} in the search path for programs is not an absolute path without '..'",
                    remedy='write it as in `[process] path = ["/usr/bin"]`',
                )
        if len(self.directories) > MOST_DIRECTORIES:
            raise UsageError(f"the search path for programs has more than {MOST_DIRECTORIES} directories")

    def find(self, program: str) -> FoundProgram:
        """Find a program by its name or its absolute path; touches nothing but the names of files."""
        name = program.rpartition("/")[2]
        asked = program if "/" in program else self._look_up(program)
        if asked is None:
            return FoundProgram(program, (program,))
        try:
            path = os.path.realpath(asked, strict=True)
            about = Path(path).stat()
            path.encode()
        except (OSError, UnicodeEncodeError):
            return FoundProgram(os.path.normpath(asked))
        identity = about.st_dev, about.st_ino
        runnable = stat.S_ISREG(about.st_mode) and os.access(path, os.X_OK)
        names = dict.fromkeys((name, path.rpartition("/")[2]))
        return FoundProgram(path, tuple(each for each in names if self._finds(each, path)), identity, runnable)

    def _look_up(self, name: str) -> str | None:
        for directory in self.directories:
            path = f"{directory.rstrip('/')}/{name}"
            if Path(path).is_file() and os.access(path, os.X_OK):
                return path
        return None

    def _finds(self, name: str, path: str) -> bool:
        found = self._look_up(name) if name not in {"", ".", ".."} else None
        return found is not None and os.path.realpath(found) == path


MOST_DIRECTORIES: Final = 64
