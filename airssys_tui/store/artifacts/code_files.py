"""Compiled code that all processes of a user share: a file per artifact and engine, in the user's cache directory.

A command that needs no runtime and the runtimes of several folders find there what one of them has compiled. The
compiler itself writes it, so that it is kept even if the process that wanted it is gone by then.

Each file begins with the SHA-256 of the code behind it, which is verified before the code is returned. That finds
damage, not malice: who can write the file can write the hash. So the directory has to belong to the user alone; in any
other one nothing is read or kept. Everything here may be deleted at any time, and no error here is the caller's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.units import MIB
from airssys_tui.store.artifacts.blobs import digest_hex
from airssys_tui.store.artifacts.code_claims import claimed
from airssys_tui.store.disk.durable import read_file

MAX_BYTES: Final = 512 * MIB
"""Size above which the least recently used files are deleted."""

_SUFFIX: Final = ".cwasm"
_HASH: Final = 32


class Claim(msgspec.Struct, frozen=True):
    """The right to compile something, and where the code belongs.

    Attributes:
        path: The file for the SHA-256 of the code and the code, to be written beside it and renamed.
        lock: The descriptor of the lock, for the compiler to inherit; None if others may compile the same now.
    """

    path: Path
    lock: int | None


class CodeFiles:
    """Compiled code by artifact digest and engine identity.

    Args:
        directory: Where the files are; created with access for the user only.
        max_bytes: Size above which the least recently used files are deleted.
    """

    def __init__(self, directory: Path, max_bytes: int = MAX_BYTES) -> None:
        self._directory = directory
        self._max_bytes = max_bytes

    def get(self, digest: str, engine: str) -> bytes | None:
        """Return code that was kept and is undamaged, or None."""
        path = self._path(digest, engine)
        try:
            if not self._is_ours():
                return None
            kept = read_file(str(path))
            os.utime(path)
        except OSError:
            return None
        code = kept[_HASH:]
        return code if hashlib.sha256(code).digest() == kept[:_HASH] else None

    def put(self, digest: str, engine: str, code: bytes) -> None:
        """Keep code, if the directory can be written and belongs to the user alone."""
        with contextlib.suppress(OSError):
            if not self._is_usable() or len(code) > self._max_bytes:
                return
            descriptor, unfinished = tempfile.mkstemp(dir=self._directory)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(hashlib.sha256(code).digest())
                    file.write(code)
                Path(unfinished).replace(self._path(digest, engine))
            except BaseException:
                Path(unfinished).unlink(missing_ok=True)
                raise
            self._make_room()

    @contextlib.contextmanager
    def claim(self, digest: str, engine: str, waits: Callable[[], bool]) -> Iterator[Claim | None]:
        """Keep others from compiling something until the block ends, and bound the files after it.

        Args:
            digest: The artifact.
            engine: Identity of the engine.
            waits: Asked again and again while somebody else has the claim; False goes on without it.

        Returns:
            The claim; None if nothing can be kept in the directory.
        """
        path = self._path(digest, engine)
        try:
            usable = self._is_usable()
        except OSError:
            usable = False
        if not usable:
            yield None
            return
        with claimed(path.with_suffix(".claim"), waits) as lock:
            yield Claim(path, lock)
            with contextlib.suppress(OSError):
                self._make_room()

    def _is_usable(self) -> bool:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._is_ours()

    def _path(self, digest: str, engine: str) -> Path:
        return self._directory / f"{digest_hex(digest)}-{engine}{_SUFFIX}"

    def _is_ours(self) -> bool:
        """Return whether nobody else can write to the directory."""
        found = self._directory.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022

    def _make_room(self) -> None:
        files = [(entry.stat(), entry.path) for entry in os.scandir(self._directory) if entry.is_file()]
        left = sum(found.st_size for found, _ in files) - self._max_bytes
        for found, path in sorted(files, key=lambda item: item[0].st_mtime_ns):
            if left <= 0:
                return
            Path(path).unlink(missing_ok=True)
            left -= found.st_size
