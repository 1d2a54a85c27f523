"""The control socket in the file system: how a server binds it, and how a client connects.

The socket is in the state directory, whose path may be longer than the hundred bytes that fit a socket address. A long
path is shortened: through ``/proc/self/fd`` on Linux, elsewhere through a symbolic link in a temporary directory.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from airssys_tui.core.errors import NothingRuns, StoreError, Unreachable

LONGEST: Final = 100
"""Longest path, in bytes, that fits a socket address on every platform."""

BACKLOG: Final = 64

_OPEN_FILES: Final = Path("/proc/self/fd")
"""Where Linux names every open directory."""


def listen(path: Path) -> socket.socket:
    """Bind a socket that only this user may use; replace the leftover socket of a dead server.

    The socket gets its final name once it listens, so a client that finds it can connect. A symbolic link at that path
    is replaced, not followed.

    Raises:
        StoreError: The socket cannot be bound.
    """
    unfinished = path.with_name(path.name + ".new")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
        with _short(unfinished) as short:
            listening.bind(short)
        unfinished.chmod(0o600)
        listening.listen(BACKLOG)
        unfinished.replace(path)
    except OSError as error:
        listening.close()
        raise StoreError(f"no control socket at {path}: {error.strerror or error}") from error
    listening.setblocking(False)
    return listening


def identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a socket, to tell it from another of the same name; None if it does not exist."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISSOCK(status.st_mode) else None


def connect(path: Path, timeout: float) -> socket.socket:
    """Connect to a server.

    Args:
        path: The socket.
        timeout: Seconds that connecting, and later each send and receive, may take.

    Raises:
        NothingRuns: The socket does not exist, or no server listens.
        Unreachable: The socket belongs to another user, or cannot be used.
    """
    if identity(path) is None:
        raise NothingRuns(f"no runtime listens at {path}")
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.settimeout(timeout)
    try:
        with _short(path) as short:
            connected.connect(short)
        owner = peer_user(connected)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        connected.close()
        raise NothingRuns(f"no runtime listens at {path}") from error
    except OSError as error:
        connected.close()
        raise Unreachable(f"the control socket {path} cannot be used: {error.strerror or error}") from error
    if not is_trusted(owner):
        connected.close()
        raise Unreachable(f"the control socket {path} belongs to another user (uid {owner})")
    return connected


def peer_user(connected: socket.socket) -> int | None:
    """Return the user id of the process at the other end; None if the system does not report it."""
    if sys.platform != "linux":
        return None
    credentials = struct.Struct("3i")
    _, user, _ = credentials.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size))
    return int(user)


def is_trusted(user: int | None) -> bool:
    """Return whether a user may connect: the same user, root, or unknown if the system does not report it."""
    return user in {None, 0, os.geteuid()}


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Yield a path to the same place that fits a socket address."""
    text = str(path)
    if len(os.fsencode(text)) <= LONGEST:
        yield text
        return
    if _OPEN_FILES.is_dir():
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield str(_OPEN_FILES / str(folder) / path.name)
        finally:
            os.close(folder)
        return
    with tempfile.TemporaryDirectory(prefix="airssys-") as private:
        link = Path(private) / "s"
        link.symlink_to(path.parent.absolute(), target_is_directory=True)
        yield str(link / path.name)
