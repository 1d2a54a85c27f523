"""Disk usage of a state directory, and the result of a garbage collection."""

from __future__ import annotations

import msgspec

from airssys_tui.core.text import GuestText


class DiskUse(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes on disk of a state directory by purpose, and the free bytes on its file system."""

    catalog: int
    blobs: int
    code: int
    states: int
    storage: int = 0
    messages: int = 0
    logs: int = 0
    free: int = 0
    reclaimable: int = 0


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """The items that a garbage collection deleted, or would delete.

    Attributes:
        dry: Whether this was a dry run, which deletes nothing.
        items: One line for each item, at most 200.
        revisions: Revisions whose code was deleted.
        states: Saved states that were deleted.
        rows: Number of deleted decisions and events.
        letters: Number of deleted dead letters.
        bytes: Bytes freed in total.
    """

    dry: bool
    items: tuple[GuestText, ...] = ()
    revisions: int = 0
    states: int = 0
    rows: int = 0
    letters: int = 0
    bytes: int = 0
