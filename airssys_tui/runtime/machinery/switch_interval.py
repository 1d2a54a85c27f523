"""The switch interval of the interpreter while a runtime is open: how long a thread may keep the GIL.

Every call into a guest releases the GIL and has to get it back. Next to one busy thread of pure Python, each call waits
for a whole interval: CPython's 5 ms cut 60 000 messages a second to between 4 000 and 7 000. Half a millisecond leaves
19 000, and costs nothing while no thread is busy (``python -m benchmarks convoy``). Shorter intervals gain no more.
"""

from __future__ import annotations

import sys
import threading
from typing import Final

INTERVAL: Final = 0.0005
"""Seconds."""

_lock = threading.Lock()
_open: list[float] = []
"""The interval from before the first open runtime, once for each open runtime."""


def claim() -> None:
    """Shorten the interval, unless it is already shorter; each claim needs one :func:`release`."""
    with _lock:
        before = _open[0] if _open else sys.getswitchinterval()
        _open.append(before)
        sys.setswitchinterval(min(INTERVAL, before))


def release() -> None:
    """Release one claim; the last one restores the interval."""
    with _lock:
        before = _open.pop()
        if not _open:
            sys.setswitchinterval(before)
