"""Whom a socket for packets exchanges them with that has no right to listen: the socket of a client.

The system gives such a socket a free port of any address, so whoever finds the port can send there. The right to
connect covers the answers of those that the component may reach; what anybody else sends needs the right to listen,
which is decided, counted and shown for each such packet, and dropped.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.sockets.address_rights import AddressRights, listening
from airssys_tui.host.guard import Guard

MOST_KNOWN: Final = 64
"""Addresses that packets were sent to and that are kept; the one that was sent to longest ago is forgotten first."""


class Correspondents:
    """Decides whose packets a client takes. Used on the thread of the call.

    Args:
        guard: Decides.
        rights: Knows which addresses may be reached.
        place: The access that taking packets of anybody needs.
    """

    __slots__ = ("_guard", "_known", "_place", "_rights")

    def __init__(self, guard: Guard, rights: AddressRights, place: Access) -> None:
        self._guard = guard
        self._rights = rights
        self._place = place
        self._known: OrderedDict[SocketAddress, Access] = OrderedDict()

    @classmethod
    def of_client(cls, guard: Guard, rights: AddressRights, where: SocketAddress) -> Correspondents | None:
        """Return who decides for a socket at an address of this machine; None if it needs the right to listen there."""
        return None if rights.needs_listening(where) else cls(guard, rights, listening(where))

    def note(self, where: SocketAddress, access: Access) -> None:
        """Note that a packet was sent, and by which access: its answer may come by the same one."""
        self._known[where] = access
        self._known.move_to_end(where)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def admit(self, sender: SocketAddress, *, counted: bool = False) -> bool:
        """Return whether the component may have a packet; one that it may not have is counted as denied.

        Args:
            sender: Who sent it.
            counted: Whether this was asked about the same packet before; it is not counted twice.
        """
        if self._rights.may_reach(sender):
            return True
        known = self._known.get(sender)  # by a grant that was for one access
        if known is not None and self._guard.again(known) is None:
            return True
        if counted and self._guard.look(self._place) is None:
            return True
        return self._guard.require(self._place) is None
