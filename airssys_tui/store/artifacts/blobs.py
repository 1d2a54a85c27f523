"""Artifacts by digest: written durably, verified on every read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from airssys_tui.core.errors import BlobCorrupt, IdentityError, StoreError
from airssys_tui.core.identity import Digest, digest_of
from airssys_tui.store.disk.durable import clear_way, make_directory, read_file, remove_file, size_of, sweep, write_file
from airssys_tui.store.disk.failpoint import failpoint
from airssys_tui.store.disk.faults import disk_faults

_PUT_BACK: Final = "put the same file back into the folder: the copy is then taken in again"
_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})\Z")


def digest_hex(digest: str) -> str:
    """Return the 64 hexadecimal digits of a digest.

    Raises:
        IdentityError: If the text is not a digest; only digests become part of a path.
    """
    match = _DIGEST.match(digest)
    if match is None:
        raise IdentityError(f"{digest[:80]!r} is not a digest")
    return match[1]


class Blobs:
    """Content-addressed bytes below one directory.

    Args:
        directory: The directory; created with the first blob. Two levels: ``ab/abcdef…``.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.unfinished = directory / "unfinished"

    def recover(self) -> int:
        """Prepare the directory for writing and remove unfinished files that a crash left behind.

        Returns:
            The number of files removed.
        """
        with disk_faults("prepare the blobs", self._directory):
            make_directory(self.unfinished)
            return sweep(self.unfinished)

    def put(self, data: bytes, digest: Digest | None = None) -> Digest:
        """Store these bytes, unless an intact copy exists; whatever else lies in its place is replaced.

        Args:
            data: The bytes.
            digest: Their digest, if the caller has computed it from them already.

        Raises:
            DiskFull: No space left on the disk.
            StoreError: The directory cannot be written.
        """
        digest = digest or digest_of(data)
        path = self._where(digest)
        with disk_faults("write the blob", path):
            if self._holds(path, data):
                return digest
            clear_way(path)
            write_file(path, data, aside=self.unfinished, points="blobs/put")
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest, verified.

        Raises:
            BlobCorrupt: The bytes do not match the digest.
            StoreError: The blob is missing or cannot be read.
        """
        path = self._where(digest)
        with disk_faults("read the blob", path):
            if size_of(path) is None:
                raise StoreError(f"blob {digest} is missing", remedy=_PUT_BACK)
            data = read_file(path)
        if digest_of(data) != digest:
            raise BlobCorrupt(
                f"the blob {path} does not match its digest: the disk or another program changed it",
                remedy=_PUT_BACK,
            )
        return data

    def has(self, digest: str) -> bool:
        """Return whether a blob of this digest exists, without verifying it.

        Raises:
            StoreError: The disk does not say.
        """
        path = self._where(digest)
        with disk_faults("find the blob", path):
            return size_of(path) is not None

    def size(self, digest: str) -> int:
        """Return the size of a blob in bytes.

        Raises:
            StoreError: If the blob is missing or the disk does not say.
        """
        path = self._where(digest)
        with disk_faults("find the blob", path):
            found = size_of(path)
        if found is None:
            raise StoreError(f"blob {digest} is missing", remedy=_PUT_BACK)
        return found

    def path(self, digest: str) -> Path:
        """Return the path of a blob, whether or not it exists.

        Raises:
            IdentityError: If the text is not a digest.
        """
        return Path(self._where(digest))

    def _where(self, digest: str) -> str:
        name = digest_hex(digest)
        return f"{self._directory}/{name[:2]}/{name}"

    def remove(self, digest: str) -> bool:
        """Remove a blob that is no longer referenced; return whether it existed."""
        path = self._where(digest)
        with disk_faults("remove the blob", path):
            existed = size_of(path) is not None
            failpoint("blobs/remove/before-unlink")
            clear_way(path)
            remove_file(path)
            failpoint("blobs/remove/after-unlink")
        return existed

    def digests(self) -> Iterator[Digest]:
        """Yield the digests of all blobs, sorted; only a few of them are in memory at a time.

        Raises:
            StoreError: A directory cannot be listed.
        """
        for directory in self._listed(self._directory, "??"):
            names = (f"sha256:{entry.name}" for entry in self._listed(directory, "*"))
            yield from (Digest(name) for name in names if _DIGEST.match(name))

    @staticmethod
    def _listed(directory: Path, pattern: str) -> list[Path]:
        with disk_faults("list the blobs", directory):
            return sorted(directory.glob(pattern))

    @staticmethod
    def _holds(path: str, data: bytes) -> bool:
        # Comparing also repairs: a damaged copy differs, or cannot be read, and is rewritten.
        try:
            return size_of(path) == len(data) and read_file(path) == data
        except OSError:
            return False
