"""Header fields and trailer fields: names, values, their order, and what may not be written (RFC 9110, section 5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from airssys_tui.core.errors import AirssysError, HostFault

MOST_FIELDS: Final = 256
"""Lines of one set of fields."""

MOST_BYTES: Final = 64 * 1024
"""Bytes of all its names and values."""

LINE_BYTES: Final = 200
"""Bytes of memory for a line besides its name and value."""

FORBIDDEN: Final = frozenset(
    {
        "connection",
        "host",
        "http2-settings",
        "keep-alive",
        "transfer-encoding",
        "upgrade",
    }
)
"""Fields about the connection and the framing, which are the host's; so are all that start with ``proxy-``."""

_NAME: Final = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+\Z")
_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
_DIGITS: Final = re.compile(rb"[0-9]{1,18}\Z")

Entry = tuple[str, bytes]
"""A name as it was written, and a value."""


class FieldFault(StrEnum):
    """Why fields were not changed: the cases of ``header-error`` in ``wasi:http/types``."""

    INVALID_SYNTAX = "invalid-syntax"
    FORBIDDEN = "forbidden"
    IMMUTABLE = "immutable"


class FieldRefusal(AirssysError):
    """Fields were not changed; carries why. It never leaves the host."""

    title = "HTTP fields"

    def __init__(self, fault: FieldFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class FieldsFull(HostFault):
    """A component wrote more fields than one set may have: no function has an error for that."""

    title = "too many HTTP fields"


class Fields:
    """Names and values in order. A name is found in any case, and returned as it was written.

    Args:
        entries: Names and values that were checked.
        frozen: Whether they may not be changed.

    Raises:
        FieldsFull: Past :data:`MOST_FIELDS` or :data:`MOST_BYTES`, as from every method that adds.
    """

    __slots__ = ("_entries", "_frozen", "_size")

    def __init__(self, entries: Iterable[Entry] = (), *, frozen: bool = False) -> None:
        self._entries: list[Entry] = list(entries)
        self._size = _size_of(self._entries)
        self._frozen = frozen
        self._check_room(0, 0)

    @classmethod
    def written(cls, entries: Iterable[Entry]) -> Fields:
        """Return fields that a component writes; they may be changed.

        Raises:
            FieldRefusal: ``invalid-syntax`` or ``forbidden``.
        """
        made = list(entries)
        for name, value in made:
            _check(name, (value,))
        return cls(made)

    @classmethod
    def received(cls, entries: Iterable[Entry]) -> Fields:
        """Return fields that came from elsewhere, without those that a component may not write; they stay as they are.

        So what was received can be passed on as it is.
        """
        return cls((entry for entry in entries if not forbidden(entry[0])), frozen=True)

    @property
    def size(self) -> int:
        """Bytes of all names and values."""
        return self._size

    @property
    def kept(self) -> int:
        """Bytes of memory for them, about."""
        return self._size + LINE_BYTES * len(self._entries)

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self._entries)

    def freeze(self) -> Fields:
        """Let nobody change them any more; return them."""
        self._frozen = True
        return self

    def clone(self) -> Fields:
        """Return a copy that may be changed."""
        return Fields(self._entries)

    def entries(self) -> Sequence[Entry]:
        """Return all names and values in order."""
        return self._entries

    def get(self, name: str) -> list[bytes]:
        """Return all values of a name."""
        wanted = name.lower()
        return [value for written, value in self._entries if written.lower() == wanted]

    def has(self, name: str) -> bool:
        """Return whether a name is there."""
        wanted = name.lower()
        return any(written.lower() == wanted for written, _ in self._entries)

    def append(self, name: str, value: bytes) -> None:
        """Add a value.

        Raises:
            FieldRefusal: ``immutable``, ``invalid-syntax`` or ``forbidden``.
        """
        self._check_change(name, (value,))
        added = _size_of(((name, value),))
        self._check_room(1, added)
        self._entries.append((name, value))
        self._size += added

    def set(self, name: str, values: Sequence[bytes]) -> None:
        """Put values in place of all that a name has, at the place of the first one.

        Raises:
            FieldRefusal: ``immutable``, ``invalid-syntax`` or ``forbidden``.
        """
        self._check_change(name, values)
        wanted, added = name.lower(), [(name, value) for value in values]
        places = [place for place, (written, _) in enumerate(self._entries) if written.lower() == wanted]
        first = places[0] if places else len(self._entries)
        left = [entry for entry in self._entries if entry[0].lower() != wanted]
        self._replace([*left[:first], *added, *left[first:]])

    def delete(self, name: str) -> None:
        """Remove all values of a name.

        Raises:
            FieldRefusal: ``immutable``, ``invalid-syntax`` or ``forbidden``.
        """
        self._check_change(name, ())
        wanted = name.lower()
        self._replace([entry for entry in self._entries if entry[0].lower() != wanted])

    def _replace(self, entries: list[Entry]) -> None:
        size = _size_of(entries)
        self._check_room(len(entries) - len(self._entries), size - self._size)
        self._entries, self._size = entries, size

    def _check_change(self, name: str, values: Sequence[bytes]) -> None:
        if self._frozen:
            raise FieldRefusal(FieldFault.IMMUTABLE)
        _check(name, values)

    def _check_room(self, lines: int, size: int) -> None:
        if len(self._entries) + lines > MOST_FIELDS or self._size + size > MOST_BYTES:
            raise FieldsFull(f"fields have at most {MOST_FIELDS} lines and {MOST_BYTES} bytes")


def forbidden(name: str) -> bool:
    """Return whether a component may not write a field."""
    lower = name.lower()
    return lower in FORBIDDEN or lower.startswith("proxy-")


def content_length(fields: Fields) -> int | None:
    """Return the length of a body that its fields tell; None if they tell none.

    Raises:
        FieldRefusal: ``invalid-syntax`` if it is no number, or there is more than one.
    """
    found = fields.get("content-length")
    if not found:
        return None
    if len(found) > 1 or not _DIGITS.match(found[0].strip(b" \t")):
        raise FieldRefusal(FieldFault.INVALID_SYNTAX)
    return int(found[0])


def is_token(text: str) -> bool:
    """Return whether a text may be the name of a field or a method (RFC 9110, section 5.6.2)."""
    return _NAME.match(text) is not None


def _check(name: str, values: Sequence[bytes]) -> None:
    if not _NAME.match(name) or not all(_VALUE.match(value) for value in values):
        raise FieldRefusal(FieldFault.INVALID_SYNTAX)
    if forbidden(name):
        raise FieldRefusal(FieldFault.FORBIDDEN)


def _size_of(entries: Iterable[Entry]) -> int:
    return sum(len(name) + len(value) for name, value in entries)
