"""Reading a directory page by page, in the order of the names' bytes.

The system gives names in no order, so a page of sorted ones takes a look at all. What was read is kept for the next
page: the names after the last one that was given, :data:`KEPT_NAMES` of them at most. So a directory of up to that many
names is read once for all its pages, and a larger one once for each so many. A cursor says after which name to go on,
and so it holds when what was kept is gone.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_ENTRY, Call, go_on
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal

MAX_LIMIT: Final = 1_000
"""Names in a page."""

KEPT_NAMES: Final = 65_536
"""Names that are kept of a directory for its next pages."""

KEPT_LISTINGS: Final = 2
"""Directories of which something is kept, for one instance."""

_CURSOR: Final = re.compile(r"([0-9]{1,18}):((?:[0-9a-f]{2}){1,255})\Z")
_PIECE: Final = 1_024


class FileKind(StrEnum):
    """What is at a path."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


class Page(msgspec.Struct, frozen=True):
    """A piece of a directory.

    Attributes:
        entries: Names with what they stand for, links not followed.
        next: Where the next page begins; None at the end.
        skipped: How many names were left out because they are not valid text.
    """

    entries: tuple[tuple[str, FileKind], ...]
    next: str | None
    skipped: int


class _Listing(msgspec.Struct, frozen=True):
    """What was read of a directory: sorted names, and whether there are more after them."""

    identity: tuple[int, int]
    names: list[bytes]
    kinds: dict[bytes, FileKind]
    whole: bool


class Listings:
    """What is kept of the directories that an instance pages through."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, _Listing] = OrderedDict()
        self._serial = 0

    def page(self, call: Call, directory: int, cursor: str | None, limit: int) -> Page:
        """Return a page of a directory.

        Args:
            call: Is charged for each name that is read.
            directory: A descriptor of it, open to read.
            cursor: What the page before said; None for the first.
            limit: Names in it, 1 to :data:`MAX_LIMIT`.

        Raises:
            FileRefusal: ``invalid-input`` for a limit out of bounds or a cursor that no page said.
            OSError: If it cannot be read.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise FileRefusal("invalid-input", f"the limit is {limit}; 1 to {MAX_LIMIT} are possible")
        serial, after = _read(cursor)
        status = os.fstat(directory)
        identity = status.st_dev, status.st_ino
        listing = self._kept.pop(serial, None)
        if listing is None or listing.identity != identity:
            listing = _scan(call, directory, identity, after)
        return self._cut(listing, after, limit)

    def _cut(self, listing: _Listing, after: bytes, limit: int) -> Page:
        names = listing.names
        entries: list[tuple[str, FileKind]] = []
        at = start = bisect_right(names, after)
        while at < len(names):
            text = _text(names[at])
            if text is not None:
                if len(entries) == limit:
                    break
                entries.append((text, listing.kinds[names[at]]))
            at += 1
        skipped = at - start - len(entries)
        if at == len(names) and listing.whole:
            return Page(tuple(entries), None, skipped)
        last = names[at - 1]
        if at == len(names):
            return Page(tuple(entries), f"0:{last.hex()}", skipped)
        self._serial += 1
        self._kept[self._serial] = listing
        if len(self._kept) > KEPT_LISTINGS:
            self._kept.popitem(last=False)
        return Page(tuple(entries), f"{self._serial}:{last.hex()}", skipped)


def names_in(call: Call, directory: int) -> Iterator[tuple[bytes, FileKind]]:
    """Read the names in a directory, in no order, with what they stand for; the call is charged for each.

    Raises:
        FileRefusal: ``failed`` if the call has to end.
        OSError: If it cannot be read.
    """
    with os.scandir(directory) as found:
        for number, entry in enumerate(found):
            if number % _PIECE == 0:
                go_on(call)
            call.charge(FUEL_PER_ENTRY)
            yield os.fsencode(entry.name), _kind(entry)


def _scan(call: Call, directory: int, identity: tuple[int, int], after: bytes) -> _Listing:
    kinds: dict[bytes, FileKind] = {}
    whole = True
    for name, kind in names_in(call, directory):
        if name > after:
            kinds[name] = kind
        if len(kinds) >= 2 * KEPT_NAMES:
            kinds, whole = _first(kinds.items()), False
    if len(kinds) > KEPT_NAMES:
        kinds, whole = _first(kinds.items()), False
    return _Listing(identity, sorted(kinds), kinds, whole)


def _first(found: Iterable[tuple[bytes, FileKind]]) -> dict[bytes, FileKind]:
    return dict(sorted(found)[:KEPT_NAMES])


def _kind(entry: os.DirEntry[str]) -> FileKind:
    try:
        if entry.is_symlink():
            return FileKind.LINK
        if entry.is_dir(follow_symlinks=False):
            return FileKind.DIRECTORY
        return FileKind.FILE if entry.is_file(follow_symlinks=False) else FileKind.OTHER
    except OSError:  # the kind is not in the directory, and the entry cannot be looked at
        return FileKind.OTHER


def _text(name: bytes) -> str | None:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return None


def _read(cursor: str | None) -> tuple[int, bytes]:
    if cursor is None:
        return 0, b""
    read = _CURSOR.match(cursor)
    if read is None:
        raise FileRefusal("invalid-input", "no page of a directory said this cursor")
    return int(read[1]), bytes.fromhex(read[2])
