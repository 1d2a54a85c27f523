"""The options of sockets: read and set in the units of the component, within bounds.

A value past a bound is set to the bound, as systems do; only 0 is refused, because it means "the default" to some.
"""

from __future__ import annotations

import errno
import socket
import sys
from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.host.doors.network.sockets.socket_refusal import SocketFailure, SocketRefusal, failed

MOST_BUFFER: Final = 1024 * 1024
"""Bytes of a buffer that a component may ask for; the system has a bound of its own as well."""

_SECOND: Final = 1_000_000_000
_IDLE_TIME: Final[int] = getattr(socket, "TCP_KEEPIDLE", 0) or getattr(socket, "TCP_KEEPALIVE", 0)
_LONGEST: Final = 32_767
"""Seconds of idle time and interval: the largest that all systems take."""


class Option(StrEnum):
    """What can be set."""

    KEEP_ALIVE = "keep-alive-enabled"
    IDLE_TIME = "keep-alive-idle-time"
    INTERVAL = "keep-alive-interval"
    COUNT = "keep-alive-count"
    HOP_LIMIT = "hop-limit"
    RECEIVE_BUFFER = "receive-buffer-size"
    SEND_BUFFER = "send-buffer-size"


class _Setting(msgspec.Struct, frozen=True):
    """How the system has an option.

    Attributes:
        level: Of the protocol.
        name: Its number there.
        most: The largest value.
        unit: How much of the component's unit one of the system's is.
        doubled: Whether Linux keeps, and tells, twice what is set.
    """

    level: int
    name: int
    most: int
    unit: int = 1
    doubled: bool = False


_SETTINGS: Final = {
    Option.IDLE_TIME: _Setting(socket.IPPROTO_TCP, _IDLE_TIME, _LONGEST, _SECOND),
    Option.INTERVAL: _Setting(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _LONGEST, _SECOND),
    Option.COUNT: _Setting(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 127),
    Option.RECEIVE_BUFFER: _Setting(socket.SOL_SOCKET, socket.SO_RCVBUF, MOST_BUFFER, doubled=True),
    Option.SEND_BUFFER: _Setting(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST_BUFFER, doubled=True),
    Option.KEEP_ALIVE: _Setting(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
}
_HOPS: Final = {
    4: _Setting(socket.IPPROTO_IP, socket.IP_TTL, 255),
    6: _Setting(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255),
}


def read_option(opened: socket.socket, version: int, option: Option) -> int:
    """Return the value of an option, in nanoseconds, bytes, hops or times; 1 or 0 for on and off.

    Raises:
        SocketRefusal: ``not-supported`` or ``unknown``.
    """
    setting = _setting(version, option)
    try:
        value = opened.getsockopt(setting.level, setting.name)
    except OSError as error:
        raise failed(error, f"reading {option}") from error
    if setting.doubled and sys.platform == "linux":
        value //= 2
    return value * setting.unit


def set_option(opened: socket.socket, version: int, option: Option, value: int) -> None:
    """Set an option, as near as possible to a value.

    Raises:
        SocketRefusal: ``invalid-argument`` for 0, except for what is off then; ``not-supported`` or ``unknown``.
    """
    setting = _setting(version, option)
    if not value and option is not Option.KEEP_ALIVE:
        raise SocketRefusal(SocketFailure.INVALID_ARGUMENT, f"{option} cannot be 0")
    kept = min(-(-value // setting.unit), setting.most)
    try:
        opened.setsockopt(setting.level, setting.name, kept)
    except OSError as error:
        if error.errno != errno.ENOBUFS:  # BSD refuses a buffer that is too large; elsewhere it is made smaller
            raise failed(error, f"setting {option}") from error


def _setting(version: int, option: Option) -> _Setting:
    return _HOPS[version] if option is Option.HOP_LIMIT else _SETTINGS[option]
