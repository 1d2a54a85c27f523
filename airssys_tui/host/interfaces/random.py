"""``airssys:core-host/random``: random numbers from the operating system."""

from __future__ import annotations

import os
from typing import Final

from airssys_tui.core.errors import HostFault
from airssys_tui.core.types.interface import Function, Param
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.types import BYTES, U32, U64

MAX_BYTES: Final = 65_536


def _bytes(_context: HostContext, length: int) -> bytes:
    if length > MAX_BYTES:
        raise HostFault(f"random.bytes: {length} bytes requested; the limit is {MAX_BYTES}")
    return os.urandom(length)


def _next_u64(_context: HostContext) -> int:
    return int.from_bytes(os.urandom(8), "little")


INTERFACE: Final = HostInterface(
    "airssys:core-host/random@1.0.0",
    (
        HostFunction(Function("bytes", (Param("len", U32),), BYTES), _bytes),
        HostFunction(Function("next-u64", (), U64), _next_u64),
    ),
)
