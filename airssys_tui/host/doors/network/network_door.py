"""The door to the network of one instance: everything that it asks for there passes here, and ends with it."""

from __future__ import annotations

import socket
from typing import Final

from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.pattern.hosts import Address, address_of
from airssys_tui.engine.waiting import Announcement
from airssys_tui.host.doors.exchange.http_messages import OutgoingRequest, RequestTimes
from airssys_tui.host.doors.network.connecting import SocketAddress, bound, connected
from airssys_tui.host.doors.network.datagrams import DatagramSocket
from airssys_tui.host.doors.network.destinations import Destination, Destinations, network_access
from airssys_tui.host.doors.network.exchange_times import bounded
from airssys_tui.host.doors.network.holdings import OPEN_FUEL, Holdings, Sort
from airssys_tui.host.doors.network.host_names import host_name
from airssys_tui.host.doors.network.internet import Internet
from airssys_tui.host.doors.network.lookups import LOOKUPS, Lookups
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.operation_time import Caller, Patience
from airssys_tui.host.doors.network.sockets.correspondents import Correspondents
from airssys_tui.host.doors.network.sockets.socket_door import SocketDoor
from airssys_tui.host.doors.network.streams import Connection, Listener
from airssys_tui.host.doors.network.transfer import Transfer
from airssys_tui.host.doors.network.web_client import Answer, WebClient, until
from airssys_tui.host.doors.network.web_exchange import Route, WebExchange
from airssys_tui.host.doors.network.web_question import read_question
from airssys_tui.host.doors.network.web_request import WebRequest
from airssys_tui.host.guard import Guard

MOST_WAIT_MS: Final = 60_000
"""Milliseconds that a component may wait for a connection or a packet."""

MOST_TRANSFER_MS: Final = 300_000
TRANSFER_MS: Final = 30_000
"""Milliseconds for a question to a web server that names no time."""

INTERNET: Final = Internet()
"""The network of this machine."""


