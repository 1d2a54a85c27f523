"""``airssys:core-host/clock``: reading the time and sleeping."""

from __future__ import annotations

import time
from typing import Any, Final

from airssys_tui.core.types.interface import Function, Param
from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.engine.call_ends import CallCancelled
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import TIMESTAMP, U32, U64, UNIT_OR_ERROR

MAX_SLEEP_MS: Final = 60_000
_START_NS: Final = time.monotonic_ns()


def _now(_context: HostContext) -> dict[str, int]:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return {"seconds": seconds, "nanoseconds": nanoseconds}


def _monotonic_ns(_context: HostContext) -> int:
    return time.monotonic_ns() - _START_NS


def _sleep_ms(context: HostContext, milliseconds: int) -> Any:
    if milliseconds > MAX_SLEEP_MS:
        return _error("invalid-input", f"the sleep is {milliseconds} ms; the limit is {MAX_SLEEP_MS} ms")
    left = context.remaining()
    if milliseconds / 1000 > left:
        return _error("timeout", f"the call's deadline is in {left * 1000:.0f} ms")
    tenant: Tenant = context.owner
    due = Waitable(due_ns=time.perf_counter_ns() + milliseconds * 1_000_000)
    try:
        context.wait((due,), tenant.waiting)
    except CallCancelled:
        return _error("cancelled", "the call was cancelled")
    return Ok(None)


def _error(case: str, text: str) -> Err:
    return Err(Variant(case, text))


INTERFACE: Final = HostInterface(
    "airssys:core-host/clock@1.0.0",
    (
        HostFunction(Function("now", (), TIMESTAMP), _now),
        HostFunction(Function("monotonic-ns", (), U64), _monotonic_ns),
        HostFunction(Function("sleep-ms", (Param("ms", U32),), UNIT_OR_ERROR), _sleep_ms),
    ),
)
