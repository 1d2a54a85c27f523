"""How long a thread of Python keeps the interpreter's lock when others want it, while a runtime is open.

Every call into a guest lets go of the lock and has to get it back: beside one thread of pure Python that means waiting
for a whole interval per call. CPython's 5 ms cut 60 000 messages a second to between 4 000 and 7 000; half a
millisecond leaves 19 000 and costs nothing when nobody is busy (``python -m benchmarks convoy``). Shorter ones gain no
more.
"""

from __future__ import annotations

import sys
import threading
from typing import Final

INTERVAL: Final = 0.0005
"""Seconds."""

_lock = threading.Lock()
_open: list[float] = []
"""What was set before the first of the runtimes that are open, once for each of them."""


def claim() -> None:
    """Shorten the interval, unless it is shorter already; each claim is given back by :func:`release`."""
    with _lock:
        before = _open[0] if _open else sys.getswitchinterval()
        _open.append(before)
        sys.setswitchinterval(min(INTERVAL, before))


def release() -> None:
    """Give one claim back; with the last one, the interval is what it was."""
    with _lock:
        before = _open.pop()
        if not _open:
            sys.setswitchinterval(before)
