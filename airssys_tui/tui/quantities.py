"""Figures of meters as people read them."""

from __future__ import annotations


def format_ms(milliseconds: float) -> str:
    """Write milliseconds with as many digits as they deserve, without the unit."""
    if milliseconds < 0.1:
        return f"{milliseconds:.3f}"
    return f"{milliseconds:.2f}" if milliseconds < 10 else f"{milliseconds:.0f}"


def format_whole(count: float) -> str:
    """Write a count in full, its thousands apart: ``1 204``."""
    return f"{count:,.0f}".replace(",", " ")
