"""What the state takes on disk, and what collecting it frees."""

from __future__ import annotations

import msgspec

from airssys_tui.core.text import GuestText


class DiskUse(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes on disk of a state directory, by what they are for, and what is free on its file system."""

    catalog: int
    blobs: int
    code: int
    states: int
    storage: int = 0
    logs: int = 0
    free: int = 0
    reclaimable: int = 0


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What a collection took away, or would take.

    Attributes:
        dry: Whether nothing was done.
        items: One line per thing, at most 200.
        revisions: Revisions whose code is no longer kept.
        states: Snapshots.
        rows: Recorded decisions and events.
        bytes: Freed altogether.
    """

    dry: bool
    items: tuple[GuestText, ...] = ()
    revisions: int = 0
    states: int = 0
    rows: int = 0
    bytes: int = 0
