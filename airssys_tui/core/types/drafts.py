"""Drafts of WIT values: what was typed, valid or not.

:mod:`airssys_tui.core.types.form` creates and converts them.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

NOTHING: Final = "none"
SOMETHING: Final = "some"


class Typed(msgspec.Struct, frozen=True):
    """Text as typed: numbers, strings, characters, bytes, the number of an open resource handle."""

    text: str = ""


class Chosen(msgspec.Struct, frozen=True):
    """One choice among several names, with its payload; payloads of the other names are kept in case they return.

    Used for ``bool``, enums, variants, results and options (``none`` or ``some``).
    """

    name: str
    carried: dict[str, Draft] = {}


class Several(msgspec.Struct, frozen=True):
    """Any subset of several names: flags."""

    names: frozenset[str] = frozenset()


class Parts(msgspec.Struct, frozen=True):
    """Named parts in order: the fields of a record or the elements of a tuple (named by position)."""

    parts: dict[str, Draft]


class Items(msgspec.Struct, frozen=True):
    """The items of a list."""

    items: tuple[Draft, ...] = ()


Draft: TypeAlias = Typed | Chosen | Several | Parts | Items
