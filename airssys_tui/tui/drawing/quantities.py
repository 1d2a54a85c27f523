"""Figures of meters as people read them."""

from __future__ import annotations

from airssys_tui.core.units import format_duration


def format_ms(milliseconds: float) -> str:
    """Write milliseconds without the unit: three decimals below 0.1, two below 10, none from there on."""
    if milliseconds < 0.1:
        return f"{milliseconds:.3f}"
    return f"{milliseconds:.2f}" if milliseconds < 10 else f"{milliseconds:.0f}"


def format_whole(count: float) -> str:
    """Write a count in full, with thousands separated: ``1 204``."""
    return f"{count:,.0f}".replace(",", " ")


def until_text(seconds: float) -> str:
    """Write the time until something happens, in whole seconds below a minute."""
    return f"{max(1, round(seconds))}s" if seconds < 59.5 else format_duration(seconds)


def uptime_text(seconds: float) -> str:
    """Write an uptime in seconds, from a minute on in minutes, so that a row at rest is painted once a minute."""
    if seconds < 60:
        return f"{int(seconds)}s"
    return f"{int(seconds // 60)}m" if seconds < 3600 else format_duration(seconds)
