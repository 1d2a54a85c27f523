"""How long the parts of an exchange with a web server may take: what the component says, within bounds."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.host.doors.exchange.http_messages import RequestTimes

_SECOND: Final = 1_000_000_000
MOST_CONNECT_NS: Final = 60 * _SECOND
"""Nanoseconds until a connection has to stand, whatever the component lets it take; half of it if it does not say."""

MOST_SILENCE_NS: Final = 300 * _SECOND
"""Nanoseconds that a server may be silent, whatever the component lets it be."""

SILENCE_NS: Final = 60 * _SECOND
"""Nanoseconds that it may be silent if the component does not say."""


class ExchangeTimes(msgspec.Struct, frozen=True):
    """How long the parts of an exchange may take, in nanoseconds.

    Attributes:
        connect: Until the connection stands.
        first_byte: From then on, or from the last byte sent, until the head of the response is here.
        between_bytes: From any byte of its body to the next one.
    """

    connect: int
    first_byte: int
    between_bytes: int


def bounded(times: RequestTimes | None) -> ExchangeTimes:
    """Return what a component lets the parts take, within the bounds of the host."""
    asked = times or RequestTimes()

    def time(value: int | None, default: int, most: int) -> int:
        return default if value is None else min(value, most)

    return ExchangeTimes(
        time(asked.connect, MOST_CONNECT_NS // 2, MOST_CONNECT_NS),
        time(asked.first_byte, SILENCE_NS, MOST_SILENCE_NS),
        time(asked.between_bytes, SILENCE_NS, MOST_SILENCE_NS),
    )
