"""A socket for datagrams: made, bound, and then associated with nobody in particular or with one peer, again and again.

Only the latest association works. One with a peer is a connection for the system as well: it takes packets of nobody
else, and reports that the peer refuses them.
"""

from __future__ import annotations

import ctypes
import socket
from enum import Enum, auto
from typing import Final

from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.holdings import OPEN_FUEL, Sort
from airssys_tui.host.doors.network.operation_time import Caller
from airssys_tui.host.doors.network.sockets.association import Association
from airssys_tui.host.doors.network.sockets.correspondents import Correspondents
from airssys_tui.host.doors.network.sockets.held_socket import HeldSocket, require_peer
from airssys_tui.host.doors.network.sockets.premises import Premises
from airssys_tui.host.doors.network.sockets.socket_refusal import (
    CONNECTING,
    SocketFailure,
    SocketRefusal,
    failed,
    invalid_state,
)
from airssys_tui.host.doors.network.streams import socket_address


class _State(Enum):
    UNBOUND = auto()
    BINDING = auto()
    BOUND = auto()


class UdpSocket(HeldSocket):
    """A socket for datagrams. Used on the thread of the call; closed by any.

    Args:
        premises: Where it is made.
        version: The version of the internet protocol, 4 or 6.

    Attributes:
        association: The latest one; None before the first.

    Raises:
        SocketRefusal: ``new-socket-limit``, ``not-supported`` or ``out-of-memory``.
    """

    __slots__ = ("_correspondents", "_place", "_premises", "_state", "association")

    def __init__(self, premises: Premises, version: int) -> None:
        self._premises = premises
        self._state = _State.UNBOUND
        self._place: SocketAddress | None = None
        self._correspondents: Correspondents | None = None
        self.association: Association | None = None
        super().__init__(premises.holdings, Sort.SOCKET, socket.SOCK_DGRAM, version)

    def start_bind(self, caller: Caller, where: SocketAddress) -> None:
        """Take an address of this machine; port 0 lets the system choose one.

        Any free port of all addresses needs no right, unless the manifest declares the right to listen there: without
        it, packets of addresses that the component may not reach are dropped.

        Raises:
            SocketRefusal: ``invalid-state``, ``invalid-argument``, ``access-denied``, ``address-in-use`` or
                ``address-not-bindable``.
        """
        if self._state is not _State.UNBOUND:
            raise invalid_state("the socket has an address already")
        self.require_version(where)
        accesses, correspondents = self._decide_place(caller, where)
        with self.using() as opened:
            try:
                opened.bind((str(where.address), where.port))
                self._place = socket_address(opened.getsockname())
            except OSError as error:
                raise failed(error, f"taking {where}") from error
        self.accesses, self._correspondents = accesses, correspondents
        self._state = _State.BINDING

    def _decide_place(self, caller: Caller, where: SocketAddress) -> tuple[tuple[Access, ...], Correspondents | None]:
        """Return what taking an address needs, and whose packets are taken if that is nothing."""
        rights = self._premises.rights
        correspondents = Correspondents.of_client(self._premises.holdings.guard, rights, where)
        if correspondents is None:
            return (rights.listen(caller, where),), None
        caller.charge(OPEN_FUEL)
        return (), correspondents

    def finish_bind(self) -> None:
        """Finish binding.

        Raises:
            SocketRefusal: ``not-in-progress``.
        """
        if self._state is not _State.BINDING:
            raise SocketRefusal(SocketFailure.NOT_IN_PROGRESS, "the socket is not being bound")
        self._state = _State.BOUND

    def associate(self, caller: Caller, peer: SocketAddress | None) -> Association:
        """Exchange packets with one peer, or with anybody; an earlier association ends.

        Raises:
            SocketRefusal: ``invalid-state``, ``invalid-argument`` or ``access-denied``, which leave the earlier one as
                it is; ``remote-unreachable``, ``connection-refused`` or ``address-in-use``, after which there is none.
        """
        self._require_bound()
        accesses = self._own_accesses()
        if peer is not None:
            self.require_version(peer)
            require_peer(peer)
            accesses = (*accesses, self._premises.rights.connect(caller, peer))
        with self.using() as opened:
            self._end_association(opened)
            if peer is not None and (number := self._premises.internet.connect(opened, (str(peer.address), peer.port))):
                raise failed(number, f"connecting to {peer}", CONNECTING)
        self.accesses = accesses
        self.association = Association(self, self._premises, peer, self._correspondents)
        return self.association

    def _own_accesses(self) -> tuple[Access, ...]:
        """Return what its own address needed; the rest is for its peer."""
        return () if self._correspondents is not None else self.accesses[:1]

    def _end_association(self, opened: socket.socket) -> None:
        ended, self.association = self.association, None
        if ended is not None:
            ended.end()
            if ended.peer is not None:
                self._dissolve(opened)

    def _dissolve(self, opened: socket.socket) -> None:
        """Dissolve the connection with a peer (connect(2): an address without a family); the port is kept."""
        self.accesses = self._own_accesses()
        CONNECT(opened.fileno(), bytes(_NOBODY), _NOBODY)
        assert self._place is not None, "it is bound"  # noqa: S101 -- narrows the type
        if opened.getsockname()[1] != self._place.port:
            # Linux gives a port back that it has chosen itself.
            try:
                opened.bind((str(self._place.address), self._place.port))
            except OSError as error:
                self.close()
                raise failed(error, f"taking {self._place} again") from error

    def local_address(self) -> SocketAddress:
        """Return its own address; with a peer, the one that the peer sees.

        Raises:
            SocketRefusal: ``invalid-state`` or ``access-denied``.
        """
        self._require_bound()
        return self._local_address()

    def remote_address(self) -> SocketAddress:
        """Return the peer.

        Raises:
            SocketRefusal: ``invalid-state`` or ``access-denied``.
        """
        with self.using():
            if self.association is None or self.association.peer is None:
                raise invalid_state("the socket is associated with nobody in particular")
            return self.association.peer

    def _require_bound(self) -> None:
        if self.closed or self._state is not _State.BOUND:
            raise invalid_state("the socket has no address")


CONNECT: Final = ctypes.CDLL(None).connect
"""The call of the system: ``socket`` cannot name an address without a family."""

_NOBODY: Final = 16
"""Bytes of an address without a family."""
