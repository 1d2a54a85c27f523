"""The audit as its owner writes it: entries are on the disk before what they record takes effect.

An entry whose effect is a write to the catalog comes first: the line is written and synced, then one transaction of the
catalog makes the effect and keeps the new head. So after a crash the log may have entries that the head does not count:
they are whole, and what they record did not take effect. The next owner says so in an entry of its own. A line that a
power failure left unfinished cannot be counted by a head; it is removed, and that is said too.

When the log is not what the head in the catalog says, it was changed from outside. Nothing of it is repaired, because
it is evidence: a new file goes on from the head, with an entry that says what is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BufferedRandom
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.capability.audit_entry import AuditEntry, AuditKind, Head
from airssys_tui.core.errors import StoreError
from airssys_tui.store.audit.audit_lines import NoEntry, decode_line, encode_line
from airssys_tui.store.audit.audit_reading import AuditFile, audit_files, lines
from airssys_tui.store.disk.durable import PRIVATE_FILE, make_directory, open_file, sync_directory
from airssys_tui.store.disk.failpoint import failpoint
from airssys_tui.store.disk.faults import disk_faults

MAX_FILE: Final = 1024 * 1024
"""Bytes after which a file takes no further batch."""

MAX_FILES: Final = 256
"""Files kept; the oldest is removed, and its end is kept as the base of the chain."""

EFFECTS: Final = frozenset(
    {
        AuditKind.GRANTED,
        AuditKind.REFUSED,
        AuditKind.REVOKED,
        AuditKind.USED_ONCE,
        AuditKind.TRUSTED,
        AuditKind.DISTRUSTED,
    }
)
"""Kinds whose effect is made by the transaction that counts them."""


class Found(msgspec.Struct):
    """What an owner found at its start.

    Attributes:
        head: The last entry.
        size: Bytes of the file that it is in; None if a new file is begun.
        uncounted: Entries after the head of the catalog.
        unfinished: Bytes of an unfinished line that were removed.
        damage: What is not as it was written; empty if nothing is.
    """

    head: Head
    size: int | None = None
    uncounted: tuple[AuditEntry, ...] = ()
    unfinished: int = 0
    damage: str = ""


class AuditLog:
    """The log of one state directory. One thread uses it.

    Args:
        directory: The directory of its files; made by the first entry.
        kept: The head that the catalog keeps.
        max_file: Bytes after which another file is begun.
        max_files: Files kept.

    Attributes:
        head: The last entry that is written.
        found: What was found when it was opened.
        untold: Whether no entry was written since then, so that what was found is not told yet.
        begun: Whether the last entries began a file.
    """

    def __init__(self, directory: Path, kept: Head, *, max_file: int = MAX_FILE, max_files: int = MAX_FILES) -> None:
        self._directory = directory
        self._max_file = max_file
        self._max_files = max_files
        with disk_faults("read the audit", directory):
            self.found = examine(directory, kept)
        self.head = self.found.head
        self.untold, self.begun = True, False
        self._file: str | None = None
        files = audit_files(directory)
        if self.found.size is not None and files:
            self._file = files[-1].path
        self._size = self.found.size or 0

    def append(self, entries: Sequence[AuditEntry]) -> Head:
        """Write entries, in one batch and with one wait for the disk; return the new head.

        Raises:
            DiskFull: No space left; nothing is written.
            StoreError: They could not be written; nothing is written.
        """
        head, written = self.head, []
        for entry in entries:
            numbered = msgspec.structs.replace(entry, n=head.count + 1, prev=head.hash)
            line, digest = encode_line(numbered)
            written.append(line)
            head = Head(numbered.n, digest)
        data = b"".join(written)
        with disk_faults("write the audit", self._directory):
            self._write(data)
        self.head, self.untold = head, False
        return head

    def surplus(self) -> tuple[AuditFile, Head] | None:
        """Return the oldest file if there are too many, and the last entry in it; None if there are not."""
        files = audit_files(self._directory)
        if len(files) <= self._max_files:
            return None
        oldest, digest = files[0], ""
        with disk_faults("read the audit", oldest.path), open_file(oldest.path) as opened:
            for line in lines(opened):
                digest = _hash_of(line.data)
        return oldest, Head(files[1].first - 1, digest)

    def remove(self, file: AuditFile) -> None:
        """Remove a file whose end is the base that the catalog keeps."""
        with disk_faults("write the audit", file.path):
            failpoint("audit/remove/before-unlink")
            os.unlink(file.path)  # noqa: PTH108 - plain text, see ``disk.durable``
            failpoint("audit/remove/after-unlink")

    def _write(self, data: bytes) -> None:
        self.begun = self._file is None or self._size >= self._max_file
        if self.begun:
            self._begin_file()
        failpoint("audit/append/before-write")
        descriptor = os.open(str(self._file), os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            if os.fstat(descriptor).st_size != self._size:
                raise StoreError(
                    f"the audit {self._file} was changed by another program",
                    remedy="run `airssys-tui audit verify`, then start the runtime again",
                )
            try:
                _write_all(descriptor, data)
                failpoint("audit/append/before-sync")
                os.fsync(descriptor)
            except BaseException:
                os.ftruncate(descriptor, self._size)
                raise
        finally:
            os.close(descriptor)
        self._size += len(data)
        failpoint("audit/append/after-sync")

    def _begin_file(self) -> None:
        make_directory(self._directory)
        path = str(self._directory / f"{self.head.count + 1:012d}.jsonl")
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, PRIVATE_FILE)
        try:
            size = os.fstat(descriptor).st_size
            if size:
                raise StoreError(f"{path} lies where the next file of the audit belongs", remedy="move it away")
        finally:
            os.close(descriptor)
        failpoint("audit/rotate/before-sync")
        sync_directory(self._directory)
        failpoint("audit/rotate/after-sync")
        self._file, self._size = path, 0


def examine(directory: Path, kept: Head) -> Found:
    """Look at the end of a log, and remove an unfinished line; no other byte is touched.

    Args:
        directory: The directory of the log.
        kept: The head that the catalog keeps.
    """
    files = audit_files(directory)
    if not files:
        damage = f"{kept.count} entries are missing" if kept.count else ""
        return Found(kept, damage=damage)
    # The last file may have been begun, and the one before it has then the entries that no head counts yet.
    tail = files[-2:] if os.path.getsize(files[-1].path) == 0 else files[-1:]  # noqa: PTH202
    found = Found(Head(tail[0].first - 1, ""), 0)
    for file in tail:
        _examine_file(file, kept, found)
    head = found.head
    if not found.damage and head.count < kept.count:
        found.damage = f"entry {head.count + 1} is missing: {kept.count} were written"
    elif not found.damage and tail[0].first > kept.count + 1:
        found.damage = f"entry {kept.count + 1} was not counted, and others follow in another file"
    if found.damage:
        beyond = max(head.count, kept.count, files[-1].first)
        return Found(Head(beyond, kept.hash), None, damage=found.damage)
    if not head.hash:
        found.head = kept
    return found


def _examine_file(file: AuditFile, kept: Head, found: Found) -> None:
    if found.damage:
        return
    with open_file(file.path) as opened:
        end = 0
        for line in lines(opened):
            found.damage = _examine_line(line.data, kept, found)
            if found.damage:
                return
            end = line.end
        rest = opened.seek(0, 2) - end
    found.size = end
    if not rest:
        return
    if found.head.count < kept.count:
        found.damage = f"entry {found.head.count + 1} is unfinished, and it was counted"
        return
    with _for_repair(file.path) as repaired:
        failpoint("audit/repair/before-truncate")
        repaired.truncate(end)
        os.fsync(repaired.fileno())
        failpoint("audit/repair/after-truncate")
    found.unfinished = rest


def _examine_line(line: bytes, kept: Head, found: Found) -> str:
    """Take the next entry; return what is wrong with it, or nothing."""
    number = found.head.count + 1
    try:
        entry, digest = decode_line(line)
    except NoEntry as error:
        return f"entry {number}: {error}"
    before = kept.hash if number == kept.count + 1 else found.head.hash or entry.prev
    if entry.n != number or entry.prev != before:
        return f"entry {number}: it does not follow from the entry before it"
    if number == kept.count and digest != kept.hash:
        return f"entry {number}: it is not the entry whose hash was kept"
    if number > kept.count:
        found.uncounted = (*found.uncounted, entry)
    found.head = Head(number, digest)
    return ""


def repair_entries(found: Found, at: float) -> list[AuditEntry]:
    """Return the entries that say what was found when the log was opened."""
    entries = []
    if found.damage:
        entries.append(AuditEntry(at=at, kind=AuditKind.DAMAGED, text=found.damage))
    if found.unfinished:
        text = f"an unfinished entry of {found.unfinished} bytes was removed"
        entries.append(AuditEntry(at=at, kind=AuditKind.RECOVERED, text=text))
    without = [entry.n for entry in found.uncounted if entry.kind in EFFECTS]
    if without:
        numbers = ", ".join(map(str, without[:20])) + (" …" if len(without) > 20 else "")
        text = f"these entries never took effect: {numbers}"
        entries.append(AuditEntry(at=at, kind=AuditKind.NOT_DONE, text=text, count=len(without)))
    return entries


def _for_repair(path: str) -> BufferedRandom:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW), "r+b")


def _hash_of(line: bytes) -> str:
    try:
        return decode_line(line)[1]
    except NoEntry:
        return ""


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
