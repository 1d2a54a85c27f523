"""The forms in which sections of components and core modules are written."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from airssys_tui.engine.function_pruning import leb128


class Edit(msgspec.Struct, frozen=True):
    """Bytes that take the place of those from one offset of a file to another."""

    start: int
    end: int
    data: bytes


def section(kind: int, content: bytes) -> bytes:
    """Return a section."""
    return bytes((kind,)) + sized(content)


def vector(items: Sequence[bytes]) -> bytes:
    """Return items with their number before them."""
    return leb128(len(items)) + b"".join(items)


def sized(content: bytes) -> bytes:
    """Return bytes with their number before them."""
    return leb128(len(content)) + content


def text(name: str) -> bytes:
    """Return a name."""
    return sized(name.encode())