class NetworkDoor:
    """The door to the network of one instance. Used on the thread of its call; closed by any thread.

    Args:
        guard: Decides every access.
        owner: The component, for bounds that outlive its instances.
        blocking: Announces that the worker is about to wait.
        internet: The network behind the door.
        lookups: The lookups of the process.

    Attributes:
        holdings: What the instance has open.
        sockets: Its door to sockets.
    """

    def __init__(
        self,
        guard: Guard,
        owner: str,
        blocking: Announcement,
        internet: Internet = INTERNET,
        lookups: Lookups = LOOKUPS,
    ) -> None:
        self.holdings = Holdings(guard)
        self._blocking = blocking
        self._internet = internet
        self._destinations = Destinations(self.holdings, internet, lookups, owner)
        self.sockets = SocketDoor(self.holdings, self._destinations, internet)
        self._web = WebClient(self.holdings, self._destinations, internet)

    def close(self) -> None:
        """Close everything that is open; what a call uses, when that call lets go. Idempotent; from any thread."""
        self.holdings.close()

    def within(self, caller: Caller, milliseconds: int | None = None, most: int = MOST_WAIT_MS) -> Patience:
        """Return the time of one operation.

        Args:
            caller: The running call.
            milliseconds: What the component gives it; None for until the call's deadline.
            most: What it may give at most.

        Raises:
            NetworkRefusal: ``invalid-input``.
        """
        if milliseconds is None:
            return Patience(caller, self._blocking)
        if not 1 <= milliseconds <= most:
            raise NetworkRefusal("invalid-input", f"a timeout of {milliseconds} ms; it may be 1 to {most} ms")
        return Patience(caller, self._blocking, until(milliseconds))

    def connect(self, caller: Caller, host: str, port: int, milliseconds: int) -> Connection:
        """Begin a conversation.

        Raises:
            NetworkRefusal: ``denied``, ``invalid-input``, ``name-not-resolved``, ``refused``, ``timeout`` or
                ``failed``.
        """
        patience = self.within(caller, milliseconds)
        found = self._destinations.find(network_access("connect", host, port), patience, Sort.CONNECTION)
        opened, where = connected(found, port, self._internet, patience)
        try:
            access = self._destinations.opened_by(found[0], where)
        except BaseException:
            opened.close()
            raise
        return Connection(self.holdings, access, opened, SocketAddress(where.address, port))

    def listen(self, caller: Caller, host: str, port: int) -> Listener:
        """Wait for conversations that others begin.

        Raises:
            NetworkRefusal: ``denied``, ``invalid-input``, ``name-not-resolved``, ``address-in-use`` or ``failed``.
        """
        access = network_access("listen", host, port)
        where = self._destinations.find(access, self.within(caller), Sort.LISTENER)[0]
        return Listener(self.holdings, where.access, bound(where.address, port, socket.SOCK_STREAM))

    def bind(self, caller: Caller, host: str, port: int) -> DatagramSocket:
        """Take a place to send packets from and to receive them at.

        Any free port of all addresses needs no right, unless the manifest declares the right to listen there: without
        it, packets of addresses that the component may not reach are dropped.

        Raises:
            NetworkRefusal: ``denied``, ``invalid-input``, ``name-not-resolved``, ``address-in-use`` or ``failed``.
        """
        access = network_access("listen", host, port)
        address, correspondents = address_of(access.subject), None
        if address is not None:
            place = SocketAddress(address, port)
            correspondents = Correspondents.of_client(self.holdings.guard, self.sockets.rights, place)
        if address is None or correspondents is None:
            where = self._destinations.find(access, self.within(caller), Sort.SOCKET)[0]
        else:
            caller.charge(OPEN_FUEL)
            self.holdings.require_room(Sort.SOCKET, access)
            where = Destination(access, address)
        opened = bound(where.address, port, socket.SOCK_DGRAM)
        return DatagramSocket(
            self.holdings, where.access, opened, self._destinations, self._internet, correspondents=correspondents
        )

    def resolve(self, caller: Caller, host: str) -> tuple[Address, ...]:
        """Return the addresses of a name, at least one, whether or not they may be used.

        Raises:
            NetworkRefusal: ``denied``, ``invalid-input``, ``name-not-resolved`` or ``timeout``.
        """
        access = Access(Kind.NETWORK, "connect", host_name(host))
        caller.charge(OPEN_FUEL)
        self.holdings.guard.await_answer(access)
        self.holdings.require(access)
        if (address := address_of(access.subject)) is not None:
            return (address,)
        return self._destinations.look_up(access, self.within(caller))

    def send(self, caller: Caller, request: WebRequest, milliseconds: int | None) -> Answer:
        """Ask a web server, and return when the head of its answer is there.

        Args:
            caller: The running call.
            request: The question.
            milliseconds: For all of it, the body of the answer included; None for :data:`TRANSFER_MS`.

        Raises:
            NetworkRefusal: Any case but ``address-in-use``.
        """
        patience = self.within(caller, TRANSFER_MS if milliseconds is None else milliseconds, MOST_TRANSFER_MS)
        return self._web.send(request, patience)

    def exchange(self, caller: Caller, request: OutgoingRequest, times: RequestTimes | None) -> WebExchange:
        """Begin to ask a web server, and return at once; whoever waits for the answer drives it.

        Redirects are not followed: they are answers.

        Args:
            caller: The running call.
            request: The request; its body may still be written.
            times: How long the parts may take; within the bounds of :mod:`.exchange_times` in any case.

        Raises:
            NetworkRefusal: ``denied``, ``invalid-input`` or ``too-large``; its fault says more. Whatever happens later
                is the outcome of the exchange.
        """
        question = read_question(request)
        access = network_access("connect", question.url.host, question.url.port)
        caller.charge(OPEN_FUEL)
        self.holdings.guard.await_answer(access)
        self.holdings.require_room(Sort.CONNECTION, access)
        search = self._destinations.search(access)
        found = self._destinations.found(search) if search.lookup is None else None
        route = Route(self._destinations, self._internet, search, found)
        exchange = WebExchange(self.holdings, route, question, bounded(times))
        exchange.advance(caller)
        return exchange

    def read_body(self, caller: Caller, transfer: Transfer, length: int) -> bytes:
        """Read from the body of an answer, within the time that was given for all of it.

        Raises:
            NetworkRefusal: ``invalid-input``, ``denied``, ``timeout``, ``closed`` or ``failed``.
        """
        return transfer.read(length, Patience(caller, self._blocking, transfer.until_ns))
