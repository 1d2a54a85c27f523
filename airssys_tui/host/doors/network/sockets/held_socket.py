"""What sockets of all kinds have in common: rights that are looked at anew at each use, readiness, addresses."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator
from typing import Final

from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.holdings import Holdings, Opened, Sort
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.sockets.socket_options import Option, read_option, set_option
from airssys_tui.host.doors.network.sockets.socket_refusal import SocketFailure, SocketRefusal, failed, refused_by
from airssys_tui.host.doors.network.streams import socket_address

AT_ONCE: Final = Waitable(due_ns=0)
"""Is ready always."""

_ANYWHERE: Final = {4: "0.0.0.0", 6: "::"}  # noqa: S104 -- names no address in particular; nothing is bound to it


class HeldSocket(Opened):
    """A socket that is made before it is known what for.

    Args:
        holdings: Where it is counted.
        sort: What it is counted as.
        kind: Streams or datagrams.
        version: The version of the internet protocol, 4 or 6.
        taken: A socket that the system made; a new one if None.

    Attributes:
        version: The version of the internet protocol, 4 or 6.
        accesses: What its steps needed, and each further use of it needs.

    Raises:
        SocketRefusal: ``new-socket-limit``, ``not-supported`` or ``out-of-memory``.
    """

    __slots__ = ("accesses", "version")

    def __init__(
        self,
        holdings: Holdings,
        sort: Sort,
        kind: socket.SocketKind,
        version: int,
        taken: socket.socket | None = None,
    ) -> None:
        self.version = version
        self.accesses: tuple[Access, ...] = ()
        opened = _made(kind, version) if taken is None else taken
        super().__init__(holdings, sort, anywhere(version), opened)

    @contextlib.contextmanager
    def using(self) -> Iterator[socket.socket]:
        """Check that it is open and that all its steps are still allowed, and keep it open until the block ends.

        What the operator takes back while it is open ends with the next use: the socket is closed.

        Raises:
            SocketRefusal: ``access-denied``, or ``invalid-state`` if it is closed.
        """
        try:
            with self.occupied() as opened:
                self._require_still()
                yield opened
        except NetworkRefusal as refusal:
            raise refused_by(refusal) from refusal

    def _require_still(self) -> None:
        try:
            for access in self.accesses:
                self._holdings.again(access)
        except NetworkRefusal:
            self.close()
            raise

    def _is_allowed(self) -> bool:
        return all(self._holdings.guard.again(access) is None for access in self.accesses)

    def option(self, option: Option) -> int:
        """Return the value of an option; see :mod:`airssys_tui.host.doors.network.sockets.socket_options`.

        Raises:
            SocketRefusal: ``invalid-state``, ``access-denied`` or what reading fails with.
        """
        with self.using() as opened:
            return read_option(opened, self.version, option)

    def set_option(self, option: Option, value: int) -> None:
        """Set an option, as near as possible to a value.

        Raises:
            SocketRefusal: ``invalid-state``, ``access-denied``, ``invalid-argument`` or what setting fails with.
        """
        with self.using() as opened:
            set_option(opened, self.version, option, value)

    def is_ready(self, events: int) -> bool:
        """Return whether the system would report one of some events now, or trouble.

        One that is closed is ready, and so is one that is not allowed any more: whoever uses it finds out.
        """
        descriptor = self._socket.fileno()
        if self.closed or descriptor < 0 or not self._is_allowed():
            return True
        poll = select.poll()
        poll.register(descriptor, events)
        return bool(poll.poll(0))

    def waitable(self, events: int) -> Waitable:
        """Return what has to be waited for until it may be ready."""
        return AT_ONCE if self.closed else Waitable(descriptor=self._socket.fileno(), events=events)

    def _local_address(self) -> SocketAddress:
        with self.using() as opened:
            try:
                return socket_address(opened.getsockname())
            except OSError as error:
                raise failed(error, "looking for its address") from error

    def require_version(self, where: SocketAddress) -> None:
        """Refuse an address that a socket of this version cannot use.

        Raises:
            SocketRefusal: ``invalid-argument``, also for an IPv6 address that stands for one of IPv4.
        """
        mapped = getattr(where.address, "ipv4_mapped", None)
        if where.address.version != self.version or mapped is not None:
            raise SocketRefusal(SocketFailure.INVALID_ARGUMENT, f"{where} is not an address of IPv{self.version}")


def require_room(holdings: Holdings, sort: Sort, access: Access) -> None:
    """Refuse if an instance has as many of a sort open as it may.

    Raises:
        SocketRefusal: ``new-socket-limit``.
    """
    try:
        holdings.require_room(sort, access)
    except NetworkRefusal as refusal:
        raise SocketRefusal(SocketFailure.NEW_SOCKET_LIMIT, refusal.message) from refusal


def require_one(where: SocketAddress) -> None:
    """Refuse an address that stands for many machines.

    Raises:
        SocketRefusal: ``invalid-argument``.
    """
    if where.address.is_multicast or str(where.address) == "255.255.255.255":
        raise SocketRefusal(SocketFailure.INVALID_ARGUMENT, f"{where} stands for more than one machine")


def require_peer(where: SocketAddress) -> None:
    """Refuse an address at which nobody can be.

    Raises:
        SocketRefusal: ``invalid-argument``.
    """
    if where.address.is_unspecified or not where.port:
        raise SocketRefusal(SocketFailure.INVALID_ARGUMENT, f"{where} is nobody's address")


def anywhere(version: int) -> Access:
    """Return the access that an operator is told of where no address is known yet."""
    return Access(Kind.NETWORK, "connect", _ANYWHERE[version], 0)


def _made(kind: socket.SocketKind, version: int) -> socket.socket:
    try:
        opened = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, kind)
    except OSError as error:
        raise failed(error, "making a socket") from error
    opened.setblocking(False)
    if version == 6:
        # A socket of IPv6 never carries IPv4, for which an address of IPv4 would have to be decided about.
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return opened
