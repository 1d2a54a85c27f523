"""Looking up names on threads of their own: the system's resolver blocks and cannot be interrupted.

A lookup that nobody waits for any more goes on until the resolver answers. It keeps its place meanwhile, of the process
and of its component, so that no component can keep more threads busy than its own, nor all of them more than there are.
"""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable
from typing import Final

from airssys_tui.core.capability.grant import Reason
from airssys_tui.engine.waiting import Wake

MOST_LOOKUPS: Final = 32
"""Lookups of this process at a time, abandoned ones included."""

MOST_OF_ONE: Final = 4
"""Lookups of one component at a time, abandoned ones included."""


class Lookup:
    """One question to the resolver.

    Attributes:
        finished: Whether the answer is there.
        addresses: The answer; empty if there is none.
        trouble: Why there is none.
        code: The resolver's code for it (``EAI_…``); 0 if it gave none.
    """

    __slots__ = ("_lock", "_wake", "addresses", "code", "finished", "trouble")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake: Wake | None = None
        self.finished = False
        self.addresses: tuple[str, ...] = ()
        self.trouble = ""
        self.code = 0

    @property
    def done(self) -> Wake:
        """What is set when the answer is there; made when it is first asked for, as it takes a descriptor.

        Raises:
            OSError: If the system has no descriptor left.
        """
        with self._lock:
            if self._wake is None:
                self._wake = Wake()
                if self.finished:
                    self._wake.set()
            return self._wake

    def finish(self) -> None:
        """Note that the answer is there; whoever waits goes on. From any thread."""
        with self._lock:
            self.finished = True
            if self._wake is not None:
                self._wake.set()


class Lookups:
    """The lookups of all components. Used by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()

    @property
    def busy(self) -> int:
        """Lookups under way, abandoned ones included."""
        with self._lock:
            return self._busy.total()

    def begin(self, owner: str, name: str, look_up: Callable[[str], tuple[str, ...]]) -> Lookup | Reason:
        """Begin a lookup; it never waits.

        Args:
            owner: The component.
            name: The name.
            look_up: The resolver; it may block for as long as it likes.

        Returns:
            The lookup; or why there may be no other one now: ``quota`` or ``capacity``.
        """
        with self._lock:
            if self._busy[owner] >= MOST_OF_ONE:
                return Reason.QUOTA
            if self._busy.total() >= MOST_LOOKUPS:
                return Reason.CAPACITY
            self._busy[owner] += 1

        def run() -> None:
            try:
                lookup.addresses = look_up(name)
            except (OSError, UnicodeError) as error:
                lookup.trouble = (error.strerror if isinstance(error, OSError) else "") or "it is not a name"
                lookup.code = error.errno or 0 if isinstance(error, socket.gaierror) else 0
            finally:
                self._end(owner)
                lookup.finish()

        lookup = Lookup()
        try:
            threading.Thread(target=run, name="airssys-lookup", daemon=True).start()
        except RuntimeError:  # the system has no room for another thread
            self._end(owner)
            return Reason.CAPACITY
        return lookup

    def _end(self, owner: str) -> None:
        with self._lock:
            self._busy[owner] -= 1
            if not self._busy[owner]:
                del self._busy[owner]


LOOKUPS: Final = Lookups()
"""The lookups of this process."""
