"""What is known of a file, a directory or whatever else is at a path."""

from __future__ import annotations

import os
import secrets
import stat
from enum import StrEnum
from hashlib import blake2b
from typing import Final

import msgspec

_SECRET: Final = secrets.token_bytes(16)
"""Keeps the numbers of devices and files from being computed from fingerprints; another one in each process."""


class ObjectKind(StrEnum):
    """What something is."""

    UNKNOWN = "unknown"
    BLOCK_DEVICE = "block-device"
    CHARACTER_DEVICE = "character-device"
    DIRECTORY = "directory"
    FIFO = "fifo"
    LINK = "symbolic-link"
    FILE = "regular-file"
    SOCKET = "socket"


_KINDS: Final = {
    stat.S_IFBLK: ObjectKind.BLOCK_DEVICE,
    stat.S_IFCHR: ObjectKind.CHARACTER_DEVICE,
    stat.S_IFDIR: ObjectKind.DIRECTORY,
    stat.S_IFIFO: ObjectKind.FIFO,
    stat.S_IFLNK: ObjectKind.LINK,
    stat.S_IFREG: ObjectKind.FILE,
    stat.S_IFSOCK: ObjectKind.SOCKET,
}


class Fingerprint(msgspec.Struct, frozen=True):
    """A number of 128 bits for what something is and when it was changed.

    Attributes:
        lower: 64 bits that stay the same for as long as it exists; programs take them for the number of the file.
        upper: 64 bits that change with its content too.
    """

    lower: int
    upper: int


class ObjectStatus(msgspec.Struct, frozen=True):
    """What is known of it.

    Attributes:
        kind: What it is.
        links: Names that it has.
        size: Bytes of a file, or of what a link holds.
        accessed_ns: When it was last read, in nanoseconds since 1970; negative before.
        modified_ns: When its content was last changed.
        changed_ns: When anything of it was last changed.
        device: Number of the device that it lies on.
        inode: Its number on that device.
    """

    kind: ObjectKind
    links: int
    size: int
    accessed_ns: int
    modified_ns: int
    changed_ns: int
    device: int
    inode: int

    @property
    def identity(self) -> tuple[int, int]:
        """What tells it from everything else that exists."""
        return self.device, self.inode

    @property
    def fingerprint(self) -> Fingerprint:
        """A number that says whether it is the same, and unchanged."""
        return Fingerprint(
            _hashed(self.device, self.inode), _hashed(self.device, self.inode, self.size, self.modified_ns)
        )


def kind_of(mode: int) -> ObjectKind:
    """Return what a mode of the system stands for."""
    return _KINDS.get(stat.S_IFMT(mode), ObjectKind.UNKNOWN)


def status_of(status: os.stat_result) -> ObjectStatus:
    """Return what the system says."""
    return ObjectStatus(
        kind=kind_of(status.st_mode),
        links=status.st_nlink,
        size=status.st_size,
        accessed_ns=status.st_atime_ns,
        modified_ns=status.st_mtime_ns,
        changed_ns=status.st_ctime_ns,
        device=status.st_dev,
        inode=status.st_ino,
    )


def _hashed(*numbers: int) -> int:
    data = b"".join([number.to_bytes(16, "little", signed=True) for number in numbers])
    return int.from_bytes(blake2b(data, digest_size=8, key=_SECRET).digest(), "little")
