"""``wasi:clocks``: the time of day, and a time to measure and to wait with."""

from __future__ import annotations

from time import perf_counter_ns, time_ns
from typing import Any, Final

from airssys_tui.engine.host import HostContext
from airssys_tui.host.wasi.charged_calls import charged
from airssys_tui.host.wasi.pollable import Moment
from airssys_tui.host.wasi.wasi_types import wasi_interface

START_NS: Final = perf_counter_ns()
"""Instants are counted from here: how long the machine runs is no component's business."""

_RESOLUTION_NS: Final = 1


def _now(_context: HostContext) -> int:
    return perf_counter_ns() - START_NS


def _resolution(_context: HostContext) -> int:
    return _RESOLUTION_NS


def _subscribe_instant(_context: HostContext, when: int) -> Moment:
    return Moment(START_NS + when)


def _subscribe_duration(_context: HostContext, length: int) -> Moment:
    return Moment(perf_counter_ns() + length)


def _datetime(nanoseconds: int) -> dict[str, int]:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return {"seconds": seconds, "nanoseconds": rest}


def _time_of_day(_context: HostContext) -> dict[str, int]:
    return _datetime(max(0, time_ns()))


def _day_resolution(_context: HostContext) -> dict[str, int]:
    return _datetime(_RESOLUTION_NS)


def _display(_context: HostContext, _when: dict[str, int]) -> dict[str, Any]:
    return {"utc-offset": 0, "name": "UTC", "in-daylight-saving-time": False}


def _utc_offset(_context: HostContext, _when: dict[str, int]) -> int:
    return 0


MONOTONIC_CLOCK: Final = wasi_interface(
    "clocks/monotonic-clock",
    {
        "now": _now,
        "resolution": _resolution,
        "subscribe-instant": charged(_subscribe_instant),
        "subscribe-duration": charged(_subscribe_duration),
    },
)
WALL_CLOCK: Final = wasi_interface("clocks/wall-clock", {"now": _time_of_day, "resolution": _day_resolution})
TIMEZONE: Final = wasi_interface("clocks/timezone", {"display": _display, "utc-offset": _utc_offset})
"""Always UTC, as for a host that does not tell its own: where the machine is, is no component's business either."""

INTERFACES: Final = (MONOTONIC_CLOCK, WALL_CLOCK, TIMEZONE)
"""The interfaces of the package."""
