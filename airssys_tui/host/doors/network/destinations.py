"""Where a component may go: a name is looked up once, each address is checked, and only these addresses are used."""

from __future__ import annotations

import socket
from typing import Final

import msgspec

from airssys_tui.core.capability.grant import Reason
from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.manifest.capabilities import MAX_PORT
from airssys_tui.core.pattern.hosts import LOCALHOST, Address, address_of, host_of
from airssys_tui.engine.waiting import READABLE
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.network.holdings import OPEN_FUEL, Holdings, Sort
from airssys_tui.host.doors.network.host_names import host_name
from airssys_tui.host.doors.network.internet import MOST_ADDRESSES, Internet
from airssys_tui.host.doors.network.lookups import Lookup, Lookups
from airssys_tui.host.doors.network.network_errors import NetworkRefusal, refusal_of_denial
from airssys_tui.host.doors.network.operation_time import Patience

LOOPBACK: Final = ("127.0.0.1", "::1")
"""The addresses of ``localhost``, which no resolver is asked for."""

_RCODES: Final = {
    socket.EAI_NONAME: "NXDOMAIN",
    getattr(socket, "EAI_NODATA", socket.EAI_NONAME): "NXDOMAIN",
    socket.EAI_AGAIN: "SERVFAIL",
    socket.EAI_FAIL: "SERVFAIL",
}
"""What a nameserver most likely answered, in the words of DNS (RFC 1035, RFC 8914), by the resolver's number."""


class Destination(msgspec.Struct, frozen=True):
    """One address that may be used.

    Attributes:
        access: What the guard allowed.
        address: The address.
    """

    access: Access
    address: Address


class Search(msgspec.Struct, frozen=True):
    """What is known of where a host is.

    Attributes:
        access: To the name or the address.
        addresses: Its addresses, if nobody has to be asked for them.
        lookup: Else the question, whose answer has to be waited for; None if it is known.
    """

    access: Access
    addresses: tuple[Address, ...]
    lookup: Lookup | None = None


class Destinations:
    """Finds where one instance may go.

    Args:
        holdings: What the instance has open, and its guard.
        internet: Answers lookups.
        lookups: Counts them.
        owner: The component, for the bound of its lookups.
    """

    def __init__(self, holdings: Holdings, internet: Internet, lookups: Lookups, owner: str) -> None:
        self._holdings = holdings
        self._internet = internet
        self._lookups = lookups
        self._owner = owner

    def find(
        self, access: Access, patience: Patience, sort: Sort | None = None, version: int | None = None
    ) -> tuple[Destination, ...]:
        """Return the addresses at which a host may be used, best first; at least one.

        Args:
            access: To the name or the address, of :func:`network_access`.
            patience: How long a lookup may take.
            sort: What is to be opened there; None if nothing is.
            version: The version of the internet protocol that addresses must have, 4 or 6; None for any.

        Raises:
            NetworkRefusal: ``denied``, ``name-not-resolved``, ``timeout``, or ``failed`` if there is no address of that
                version.
        """
        patience.caller.charge(OPEN_FUEL)
        patience.extend(self._holdings.guard.await_answer(access))
        search = self.search(access)
        if search.lookup is not None:
            patience.wait(self.descriptor(access, search.lookup), READABLE)
        return self.found(search, sort, version)

    def search(self, access: Access) -> Search:
        """Begin to look for where a host is, without waiting.

        Raises:
            NetworkRefusal: ``denied``.
        """
        if (address := address_of(access.subject)) is not None:
            return Search(access, (address,))
        self.require_name(access)
        return (
            Search(access, addresses_of(LOOPBACK))
            if access.subject == LOCALHOST
            else Search(access, (), self.begin(access))
        )

    def found(self, search: Search, sort: Sort | None = None, version: int | None = None) -> tuple[Destination, ...]:
        """Return the addresses that a search led to and that may be used, as :meth:`find` does.

        Raises:
            NetworkRefusal: ``denied``, ``name-not-resolved``, or ``failed`` if there is no address of that version.
        """
        access, addresses = search.access, _of_version(_answer(search), version)
        if address_of(access.subject) is not None:
            return self._allowed([Destination(access, *addresses)], sort)
        found = [Destination(msgspec.structs.replace(access, address=str(each)), each) for each in addresses]
        return self._allowed(found, sort)

    def require_name(self, access: Access) -> None:
        """Refuse a name that may not be used at any address, before anybody is asked for it.

        Raises:
            NetworkRefusal: ``denied``.
        """
        # Only looked at if it is allowed: what is used up and audited is the access to the address.
        if self._holdings.guard.look(access) is not None:
            self._holdings.require(access)

    def _allowed(self, found: list[Destination], sort: Sort | None) -> tuple[Destination, ...]:
        """Check every address; what is denied is told to the operator, even if another one is allowed."""
        allowed, refused = [], None
        for each in found:
            if self._holdings.guard.look(each.access) is None:
                allowed.append(each)
                continue
            denial = self._holdings.guard.require(each.access)
            refused = refused or denial
        if allowed and allowed[0].access.action == "connect":
            allowed = _with_somebody(allowed)
        if not allowed:
            if refused is not None:
                raise refusal_of_denial(refused, refused.text)
            # Granted between the two looks: the component may ask again.
            raise NetworkRefusal("denied", "the grants changed while they were read")
        if sort is not None:
            self._holdings.require_room(sort, allowed[0].access)
        self._holdings.require(allowed[0].access)
        return tuple(allowed)

    def opened_by(self, first: Destination, where: Destination) -> Access:
        """Return the access by which something is open at an address, perhaps after the first address did not answer.

        Another address is an access of its own, unless a grant for one access allowed both: the first one used it up.

        Raises:
            NetworkRefusal: ``denied``.
        """
        if where == first or self._holdings.guard.look(where.access) is not None:
            return first.access
        self._holdings.require(where.access)
        return where.access

    def look_up(self, access: Access, patience: Patience) -> tuple[Address, ...]:
        """Return the addresses of the name in an access, at least one.

        Raises:
            NetworkRefusal: ``denied`` past the bounds of lookups, ``name-not-resolved`` or ``timeout``.
        """
        if access.subject == LOCALHOST:
            return addresses_of(LOOPBACK)
        lookup = self.begin(access)
        patience.wait(self.descriptor(access, lookup), READABLE)
        return _answer(Search(access, (), lookup))

    def descriptor(self, access: Access, lookup: Lookup) -> int:
        """Return what has to be waited for until a lookup is answered.

        Raises:
            NetworkRefusal: ``denied`` if the system has no descriptor left.
        """
        try:
            return lookup.done.fileno()
        except OSError:
            self._holdings.deny(access, Reason.CAPACITY, "the host has no descriptor left to wait with")

    def begin(self, access: Access) -> Lookup:
        """Begin to look up the name in an access; it never waits.

        Raises:
            NetworkRefusal: ``denied`` past the bounds of lookups.
        """
        lookup = self._lookups.begin(self._owner, access.subject, self._internet.look_up)
        if isinstance(lookup, Reason):
            whose = "of the component " if lookup is Reason.QUOTA else ""
            self._holdings.deny(access, lookup, f"as many lookups {whose}are under way as there may be")
        return lookup


