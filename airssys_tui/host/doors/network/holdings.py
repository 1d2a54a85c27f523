"""What one instance has open on the network: counted, checked anew at each call, and closed with the instance."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NoReturn

from airssys_tui.core.capability.grant import Denial, Reason
from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.network.network_errors import NetworkRefusal, refusal_of_denial
from airssys_tui.host.guard import Guard

CALL_FUEL: Final = 1_000
"""Fuel that each call on something open costs, beside one unit for each byte that it moves."""

OPEN_FUEL: Final = 20_000
"""Fuel that each attempt to open something, or to look up a name, costs."""

MOST_MOVED: Final = 1024 * 1024
"""Bytes that one call may move."""


class Sort(StrEnum):
    """What can be open."""

    CONNECTION = "connection"
    LISTENER = "listener"
    SOCKET = "socket"


MOST_OPEN: Final = {Sort.CONNECTION: 64, Sort.LISTENER: 8, Sort.SOCKET: 8}
"""How many of each sort one instance may have open; a transfer from a web server is a connection."""


class Holdings:
    """What one instance has open. Closed by any thread; otherwise used on the thread of the call.

    Args:
        guard: Decides its accesses.
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.lock = threading.Lock()
        self._closed = False
        self._open: dict[Sort, set[Holding]] = {sort: set() for sort in Sort}

    def count(self, sort: Sort) -> int:
        """Return how many of a sort are open."""
        return len(self._open[sort])

    def require(self, access: Access) -> None:
        """Have the guard decide an access.

        Raises:
            NetworkRefusal: ``denied``.
        """
        _refuse(self.guard.require(access))

    def again(self, access: Access) -> None:
        """Have the guard decide about something that an access opened.

        Raises:
            NetworkRefusal: ``denied``.
        """
        _refuse(self.guard.again(access))

    def require_room(self, sort: Sort, access: Access) -> None:
        """Refuse if there are as many of a sort open as there may be.

        Raises:
            NetworkRefusal: ``denied``.
        """
        most = MOST_OPEN[sort]
        if self.count(sort) >= most:
            self.deny(access, Reason.QUOTA, f"the component has {most} {sort}s open, as many as it may")

    def deny(self, access: Access, reason: Reason, text: str) -> NoReturn:
        """Refuse for a reason that the door found.

        Raises:
            NetworkRefusal: ``denied``.
        """
        denial = Denial(access, reason, text)
        raise refusal_of_denial(denial, self.guard.deny(denial))

    def add(self, opened: Holding) -> None:
        """Count something that was opened; close it at once if the instance has ended meanwhile."""
        with self.lock:
            self._open[opened.sort].add(opened)
            ended = self._closed
        if ended:
            opened.close()

    def move(self, opened: Holding, sort: Sort) -> None:
        """Count something as another sort from now on."""
        with self.lock:
            self._open[opened.sort].discard(opened)
            opened.sort = sort
            if not opened.closed:
                self._open[sort].add(opened)

    def remove(self, opened: Holding) -> None:
        """Forget something that is closed."""
        with self.lock:
            self._open[opened.sort].discard(opened)

    def close(self) -> None:
        """Close everything; what a call uses at the moment, when that call lets go of it. From any thread."""
        with self.lock:
            self._closed = True
            left = [opened for every in self._open.values() for opened in every]
        for opened in left:
            opened.close()


def _refuse(denial: Denial | None) -> None:
    if denial is not None:
        raise refusal_of_denial(denial, denial.text)


class Holding:
    """Something that is counted: used by one call at a time, closed once, by whoever comes first.

    Args:
        holdings: Where it is counted.
        sort: What it is.
        access: What its opening needed, and each call on it needs.
    """

    __slots__ = ("_busy", "_closed", "_holdings", "access", "sort")

    def __init__(self, holdings: Holdings, sort: Sort, access: Access) -> None:
        self._holdings = holdings
        self._busy = self._closed = False
        self.sort = sort
        self.access = access
        holdings.add(self)

    @contextlib.contextmanager
    def _engaged(self) -> Iterator[None]:
        """Check that it is open, and keep it open until the block ends.

        Raises:
            NetworkRefusal: ``closed``.
        """
        with self._holdings.lock:
            if self._closed:
                raise NetworkRefusal("closed", f"the {self.sort} is closed")
            self._busy = True
        try:
            yield
        finally:
            with self._holdings.lock:
                self._busy = False
                ended = self.closed  # perhaps by another thread meanwhile
            if ended:
                self._end()

    def _require_still(self) -> None:
        """Have the guard decide about another use; what the operator took back is closed.

        Raises:
            NetworkRefusal: ``denied``.
        """
        try:
            self._holdings.again(self.access)
        except NetworkRefusal:
            self.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Close it: now, or when the call that uses it lets go. Idempotent; from any thread."""
        with self._holdings.lock:
            busy, self._closed = self._busy, True
        if not busy:
            self._end()

    def _end(self) -> None:
        self._holdings.remove(self)
        self._free()

    def _free(self) -> None:
        """Close what it holds of the system; may be called more than once, from any thread."""


class Opened(Holding):
    """Something open.

    Args:
        holdings: Where it is counted.
        sort: What it is.
        access: What its opening needed, and each call on it needs.
        opened: The socket; non-blocking, and from now on this object's to close.
    """

    __slots__ = ("_socket",)

    def __init__(self, holdings: Holdings, sort: Sort, access: Access, opened: socket.socket) -> None:
        self._socket = opened
        super().__init__(holdings, sort, access)

    @contextlib.contextmanager
    def occupied(self) -> Iterator[socket.socket]:
        """Check that it is open, and keep it open until the block ends.

        Raises:
            NetworkRefusal: ``closed``.
        """
        with self._engaged():
            yield self._socket

    @contextlib.contextmanager
    def using(self) -> Iterator[socket.socket]:
        """Check that it is open and still allowed, and keep it open until the block ends.

        What the operator takes back while it is open ends with the next call: the socket is closed.

        Raises:
            NetworkRefusal: ``closed`` or ``denied``.
        """
        with self.occupied() as opened:
            self._require_still()
            yield opened

    def _free(self) -> None:
        self._socket.close()
