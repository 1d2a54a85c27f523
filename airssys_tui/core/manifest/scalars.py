"""Single values of a manifest: checks type and bounds, or raises an error that names both sides."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from types import UnionType
from typing import Any, Final, TypeVar

from airssys_tui.core.limits import Bound
from airssys_tui.core.units import GIB, KIB, MIB, parse_duration, parse_size

_SHOWN: Final = 60
_BITS_64: Final = 2**63

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)
ItemT = TypeVar("ItemT")


class ExpectationError(ValueError):
    """A value is not what was expected; the message names both."""


def shown(value: Any) -> str:
    """Return a value as problems show it, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, int) and not -_BITS_64 <= value < _BITS_64:
        return "a number of more than 64 bits"
    text = repr(value) if isinstance(value, str | int | float) else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def read_text(value: Any) -> str:
    """Return text."""
    if not isinstance(value, str):
        raise ExpectationError(f"expected text in quotes, got {shown(value)}")
    return value


def read_some_text(value: Any) -> str:
    """Return non-empty text."""
    if value == "":
        raise ExpectationError("must not be empty")
    return read_text(value)


def read_boolean(value: Any) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        raise ExpectationError(f"expected true or false, got {shown(value)}")
    return value


def read_integer(value: Any) -> int:
    """Return a whole number of at most 64 bits."""
    if not _is_number(value, int):
        raise ExpectationError(f"expected a whole number, got {shown(value)}")
    return int(value)


def read_number(value: Any) -> float:
    """Return a number."""
    if not _is_number(value, int | float):
        raise ExpectationError(f"expected a number, got {shown(value)}")
    return float(value)


def read_size(value: Any) -> int:
    """Return bytes, from a number or text with a unit."""
    if not isinstance(value, str) and not _is_number(value, int):
        raise ExpectationError(f'expected a size such as "16MiB", got {shown(value)}')
    return parse_size(value)


def read_duration(value: Any) -> float:
    """Return seconds, from a number or text with a unit."""
    if not isinstance(value, str) and not _is_number(value, int | float):
        raise ExpectationError(f'expected a duration such as "250ms", got {shown(value)}')
    return parse_duration(value)


def _is_number(value: Any, kinds: type | UnionType) -> bool:
    # A boolean is an int in Python. TOML integers have 64 bits, but the parser returns any length.
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    number: Any = value
    return bool(abs(number) < _BITS_64)


def read_choice(value: Any, choices: type[ChoiceT]) -> ChoiceT:
    """Return a member of an enumeration."""
    words = {choice.value: choice for choice in choices}
    if not isinstance(value, str) or value not in words:
        raise ExpectationError(f"expected one of {', '.join(map(repr, words))}, got {shown(value)}")
    return words[value]


def within(value: ItemT, bound: Bound, write: Callable[[Any], str]) -> ItemT:
    """Return a value that is within its bounds; ``write`` formats it and them for the problem."""
    # The comparison is written so that it rejects NaN.
    if not bound.least <= value <= bound.most:  # type: ignore[operator]
        raise ExpectationError(f"{write(value)} is out of bounds: {write(bound.least)} to {write(bound.most)}")
    return value


def write_size(size: float) -> str:
    """Format bytes exactly, in the largest unit that divides them."""
    for factor, unit in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size and size % factor == 0:
            return f"{int(size // factor)} {unit}"
    return f"{int(size)} bytes"
