"""What the operating system reports, as the refusal that a component gets; it names no path."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal

P = ParamSpec("P")
T = TypeVar("T")

_CASES: Final[dict[int, str]] = {
    errno.ENOENT: "not-found",
    errno.EEXIST: "already-exists",
    errno.ENOTDIR: "not-a-directory",
    errno.EISDIR: "is-a-directory",
    errno.ENOTEMPTY: "not-empty",
    errno.ENAMETOOLONG: "invalid-path",
    errno.EILSEQ: "invalid-path",
    errno.ENOSPC: "quota-exceeded",
    errno.EDQUOT: "quota-exceeded",
    errno.EFBIG: "quota-exceeded",
    errno.EMFILE: "quota-exceeded",
    errno.ENFILE: "quota-exceeded",
    errno.EBADF: "closed",
}
"""All others are ``failed``."""

_TEXTS: Final[dict[int, str]] = {
    errno.EMFILE: "the program has as many files open as it may",
    errno.ENFILE: "the machine has as many files open as it may",
    errno.EXDEV: "source and target are on different devices",
    errno.ELOOP: "links changed while they were followed",
    errno.EROFS: "the device cannot be written to",
    errno.EACCES: "the operating system does not let this program do it",
    errno.EPERM: "the operating system does not let this program do it",
}


def refusal_of(error: OSError) -> FileRefusal:
    """Return the refusal for an error of the operating system."""
    number = error.errno or 0
    text = _TEXTS.get(number) or os.strerror(number)
    return FileRefusal(_CASES.get(number, "failed"), text)


def refusing(work: Callable[P, T]) -> Callable[P, T]:
    """Let errors of the operating system leave a door as refusals."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except OSError as error:
            raise refusal_of(error) from error

    return run
