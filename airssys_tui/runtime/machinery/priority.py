"""The priority of threads: one whose call takes long makes way for those whose calls are short."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Final

STEP: Final = 10
"""Nice levels that a thread goes down: about a tenth of the share of a core, when others want it."""


def lower(thread: int) -> None:
    """Lower the priority of a thread of this process, where the system knows priorities of threads.

    It cannot be raised again without privileges, so the thread should end with its call.

    Args:
        thread: Its native id.
    """
    if sys.platform != "linux":
        return  # elsewhere a priority belongs to the whole process
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + STEP))