def network_access(action: str, host: str, port: int) -> Access:
    """Return the access to a host as a component wrote it.

    Args:
        action: ``connect`` or ``listen``.
        host: A name or an address.
        port: The port; 0 lets the system choose one to listen at.

    Raises:
        NetworkRefusal: ``invalid-input``.
    """
    if not (0 if action == "listen" else 1) <= port <= MAX_PORT:
        raise NetworkRefusal("invalid-input", f"the port is {port}; ports are 1 to {MAX_PORT}")
    return Access(Kind.NETWORK, action, host_name(host), port)


def _answer(search: Search) -> tuple[Address, ...]:
    lookup = search.lookup
    if lookup is None:
        return search.addresses
    addresses = addresses_of(lookup.addresses)
    if addresses:
        return addresses
    fault = ExchangeFault(FaultCode.DNS_ERROR, _RCODES.get(lookup.code))
    if not lookup.trouble:
        fault = ExchangeFault(FaultCode.DESTINATION_NOT_FOUND)
    trouble = lookup.trouble or "it has no address"
    raise NetworkRefusal("name-not-resolved", f"{search.access.subject}: {trouble}", fault)


def _with_somebody(found: list[Destination]) -> list[Destination]:
    """Return the addresses at which somebody can be: connecting to `0.0.0.0` would lead to loopback.

    Raises:
        NetworkRefusal: ``invalid-input`` if there are none.
    """
    left = [each for each in found if not each.address.is_unspecified]
    if not left:
        raise NetworkRefusal("invalid-input", f"{found[0].address} is nobody's address")
    return left


def _of_version(addresses: tuple[Address, ...], version: int | None) -> tuple[Address, ...]:
    found = tuple(address for address in addresses if version in {None, address.version})
    if not found:
        raise NetworkRefusal("failed", f"{addresses[0]} cannot be reached from an address of version {version}")
    return found


def addresses_of(texts: tuple[str, ...]) -> tuple[Address, ...]:
    """Return addresses in the one spelling; one that an IPv6 address only maps is returned as what it is."""
    found: list[Address] = []
    for text in texts:
        try:
            address = address_of(host_of(text.partition("%")[0]))
        except ValueError:
            continue
        if address is not None and address not in found:
            found.append(address)
    return tuple(found[:MOST_ADDRESSES])
