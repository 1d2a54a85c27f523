"""How operations on descriptors fail: with the codes of POSIX, under the names that ``wasi:filesystem`` gives them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from airssys_tui.core.errors import AirssysError
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal

P = ParamSpec("P")
T = TypeVar("T")

_CODES: Final[dict[int, str]] = {
    errno.EACCES: "access",
    errno.EAGAIN: "would-block",
    errno.EALREADY: "already",
    errno.EBADF: "bad-descriptor",
    errno.EBUSY: "busy",
    errno.EDEADLK: "deadlock",
    errno.EDQUOT: "quota",
    errno.EMFILE: "quota",
    errno.ENFILE: "quota",
    errno.EEXIST: "exist",
    errno.EFBIG: "file-too-large",
    errno.EILSEQ: "illegal-byte-sequence",
    errno.EINPROGRESS: "in-progress",
    errno.EINTR: "interrupted",
    errno.EINVAL: "invalid",
    errno.EIO: "io",
    errno.EISDIR: "is-directory",
    errno.ELOOP: "loop",
    errno.EMLINK: "too-many-links",
    errno.EMSGSIZE: "message-size",
    errno.ENAMETOOLONG: "name-too-long",
    errno.ENODEV: "no-device",
    errno.ENOENT: "no-entry",
    errno.ESTALE: "no-entry",
    errno.ENOLCK: "no-lock",
    errno.ENOMEM: "insufficient-memory",
    errno.ENOSPC: "insufficient-space",
    errno.ENOTDIR: "not-directory",
    errno.ENOTEMPTY: "not-empty",
    errno.ENOTRECOVERABLE: "not-recoverable",
    errno.ENOTSUP: "unsupported",
    errno.EOPNOTSUPP: "unsupported",
    errno.ENOSYS: "unsupported",
    errno.ENOTTY: "no-tty",
    errno.ENXIO: "no-such-device",
    errno.EOVERFLOW: "overflow",
    errno.EPERM: "not-permitted",
    errno.EPIPE: "pipe",
    errno.EROFS: "read-only",
    errno.ESPIPE: "invalid-seek",
    errno.ETXTBSY: "text-file-busy",
    errno.EXDEV: "cross-device",
}
"""All others are ``io``."""

_CODES_OF_REFUSALS: Final = {
    "denied": "access",
    "not-found": "no-entry",
    "invalid-path": "illegal-byte-sequence",
    "failed": "interrupted",
}
"""What the parts that are shared with the door to paths refuse: by the guard; nothing there; a link that leads to what
is no text; a call that has to end."""


class DescriptorError(AirssysError):
    """An operation on a descriptor was refused, or failed.

    Attributes:
        code: A case of ``error-code`` in ``wasi:filesystem/types``.
    """

    title = "files"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def failure(number: int) -> DescriptorError:
    """Return the error for a number of the operating system, such as ``errno.ENOENT``."""
    return DescriptorError(_CODES.get(number, "io"), os.strerror(number))


def out_of_the_directory() -> DescriptorError:
    """Return the error for a path that leads out of the directory from which it is named."""
    return DescriptorError("not-permitted", "the path leads out of the directory")


def coded(work: Callable[P, T]) -> Callable[P, T]:
    """Let errors of the operating system, and refusals of the guard, leave a door with their codes."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except OSError as error:
            raise failure(error.errno or errno.EIO) from error
        except FileRefusal as refusal:
            raise DescriptorError(_CODES_OF_REFUSALS[refusal.case], refusal.message) from refusal

    return run
