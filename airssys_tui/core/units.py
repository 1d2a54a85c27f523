"""Quantities with units: parsing and formatting of binary sizes (KiB), seconds and counts."""

from __future__ import annotations

import re
from typing import Final

from airssys_tui.core.errors import QuantityError

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

MAX_SECONDS: Final = 1e12
"""Maximum duration accepted, in seconds."""

MAX_TEXT: Final = 64
"""Maximum length of a size or duration as text, in characters."""

_SIZE_UNITS: Final = {"": 1, "b": 1, "kib": KIB, "mib": MIB, "gib": GIB, "kb": 1000, "mb": 10**6, "gb": 10**9}
_TIME_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE: Final = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)\s*([a-zA-Z]*)\Z")
_TIME: Final = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)\s*(us|ms|s|m|h|d)")


def parse_size(value: str | int) -> int:
    """Parse a size in bytes: an integer, or text such as ``"16MiB"``, ``"64 KiB"``, ``"1GB"``.

    Raises:
        QuantityError: If the value is not a size.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise QuantityError("a size cannot be negative")
        return value
    match = _SIZE.match(value.strip()) if isinstance(value, str) and len(value) <= MAX_TEXT else None
    unit = _SIZE_UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise QuantityError(f"{value!r} is not a size", remedy='write it as "64KiB", "16MiB" or "1GiB"')
    return int(float(match[1]) * unit) if "." in match[1] else int(match[1]) * unit


def parse_duration(value: str | float) -> float:
    """Parse a duration in seconds: a number of seconds, or text such as ``"250ms"``, ``"1s"``, ``"1h30m"``.

    Raises:
        QuantityError: If the value is not a duration, or is negative.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value <= MAX_SECONDS:
            raise QuantityError(f"a duration must be 0 to {MAX_SECONDS:g} seconds")
        return float(value)
    text = value.strip() if isinstance(value, str) and len(value) <= MAX_TEXT else ""
    parts = _TIME.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        raise QuantityError(f"{value!r} is not a duration", remedy='write it as "250ms", "1s" or "1h30m"')
    seconds = sum(float(number) * _TIME_UNITS[unit] for number, unit in parts)
    if seconds > MAX_SECONDS:
        raise QuantityError(f"a duration must be 0 to {MAX_SECONDS:g} seconds")
    return seconds


def format_size(size: float) -> str:
    """Format bytes in at most five characters: ``41B``, ``2.1M``, ``1.1G``."""
    for factor, unit in ((GIB, "G"), (MIB, "M"), (KIB, "K")):
        if size >= factor * 0.9995:
            return _three_digits(size / factor) + unit
    return f"{int(size)}B"


def format_count(count: float) -> str:
    """Format a count in at most five characters: ``412``, ``88k``, ``1.2M``, ``3.4G``."""
    for factor, unit in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= factor * 0.9995:
            return _three_digits(count / factor) + unit
    return f"{count:.0f}" if count >= 10 or count == int(count) else f"{count:.1f}"


def format_duration(seconds: float) -> str:
    """Format a duration with at most two units: ``0.4ms``, ``12ms``, ``3.2s``, ``2h14m``, ``1d03h``."""
    # At each threshold, rounding would give the next form one digit more.
    if seconds < 0.00995:
        return f"{seconds * 1000:.1f}ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    if seconds < 59.5:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days}d{hours_left:02d}h"
    return f"{hours}h{minutes_left:02d}m" if hours else f"{minutes}m{rest:02d}s"


def format_call_time(seconds: float) -> str:
    """Format the duration of a call: like :func:`format_duration`, but in microseconds below half a millisecond."""
    return f"{seconds * 1e6:.0f}us" if seconds < 0.0005 else format_duration(seconds)


def _three_digits(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
