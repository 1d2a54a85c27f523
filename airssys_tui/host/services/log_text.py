"""What a guest may write into one line of its log: at which level, how long, and with how many fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airssys_tui.core.events import Level

LEVELS: Final = {
    "trace": Level.DEBUG,
    "debug": Level.DEBUG,
    "info": Level.INFO,
    "warn": Level.WARNING,
    "error": Level.ERROR,
    "critical": Level.ERROR,
}
"""The level in the log for each that an interface has."""

MAX_MESSAGE: Final = 1_000
"""Characters of a message; a longer one ends with how many are left out."""

MAX_FIELDS: Final = 32
MAX_FIELD: Final = 200
"""Characters of the name of a field, and of its value."""


def bounded_message(text: str) -> str:
    """Return a message within :data:`MAX_MESSAGE`."""
    return _cut(text, MAX_MESSAGE)


def bounded_fields(fields: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return fields within :data:`MAX_FIELDS` and :data:`MAX_FIELD`; one more says how many are left out."""
    kept = [(_cut(key, MAX_FIELD), _cut(value, MAX_FIELD)) for key, value in fields[:MAX_FIELDS]]
    if len(fields) > MAX_FIELDS:
        kept.append(("…", f"+{len(fields) - MAX_FIELDS} fields"))
    return kept


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…[+{len(text) - most}]"
