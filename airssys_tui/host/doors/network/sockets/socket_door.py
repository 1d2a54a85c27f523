"""The door to sockets of one instance: makes them, and looks up names for them."""

from __future__ import annotations

from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.pattern.hosts import LOCALHOST, address_of
from airssys_tui.host.doors.network.destinations import LOOPBACK, Destinations, addresses_of
from airssys_tui.host.doors.network.holdings import OPEN_FUEL, Holdings, Sort
from airssys_tui.host.doors.network.host_names import host_name
from airssys_tui.host.doors.network.internet import Internet
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.operation_time import Caller
from airssys_tui.host.doors.network.sockets.address_rights import AddressRights
from airssys_tui.host.doors.network.sockets.held_socket import anywhere, require_room
from airssys_tui.host.doors.network.sockets.name_query import NameQuery
from airssys_tui.host.doors.network.sockets.premises import Premises
from airssys_tui.host.doors.network.sockets.socket_refusal import SocketFailure, SocketRefusal, refused_by
from airssys_tui.host.doors.network.sockets.tcp_socket import TcpSocket
from airssys_tui.host.doors.network.sockets.udp_socket import UdpSocket


class SocketDoor:
    """The door to sockets of one instance. Used on the thread of its call.

    Args:
        holdings: Where sockets are counted.
        destinations: Looks up names.
        internet: The network behind the door.

    Attributes:
        rights: Decides which addresses may be used.
    """

    def __init__(self, holdings: Holdings, destinations: Destinations, internet: Internet) -> None:
        self.rights = AddressRights(holdings)
        self._holdings = holdings
        self._destinations = destinations
        self._premises = Premises(holdings, self.rights, internet)

    def tcp(self, caller: Caller, version: int) -> TcpSocket:
        """Make a socket for streams.

        Args:
            caller: The running call.
            version: The version of the internet protocol, 4 or 6.

        Raises:
            SocketRefusal: ``new-socket-limit``, ``not-supported`` or ``out-of-memory``.
        """
        caller.charge(OPEN_FUEL)
        require_room(self._holdings, Sort.CONNECTION, anywhere(version))
        return TcpSocket(self._premises, version)

    def udp(self, caller: Caller, version: int) -> UdpSocket:
        """Make a socket for datagrams.

        Args:
            caller: The running call.
            version: The version of the internet protocol, 4 or 6.

        Raises:
            SocketRefusal: ``new-socket-limit``, ``not-supported`` or ``out-of-memory``.
        """
        caller.charge(OPEN_FUEL)
        require_room(self._holdings, Sort.SOCKET, anywhere(version))
        return UdpSocket(self._premises, version)

    def look_up(self, caller: Caller, host: str) -> NameQuery:
        """Begin to look up a name; an address is its own, and nobody is asked.

        The addresses may be used by the right to the name.

        Raises:
            SocketRefusal: ``invalid-argument``, ``access-denied``, or ``temporary-resolver-failure`` past the bounds of
                lookups.
            CallEnd: If the call ends while an operator is asked.
        """
        caller.charge(OPEN_FUEL)
        try:
            name = host_name(host)
        except NetworkRefusal as refusal:
            raise SocketRefusal(SocketFailure.INVALID_ARGUMENT, refusal.message) from refusal
        if (address := address_of(name)) is not None:
            return NameQuery(name, (address,))
        access = Access(Kind.NETWORK, "connect", name)
        self._holdings.guard.await_answer(access)
        try:
            self._destinations.require_name(access)
        except NetworkRefusal as refusal:
            raise refused_by(refusal) from refusal
        if name == LOCALHOST:
            found = addresses_of(LOOPBACK)
            self.rights.looked_up.keep(name, found)
            return NameQuery(name, found)
        try:
            return NameQuery(name, (), self._destinations.begin(access), self.rights.looked_up.keep)
        except NetworkRefusal as refusal:
            raise SocketRefusal(SocketFailure.TEMPORARY_RESOLVER_FAILURE, refusal.message) from refusal
