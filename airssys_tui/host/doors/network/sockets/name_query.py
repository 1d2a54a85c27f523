"""Looking up a name without waiting: the addresses are asked for again and again until they are there."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from airssys_tui.core.errors import HostFault
from airssys_tui.core.pattern.hosts import Address
from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.doors.network.destinations import addresses_of
from airssys_tui.host.doors.network.lookups import Lookup
from airssys_tui.host.doors.network.sockets.held_socket import AT_ONCE
from airssys_tui.host.doors.network.sockets.socket_refusal import SocketFailure, SocketRefusal

_FAILURES: Final[Mapping[int, SocketFailure]] = {
    socket.EAI_AGAIN: SocketFailure.TEMPORARY_RESOLVER_FAILURE,
    socket.EAI_FAIL: SocketFailure.PERMANENT_RESOLVER_FAILURE,
    socket.EAI_MEMORY: SocketFailure.OUT_OF_MEMORY,
    getattr(socket, "EAI_SYSTEM", socket.EAI_FAIL): SocketFailure.PERMANENT_RESOLVER_FAILURE,
}
"""What codes of the resolver mean; any other says that the name leads nowhere."""


class NameQuery:
    """The addresses that a name leads to, one after the other. Used on the thread of the call.

    Args:
        name: The name.
        addresses: Those that are known already.
        lookup: Finds them; None if they are known already.
        found: Called once with what the lookup found.
    """

    __slots__ = ("_failure", "_found", "_left", "_lookup", "_name", "_trouble")

    def __init__(
        self,
        name: str,
        addresses: Sequence[Address] = (),
        lookup: Lookup | None = None,
        found: Callable[[str, Sequence[Address]], None] = lambda _name, _addresses: None,
    ) -> None:
        self._name = name
        self._left = list(addresses)
        self._lookup = lookup
        self._found = found
        self._failure: SocketFailure | None = None
        self._trouble = ""

    def next(self) -> Address | None:
        """Return the next address, best first; None after the last one.

        Raises:
            SocketRefusal: ``would-block``; ``name-unresolvable``, ``temporary-resolver-failure``,
                ``permanent-resolver-failure`` or ``out-of-memory``, each time.
        """
        if not self.is_ready():
            raise SocketRefusal(SocketFailure.WOULD_BLOCK, f"{self._name}: the answer is not there yet")
        if self._failure is not None:
            raise SocketRefusal(self._failure, f"{self._name}: {self._trouble}")
        return self._left.pop(0) if self._left else None

    def is_ready(self) -> bool:
        """Return whether :meth:`next` would not say ``would-block``."""
        lookup = self._lookup
        if lookup is not None and lookup.finished:
            self._lookup = None  # and its descriptor
            self._left += addresses_of(lookup.addresses)
            if self._left:
                self._found(self._name, self._left)
            else:
                self._failure = _FAILURES.get(lookup.code, SocketFailure.NAME_UNRESOLVABLE)
                self._trouble = lookup.trouble or "it has no address"
        return self._lookup is None

    def waitable(self) -> Waitable:
        """Return what has to be waited for until it may be ready.

        Raises:
            HostFault: If the process has no descriptor left to wait with.
        """
        if self._lookup is None:
            return AT_ONCE
        try:
            return Waitable(descriptor=self._lookup.done.fileno())
        except OSError as error:
            raise HostFault(
                f"nothing to wait with: {error.strerror}", remedy="raise the limit of open files"
            ) from error
