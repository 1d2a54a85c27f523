"""``wasi:random``: random numbers from the operating system, the insecure ones too."""

from __future__ import annotations

import os
from typing import Final

from airssys_tui.core.errors import HostFault
from airssys_tui.core.units import MIB
from airssys_tui.engine.host import HostContext
from airssys_tui.host.wasi.wasi_types import wasi_interface

MOST_RANDOM: Final = MIB
"""Bytes of one call; no fewer than were asked for may be given, so more trap."""


def _bytes(context: HostContext, length: int) -> bytes:
    if length > MOST_RANDOM:
        raise HostFault(f"{length} random bytes requested; the limit is {MOST_RANDOM}")
    context.charge_bytes(length)
    return os.urandom(length)


def _number(context: HostContext) -> int:
    context.charge_bytes(8)
    return int.from_bytes(os.urandom(8), "little")


def _seed(context: HostContext) -> tuple[int, int]:
    return _number(context), _number(context)


RANDOM: Final = wasi_interface("random/random", {"get-random-bytes": _bytes, "get-random-u64": _number})
INSECURE: Final = wasi_interface(
    "random/insecure", {"get-insecure-random-bytes": _bytes, "get-insecure-random-u64": _number}
)
INSECURE_SEED: Final = wasi_interface("random/insecure-seed", {"insecure-seed": _seed})

INTERFACES: Final = (RANDOM, INSECURE, INSECURE_SEED)
"""The interfaces of the package."""
