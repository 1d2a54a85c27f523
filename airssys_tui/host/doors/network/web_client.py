"""Asking web servers: each hop is looked up, checked and connected to anew. No proxy, no cookie jar, no environment."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Final

import msgspec

from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.network.byte_channel import Wire, tls_wire
from airssys_tui.host.doors.network.connecting import connected
from airssys_tui.host.doors.network.destinations import Destinations, network_access
from airssys_tui.host.doors.network.dialogue import AnswerHead
from airssys_tui.host.doors.network.holdings import Holdings, Sort
from airssys_tui.host.doors.network.internet import Internet
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.operation_time import Patience
from airssys_tui.host.doors.network.transfer import Transfer
from airssys_tui.host.doors.network.web_request import WebRequest

MOST_REDIRECTS: Final = 5


class Answer(msgspec.Struct, frozen=True):
    """An answer.

    Attributes:
        head: Status and headers.
        body: The way to its body.
    """

    head: AnswerHead
    body: Transfer


class WebClient:
    """Asks web servers for one instance.

    Args:
        holdings: Where transfers are counted.
        destinations: Finds and checks servers.
        internet: Reaches them.
    """

    def __init__(self, holdings: Holdings, destinations: Destinations, internet: Internet) -> None:
        self._holdings = holdings
        self._destinations = destinations
        self._internet = internet

    def send(self, request: WebRequest, patience: Patience) -> Answer:
        """Ask, follow redirects, and return when the head of the last answer is there.

        Args:
            request: The question.
            patience: The time for all of it, the body of the answer included.

        Raises:
            NetworkRefusal: Any case but ``address-in-use``.
        """
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._hop(request, patience)
            location = answer.head.location()
            if location is None:
                return answer
            answer.body.close()
            request = request.after(answer.head.status, location)
        raise NetworkRefusal("failed", f"the answer redirects more than {MOST_REDIRECTS} times")

    def _hop(self, request: WebRequest, patience: Patience) -> Answer:
        url = request.url
        access = network_access("connect", url.host, url.port)
        found = self._destinations.find(access, patience, Sort.CONNECTION)
        opened, where = connected(found, url.port, self._internet, patience)
        try:
            access = self._destinations.opened_by(found[0], where)
            wire = Wire(opened)
            if url.scheme == "https":
                wire = secured = tls_wire(opened, url.host, self._internet.trust())
                opened = secured.opened
                secured.shake_hands(patience)
        except BaseException:
            opened.close()
            raise
        return self._asked(wire, access, request, patience)

    def _asked(self, wire: Wire, access: Access, request: WebRequest, patience: Patience) -> Answer:
        transfer = Transfer(self._holdings, access, wire, patience.until_ns)
        try:
            return Answer(transfer.ask(request, patience), transfer)
        except BaseException:
            transfer.close()
            raise


def until(milliseconds: int) -> int:
    """Return the moment some milliseconds from now, in nanoseconds of ``perf_counter_ns``."""
    return perf_counter_ns() + milliseconds * 1_000_000
