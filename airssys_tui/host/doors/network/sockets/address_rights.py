"""The guard's decisions about addresses that a component names, by what it looked up before."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.capability.coverage import is_covered
from airssys_tui.core.capability.grant import Reason
from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.holdings import OPEN_FUEL, Holdings
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.operation_time import Caller
from airssys_tui.host.doors.network.sockets.looked_up import LookedUp
from airssys_tui.host.doors.network.sockets.socket_refusal import refused_by

_HOPELESS: Final = frozenset({Reason.FORBIDDEN, Reason.UNDECLARED})


def listening(where: SocketAddress) -> Access:
    """Return the access that taking an address of this machine is."""
    return Access(Kind.NETWORK, "listen", str(where.address), where.port)


class AddressRights:
    """Decides where one instance may connect, send and listen. Used on the thread of the call.

    Args:
        holdings: Has the guard.

    Attributes:
        looked_up: The names that the instance looked up.
    """

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self.looked_up = LookedUp()

    def connect(self, caller: Caller, where: SocketAddress) -> Access:
        """Have the guard decide about reaching an address: by a name that led to it, or by itself.

        Returns:
            The access by which it is reached.

        Raises:
            SocketRefusal: ``access-denied``.
            CallEnd: If the call ends while an operator is asked.
        """
        return self._decide(caller, self._ways(where))

    def may_reach(self, where: SocketAddress) -> bool:
        """Return whether an address may be reached now; nothing is counted or used up."""
        return any(self._holdings.guard.look(way) is None for way in self._ways(where))

    def _ways(self, where: SocketAddress) -> list[Access]:
        text = str(where.address)
        names = self.looked_up.names(where.address)
        ways = [Access(Kind.NETWORK, "connect", name, where.port, text) for name in names]
        return [*ways, Access(Kind.NETWORK, "connect", text, where.port)]

    def needs_listening(self, where: SocketAddress) -> bool:
        """Return whether a socket for packets needs the right to listen at an address of this machine.

        Any free port of all addresses is what a client has, who needs no right to it: unless the manifest declares the
        right to listen there, packets are only exchanged with addresses that may be reached.
        """
        if where.port or not where.address.is_unspecified:
            return True
        guard, access = self._holdings.guard, listening(where)
        denial = guard.look(access)
        if denial is not None:
            return denial.reason is not Reason.UNDECLARED
        # In the mode `observe` nothing is denied: strangers are let pass, and noted one by one.
        return any(is_covered(access, grant.permission) for grant in guard.in_force())

    def listen(self, caller: Caller, where: SocketAddress) -> Access:
        """Have the guard decide about taking an address of this machine; port 0 needs leave for every port.

        Returns:
            The access by which it is taken.

        Raises:
            SocketRefusal: ``access-denied``.
            CallEnd: If the call ends while an operator is asked.
        """
        return self._decide(caller, [listening(where)])

    def _decide(self, caller: Caller, ways: list[Access]) -> Access:
        caller.charge(OPEN_FUEL)
        guard = self._holdings.guard
        denials = {way: guard.look(way) for way in ways}
        chosen = next((way for way, denial in denials.items() if denial is None), None)
        if chosen is None:
            # The operator is told of the way that is declared, and else of the name that the component looked up.
            hopeful = (way for way, denial in denials.items() if denial and denial.reason not in _HOPELESS)
            chosen = next(hopeful, ways[0])
            guard.await_answer(chosen)
        try:
            self._holdings.require(chosen)
        except NetworkRefusal as refusal:
            raise refused_by(refusal) from refusal
        return chosen
