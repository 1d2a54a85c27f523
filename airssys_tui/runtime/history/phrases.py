"""Numbers, lists and revisions as they stand in a sentence."""

from __future__ import annotations

from airssys_tui.core.revision import Revision
from airssys_tui.core.units import format_duration


def in_milliseconds(milliseconds: float) -> str:
    """Return a time given in milliseconds."""
    return format_duration(milliseconds / 1000.0)


def count_of(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun; the plural has an `s` if it is not given."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def times(count: int) -> str:
    """Return how often something happened."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def listed(words: list[str]) -> str:
    """Return words with commas and an `and`."""
    return ", ".join(words[:-1]) + f" and {words[-1]}" if len(words) > 1 else "".join(words)


def label_of(record: Revision) -> str:
    """Return the number of a revision, and its version if it has one."""
    return f"r{record.number} ({record.version})" if record.version else f"r{record.number}"
