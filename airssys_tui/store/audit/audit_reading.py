"""Reading the audit: in pages, and whole, to see whether it is what was written.

Files are named by the number of their first entry. A verification reads them in order, one line at a time, and stops at
the first entry that is not what was written: changed, removed, in the wrong place, or missing at the end, which only
the head that is kept in the catalog, or elsewhere, can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.capability.audit_entry import AuditEntry, Head
from airssys_tui.store.audit.audit_lines import MAX_LINE, NoEntry, decode_line
from airssys_tui.store.disk.durable import open_file
from airssys_tui.store.disk.faults import disk_faults

_NAME: Final = re.compile(r"(\d{12})\.jsonl")


MOST_FILES: Final = 8
"""Files that are read for one page of the newest entries."""


class AuditFile(msgspec.Struct, frozen=True, order=True):
    """A file of the audit, and the number of its first entry."""

    first: int
    path: str


class Fault(msgspec.Struct, frozen=True):
    """The first entry that is not what was written.

    Attributes:
        entry: Its number.
        what: What is wrong with it.
    """

    entry: int
    what: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification found.

    Attributes:
        head: The last entry that is what was written.
        fault: The first one that is not; None if all are.
        ahead: Entries after the head that the catalog keeps: written, and not taken effect when it was read.
        unfinished: Bytes at the end that are no whole entry, as a power failure leaves them.
    """

    head: Head
    fault: Fault | None = None
    ahead: int = 0
    unfinished: int = 0


class Line(msgspec.Struct, frozen=True):
    """A whole line: its bytes without the line break, and where it ends in its file."""

    data: bytes
    end: int


def audit_files(directory: Path) -> tuple[AuditFile, ...]:
    """Return the files of an audit, by their first entries; none if there is no audit."""
    with disk_faults("read the audit", directory):
        try:
            names = [entry.name for entry in directory.iterdir()]
        except FileNotFoundError:
            return ()
    found = [(match, name) for name in names if (match := _NAME.fullmatch(name)) is not None]
    return tuple(sorted(AuditFile(int(match.group(1)), str(directory / name)) for match, name in found))


def lines(file: BufferedReader) -> Iterator[Line]:
    """Yield the whole lines of a file; stop before a line that has no end or is too long."""
    end = 0
    while (line := file.readline(MAX_LINE)).endswith(b"\n"):
        end += len(line)
        yield Line(line[:-1], end)


class _Walk:
    """A walk along the chain."""

    def __init__(self, base: Head, marks: Sequence[Head]) -> None:
        self.head = base
        self._marks = marks

    def take(self, line: bytes) -> str:
        """Take the next line; return what is wrong with it, or nothing."""
        number = self.head.count + 1
        try:
            entry, digest = decode_line(line)
        except NoEntry as error:
            return str(error)
        if entry.n != number:
            return f"it is missing: entry {entry.n} is in its place"
        if entry.prev != self.head.hash:
            return "it does not follow from the entry before it"
        if any(mark.count == number and mark.hash != digest for mark in self._marks):
            return "it is not the entry whose hash was kept"
        self.head = Head(number, digest)
        return ""


def verify_audit(
    directory: Path, kept: Head, *, base: Head | None = None, elsewhere: Head | None = None
) -> Verification:
    """Compare a whole audit with what was written, in constant memory.

    Args:
        directory: The directory of the audit.
        kept: The head that the catalog keeps, read before the files.
        base: The last entry that was removed for space.
        elsewhere: A head that was kept elsewhere.

    Raises:
        StoreError: If a file cannot be read.
    """
    heads = [head for head in (kept, elsewhere) if head is not None]
    walk = _Walk(base or Head(), heads)
    files = [file for file in audit_files(directory) if file.first > walk.head.count]
    unfinished = 0
    for number, file in enumerate(files):
        fault = _wrong_file(file, walk.head)
        if not fault:
            fault, unfinished = _walk_file(file, walk, last=number == len(files) - 1)
        if fault:
            return Verification(head=walk.head, fault=Fault(walk.head.count + 1, fault))
    count = walk.head.count
    most = max(head.count for head in heads)
    if count < most:
        what = f"it is missing: {most} entries were written"
        return Verification(head=walk.head, fault=Fault(count + 1, what), unfinished=unfinished)
    return Verification(head=walk.head, ahead=count - kept.count, unfinished=unfinished)


def _wrong_file(file: AuditFile, head: Head) -> str:
    if file.first == head.count + 1:
        return ""
    return f"it is missing: the next file begins with entry {file.first}"


def _walk_file(file: AuditFile, walk: _Walk, *, last: bool) -> tuple[str, int]:
    """Walk along one file; return what is wrong with the next entry, and the bytes of an unfinished one at the end."""
    with disk_faults("read the audit", file.path), open_file(file.path) as opened:
        end = 0
        for line in lines(opened):
            wrong = walk.take(line.data)
            if wrong:
                return wrong, 0
            end = line.end
        opened.seek(0, 2)
        rest = opened.tell() - end
    if rest and (not last or rest >= MAX_LINE):
        return "it is unfinished, and others follow" if not last else "it is no entry", 0
    return "", rest


def audit_page(directory: Path, *, after: int = 0, limit: int = 200) -> tuple[AuditEntry, ...]:
    """Return entries after a number, oldest first; lines that are no entries are left out.

    Args:
        directory: The directory of the audit.
        after: The number of the last entry that is known.
        limit: Entries at most.

    Raises:
        StoreError: If a file cannot be read.
    """
    files = audit_files(directory)
    begins = [place for place, file in enumerate(files) if file.first <= after + 1]
    found: list[AuditEntry] = []
    for file in files[begins[-1] if begins else 0 :]:
        for entry in _entries(file):
            if entry.n > after:
                found.append(entry)
            if len(found) >= limit:
                return tuple(found)
    return tuple(found)


class Tail(msgspec.Struct, frozen=True):
    """The newest entries of an audit.

    Attributes:
        entries: Newest first.
        since: The lowest number that was looked at.
    """

    entries: tuple[AuditEntry, ...]
    since: int = 1


def audit_tail(directory: Path, *, component: str | None = None, before: int | None = None, limit: int = 200) -> Tail:
    """Return the newest entries. At most :data:`MOST_FILES` files are read.

    Args:
        directory: The directory of the audit.
        component: Only entries about this component.
        before: Only entries with a lower number.
        limit: Entries at most.

    Raises:
        StoreError: If a file cannot be read.
    """
    files = [file for file in audit_files(directory) if before is None or file.first < before]
    found: list[AuditEntry] = []
    for file in reversed(files[-MOST_FILES:]):
        fitting = [
            entry
            for entry in _entries(file)
            if component in {None, entry.component} and (before is None or entry.n < before)
        ]
        room = limit - len(found)
        found.extend(reversed(fitting[-room:]))
        if len(found) >= limit:
            return Tail(tuple(found), found[-1].n)
    return Tail(tuple(found), files[-MOST_FILES:][0].first if files else 1)


def _entries(file: AuditFile) -> Iterator[AuditEntry]:
    with disk_faults("read the audit", file.path), open_file(file.path) as opened:
        for line in lines(opened):
            try:
                yield decode_line(line.data)[0]
            except NoEntry:
                continue
