"""Which threads of callers may run guest code themselves, instead of handing it to a worker and waiting.

Going to a worker and back takes two changes of thread, ten times as long as a short call. But a worker has what another
thread may lack, so a thread runs guests only if

* its stack is as deep as the system's standard of 8 MiB (guests recurse, and a stack that ends kills the process);
* it is not the main thread: a signal handler that raises, such as the one of Ctrl-C, would raise inside of a guest's
  call, where it ends the guest instead of the wait;
* it does not run a guest already: a call from within another one goes across threads, so stacks do not add up.

Where the depth of a stack cannot be asked for, no thread of a caller runs guests.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import Final

LEAST_STACK: Final = 8 * 1024 * 1024
"""Bytes of stack of a thread that may run guests."""

_ATTRIBUTES: Final = 256
"""Bytes for a ``pthread_attr_t``, which has 56 with glibc on 64 bits."""


class CallerThread(threading.local):
    """What is known about the present thread.

    Attributes:
        free: Whether it may run a guest now.
        depth: Calls of guests that it runs within one another, for guests that wait for each other.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.free = threading.current_thread() is not threading.main_thread() and stack_of_this_thread() >= LEAST_STACK


def stack_of_this_thread() -> int:
    """Return the bytes of this thread's stack; 0 if the system does not say."""
    if sys.platform != "linux":
        return 0
    library = ctypes.CDLL(None)
    try:
        itself, attributes_of, stack_of = (
            library[name] for name in ("pthread_self", "pthread_getattr_np", "pthread_attr_getstack")
        )
    except AttributeError:
        return 0
    itself.restype = ctypes.c_void_p
    attributes, bottom, size = ctypes.create_string_buffer(_ATTRIBUTES), ctypes.c_void_p(), ctypes.c_size_t()
    if attributes_of(ctypes.c_void_p(itself()), attributes) != 0:
        return 0
    found = stack_of(attributes, ctypes.byref(bottom), ctypes.byref(size)) == 0
    library["pthread_attr_destroy"](attributes)
    return size.value if found else 0


CALLER: Final = CallerThread()
"""The state of the present thread. At the end: the thread that loads this module need not be the main one."""
