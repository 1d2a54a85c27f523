"""Compiled code kept for commands that need no runtime: a file per artifact and engine, in the user's cache directory.

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
from pathlib import Path
from typing import Final

from airssys_tui.core.units import MIB
from airssys_tui.store.artifacts.blobs import digest_hex
from airssys_tui.store.disk.durable import read_file

MAX_BYTES: Final = 512 * MIB
"""Size above which the least recently used files are deleted."""

_SUFFIX: Final = ".cwasm"
_HASH: Final = 32


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
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._is_ours() or len(code) > self._max_bytes:
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
