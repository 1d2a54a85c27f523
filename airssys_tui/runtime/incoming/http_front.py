"""Requests over HTTP, as a runtime has them: opens the addresses, keeps what came in, and shows it."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Final

import msgspec

from airssys_tui.core.errors import AirssysError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.manifest.http_sections import HttpServing, ListenAddress
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.incoming.access_log import AccessLog
from airssys_tui.runtime.incoming.gateway import Gateway
from airssys_tui.runtime.incoming.request_record import RecentRequests, RequestRecord
from airssys_tui.runtime.incoming.route_book import RouteBook
from airssys_tui.runtime.incoming.route_meters import Traffic
from airssys_tui.runtime.incoming.web_server import Opened, WebServer, open_socket, require_server
from airssys_tui.runtime.machinery.machinery import Floor

DRAIN: Final = 0.5
"""Part of the time for closing that requests under way get to end."""


class Listener(msgspec.Struct, frozen=True):
    """An address at which requests are to come in.

    Attributes:
        address: The address, with the port that the system chose if it is open.
        problem: Why it is not open; empty if it is.
    """

    address: ListenAddress
    problem: GuestText = GuestText("")


class HttpFront:
    """Where requests for the components of one runtime come in. Used on the control loop.

    Args:
        floor: The machinery.
        book: Who answers what.

    Attributes:
        traffic: The meters.
        recent: The last requests.
        listeners: Where requests are to come in.
    """

    def __init__(self, floor: Floor, book: RouteBook) -> None:
        self._floor = floor
        self._book = book
        self.traffic = Traffic()
        self.recent = RecentRequests()
        self.listeners: tuple[Listener, ...] = ()
        self._server: WebServer | None = None
        self._sampled = time.monotonic()

    def open(self, configured: HttpServing) -> None:
        """Begin to take requests, if the configuration or this run says where; what fails is told, and shown.

        Args:
            configured: What the folder says; the addresses of this run go before its own.
        """
        addresses = self._floor.settings.http or configured.listen
        if not addresses:
            return
        try:
            require_server()
        except AirssysError as error:
            self._tell(f"{error.message} · {error.remedy}")
            self.listeners = tuple(Listener(address, one_line(error.message, 200)) for address in addresses)
            return
        opened = [one for address in addresses if (one := self._open(address)) is not None]
        if opened:
            self._server = WebServer(tuple(opened), partial(self._gateway, configured))

    def sample(self) -> None:
        """Compute the rates since the last time; done once a second."""
        now = time.monotonic()
        before, self._sampled = self._sampled, now
        if self._server is not None and now > before:
            self.traffic.sample(now - before)

    async def close(self, patience: float) -> None:
        """Take no more requests, and let those under way end for a part of the time."""
        server, self._server = self._server, None
        if server is not None:
            await asyncio.get_running_loop().run_in_executor(None, server.close, DRAIN * patience)

    @property
    def under_way(self) -> int:
        """Requests under way."""
        return self._server.gateway.under_way if self._server is not None else 0

    def _open(self, address: ListenAddress) -> Opened | None:
        try:
            opened = open_socket(address)
        except OSError as error:
            why = f"nothing listens at {address}: {error.strerror or error}"
            self._tell(f"{why} · free the address, or choose another with [http] listen or --http")
            self.listeners = (*self.listeners, Listener(address, one_line(error.strerror or str(error), 200)))
            return None
        self.listeners = (*self.listeners, Listener(opened.address))
        self._floor.journal.system(f"requests come in at http://{opened.address}", EventAction.OPENED)
        return opened

    def _tell(self, problem: str) -> None:
        self._floor.journal.system(problem, EventAction.CONTROL, Level.ERROR)

    def _gateway(self, configured: HttpServing) -> Gateway:
        log = AccessLog(self._floor.journal, self._floor.clock) if configured.access_log else None

        def finished(record: RequestRecord) -> None:
            self.recent.keep(record)
            if log is not None:
                log.write(record)

        return Gateway(
            self._book, self.traffic, queue_time=configured.queue_time, clock=self._floor.clock, finished=finished
        )
