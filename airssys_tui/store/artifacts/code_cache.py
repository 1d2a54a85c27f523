"""Cache of compiled code, which saves a start or a rollback from compiling: safe to delete, never trusted.

Loading a compiled file that somebody modified is as bad as running their machine code. So the catalog records the hash
of every file, and the hash is verified before the file's path is returned. When the cache is full, the least recently
used files are evicted first; a file's modification time is its time of last use.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.units import MIB
from airssys_tui.store.artifacts.blobs import digest_hex
from airssys_tui.store.disk.database import Database
from airssys_tui.store.disk.durable import clear_way, make_directory, open_file, remove_file, size_of, sweep, write_file
from airssys_tui.store.disk.failpoint import failpoint
from airssys_tui.store.disk.faults import disk_faults

MAX_BYTES: Final = 512 * MIB
_SUFFIX: Final = ".cwasm"
_SIZE: Final = "SELECT size FROM compiled_code WHERE digest = ? AND engine = ?"

SPARE: Final = 32
"""A full cache frees at least one part in this many of its size."""


class CodeCounters(msgspec.Struct, frozen=True):
    """Counters since the cache was opened; ``rejected`` counts files that did not match their recorded hash."""

    hits: int = 0
    misses: int = 0
    rejected: int = 0
    evicted: int = 0


class _Entry(msgspec.Struct, frozen=True):
    digest: str
    engine: str
    sha256: str
    size: int


class Written(msgspec.Struct, frozen=True):
    """Compiled code whose file is written: what is to be recorded of it, and the file."""

    entry: _Entry
    path: str


class CodeCache:
    """Compiled code by artifact digest and engine identity.

    Attributes:
        engines: Identities of the engines of this process; code of any other one is evicted first.

    Args:
        directory: The directory of the files.
        database: The catalog's connection, which records their hashes.
        max_bytes: Size above which the least recently used files are evicted; pinned and retained ones stay.
        retained: Returns the artifacts that a rollback may need; called only when space has to be freed.
    """

    def __init__(
        self,
        directory: Path,
        database: Database,
        *,
        max_bytes: int = MAX_BYTES,
        retained: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._directory = directory
        self._aside = directory / "unfinished"
        self._database = database
        self._max_bytes = max_bytes
        self._retained = retained
        self._pins: frozenset[str] = frozenset()
        self.engines: frozenset[str] = frozenset()
        self._last_use = 0
        self._bytes: int | None = None
        self.counters = CodeCounters()

    def recover(self) -> None:
        """Prepare the directory; drop unfinished files, files without a record and records without a file."""
        with disk_faults("prepare the code cache", self._directory):
            make_directory(self._aside)
            sweep(self._aside)
            entries = self._entries("")
            known = {self._path(entry.digest, entry.engine): entry for entry in entries}
            for file in self._directory.glob(f"*/*{_SUFFIX}"):
                if str(file) not in known:
                    clear_way(str(file))
                    file.unlink(missing_ok=True)
        for path, entry in known.items():
            if size_of(path) is None:
                self._forget(entry)

    def pin(self, digests: Collection[str]) -> None:
        """Keep the code of these artifacts whatever the size; replaces earlier pins."""
        self._pins = frozenset(digests)

    def has(self, digest: str, engine: str) -> bool:
        """Return whether compiled code is cached, without verifying it."""
        return bool(self._entries("WHERE digest = ? AND engine = ?", digest, engine))

    def get(self, digest: str, engine: str) -> Path | None:
        """Return the file of compiled code if its bytes are still those that were stored, or None.

        Args:
            digest: The artifact's digest.
            engine: Identity of the engine and its settings; code of another engine cannot be loaded.
        """
        path = self._path(digest, engine)
        found = self._entries("WHERE digest = ? AND engine = ?", digest, engine)
        if not found:
            self._count(misses=self.counters.misses + 1)
            return None
        try:
            actual = _hash_of(path)
            if actual == found[0].sha256:
                self._touch(path)
        except OSError:
            # Only a cache: what cannot be read is compiled again and replaced.
            self._count(misses=self.counters.misses + 1, rejected=self.counters.rejected + 1)
            return None
        if actual != found[0].sha256:
            self._forget(found[0])
            changed = actual is not None
            self._count(misses=self.counters.misses + 1, rejected=self.counters.rejected + changed)
            return None
        self._count(hits=self.counters.hits + 1)
        return Path(path)

    def put(self, digest: str, engine: str, data: bytes) -> str:
        """Store compiled code, evicting other code if necessary; return its path.

        Raises:
            DiskFull: No space left on the disk.
            StoreError: The directory cannot be written.
        """
        return self.record(self.write(digest, engine, data))

    def write(self, digest: str, engine: str, data: bytes) -> Written:
        """Write the file of compiled code; it does not count before it is recorded. Does not touch the catalog.

        Raises:
            DiskFull: No space left on the disk.
            StoreError: The directory cannot be written.
        """
        path = self._path(digest, engine)
        with disk_faults("write compiled code", path):
            make_directory(self._aside)
            clear_way(path)
            write_file(path, data, aside=self._aside, points="code/put", sync=False)
            self._touch(path)
        return Written(_Entry(digest, engine, hashlib.sha256(data).hexdigest(), len(data)), path)

    def record(self, written: Written) -> str:
        """Record compiled code that was written, evicting other code if necessary; return its path.

        Raises:
            DiskFull: No space left on the disk.
            StoreError: The catalog cannot be written.
        """
        entry = written.entry
        digest, engine = entry.digest, entry.engine
        before = self.size(), self._database.count(_SIZE, (digest, engine))
        with self._database.transaction("record-code") as connection:
            connection.execute(
                "INSERT OR REPLACE INTO compiled_code (digest, engine, sha256, size) VALUES (?, ?, ?, ?)",
                (digest, engine, entry.sha256, entry.size),
            )
        self._bytes = before[0] - before[1] + entry.size
        self._make_room(digest, engine)
        return written.path

    def remove(self, *digests: str) -> int:
        """Remove the code of artifacts for every engine; return the number of files removed."""
        entries = [entry for digest in digests for entry in self._entries("WHERE digest = ?", digest)]
        self._forget(*entries)
        return len(entries)

    def size_of(self, digest: str) -> int:
        """Return the bytes of an artifact's compiled code, for all engines together."""
        return self._database.count("SELECT sum(size) FROM compiled_code WHERE digest = ?", (digest,))

    def size(self) -> int:
        """Return the total bytes of all files; computed once, since no other process writes them."""
        if self._bytes is None:
            self._bytes = self._database.count("SELECT sum(size) FROM compiled_code")
        return self._bytes

    def _make_room(self, digest: str, engine: str) -> None:
        excess = self.size() - self._max_bytes
        if excess <= 0:
            return
        # Free a little more than necessary: with many files, the next ones then fit without another scan of them all.
        excess += self._max_bytes // SPARE
        kept = {digest, *self._pins, *self._retained()}
        ours = self.engines | {engine}
        for entry in sorted(self._entries(""), key=lambda entry: self._eviction_rank(entry, ours)):
            if excess <= 0 or (entry.engine in ours and entry.digest in kept):
                continue
            self._forget(entry)
            self._count(evicted=self.counters.evicted + 1)
            excess -= entry.size

    def _eviction_rank(self, entry: _Entry, ours: frozenset[str]) -> tuple[bool, int]:
        # This process cannot load another engine's code: evict that first, pinned or not.
        path = Path(self._path(entry.digest, entry.engine))
        return entry.engine in ours, path.stat().st_mtime_ns if path.is_file() else 0

    def _forget(self, *entries: _Entry) -> None:
        """Delete records, then files: a crash in between leaves files without a record, which `recover` removes."""
        if not entries:
            return
        with self._database.transaction("forget-code") as connection:
            connection.executemany(
                "DELETE FROM compiled_code WHERE digest = ? AND engine = ?",
                [(entry.digest, entry.engine) for entry in entries],
            )
        self._bytes = None
        for entry in entries:
            path = self._path(entry.digest, entry.engine)
            with disk_faults("remove compiled code", path):
                failpoint("code/remove/before-unlink")
                clear_way(path)
                remove_file(path)
                failpoint("code/remove/after-unlink")

    def _touch(self, path: str) -> None:
        # Two uses within one tick of the clock still get an order.
        self._last_use = max(time.time_ns(), self._last_use + 1)
        os.utime(path, ns=(self._last_use, self._last_use))

    def _entries(self, tail: str, *parameters: str) -> tuple[_Entry, ...]:
        return self._database.records(_Entry, "compiled_code", tail, parameters)

    def _path(self, digest: str, engine: str) -> str:
        engine_name = hashlib.sha256(engine.encode()).hexdigest()[:16]
        return f"{self._directory}/{engine_name}/{digest_hex(digest)}{_SUFFIX}"

    def _count(self, **changes: int) -> None:
        self.counters = msgspec.structs.replace(self.counters, **changes)


def _hash_of(path: str) -> str | None:
    try:
        with open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
