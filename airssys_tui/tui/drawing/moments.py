"""Times as people read them, in the local zone."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from airssys_tui.core.units import format_duration

DAY: Final = 20 * 3_600.0
"""Seconds within which the time of day alone tells when something was."""


def clock_text(at: float) -> str:
    """Return hours, minutes and seconds of a unix time in the local zone."""
    return f"{datetime.fromtimestamp(at).astimezone():%H:%M:%S}"


def day_text(at: float) -> str:
    """Return day and time of a unix time in eight cells, such as ``14 12:03``."""
    return f"{datetime.fromtimestamp(at).astimezone():%d %H:%M}"


def moment_text(at: float, now: float) -> str:
    """Return the time of day of a unix time within the last 20 hours, day and time of another, in eight cells."""
    return clock_text(at) if abs(now - at) < DAY else day_text(at)


def offset_text(at: float) -> str:
    """Return the offset of the local zone at a unix time, such as ``+02:00``."""
    text = f"{datetime.fromtimestamp(at).astimezone():%z}"
    return f"{text[:3]}:{text[3:]}"


def when_text(at: float, now: float) -> str:
    """Return hours and minutes of a time within the last 20 hours, the date of an older one."""
    moment = datetime.fromtimestamp(at).astimezone()
    return f"{moment:%H:%M}" if 0 <= now - at < DAY else f"{moment:%d %b}"


def ago_text(at: float, now: float) -> str:
    """Return how long ago a unix time was."""
    passed = now - at
    return "now" if passed < 1 else f"{format_duration(passed)} ago"
