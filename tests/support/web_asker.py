"""Someone at the door to web servers, as the face of ``wasi:http`` is: asks, waits, reads, without a guest."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from time import perf_counter_ns

from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault
from airssys_tui.host.doors.exchange.header_fields import Entry, Fields
from airssys_tui.host.doors.exchange.http_messages import IncomingResponse, OutgoingRequest, RequestTimes
from airssys_tui.host.doors.exchange.message_bodies import IncomingBody, OutgoingBody
from airssys_tui.host.doors.network.lookups import Lookups
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.web_exchange import WebExchange
from tests.support.network import EVERYTHING, HeldInternet, RuleGuard, StandingCall


def asked(
    authority: str | int,
    target: str | None = "/",
    *,
    method: str = "GET",
    scheme: str | None = "http",
    fields: Sequence[Entry] = (),
) -> OutgoingRequest:
    """Return a request; a number stands for a port of this machine."""
    request = OutgoingRequest(Fields.written(fields))
    assert request.set_method(method)
    assert request.set_target(target)
    assert request.set_scheme(scheme)
    assert request.set_authority(f"127.0.0.1:{authority}" if isinstance(authority, int) else authority)
    return request


def opened(request: OutgoingRequest) -> OutgoingBody:
    """Return the body of a request."""
    body = request.open_body()
    assert body is not None
    return body


def times(**milliseconds: int) -> RequestTimes:
    """Return times of an exchange, in milliseconds."""
    made = RequestTimes()
    for name, value in milliseconds.items():
        setattr(made, name, value * 1_000_000)
    return made


class WebAsker:
    """One instance's door to web servers, and a call that runs for as long as it is let.

    Args:
        granted: Permissions in text form; all of loopback if there are none.
        internet: The network.
        lookups: The lookups of the process; its own if not given.
    """

    def __init__(self, *granted: str, internet: HeldInternet | None = None, lookups: Lookups | None = None) -> None:
        self.guard = RuleGuard(*(granted or EVERYTHING))
        self.internet = internet or HeldInternet()
        self.door = NetworkDoor(self.guard, "c", contextlib.nullcontext, self.internet, lookups or Lookups())
        self.call = StandingCall()

    def ask(self, request: OutgoingRequest, limits: RequestTimes | None = None) -> WebExchange:
        """Begin an exchange."""
        return self.door.exchange(self.call, request, limits)

    def refused(self, request: OutgoingRequest) -> ExchangeFault:
        """Return why an exchange does not begin."""
        try:
            self.ask(request)
        except NetworkRefusal as refusal:
            return refusal.fault
        raise AssertionError("it began")

    def outcome(self, exchange: WebExchange) -> IncomingResponse | ExchangeFault:
        """Wait for what becomes of an exchange."""
        while not exchange.is_ready(self.call):
            self.wait(exchange.until_ready())
        found = exchange.take()
        assert found is not None
        return found

    def fault(self, request: OutgoingRequest, limits: RequestTimes | None = None) -> ExchangeFault:
        """Ask, and return the fault."""
        found = self.outcome(self.ask(request, limits))
        assert isinstance(found, ExchangeFault)
        return found

    def answer(self, request: OutgoingRequest, limits: RequestTimes | None = None) -> IncomingResponse:
        """Ask, and return the response."""
        found = self.outcome(self.ask(request, limits))
        assert isinstance(found, IncomingResponse), found
        return found

    def body(self, response: IncomingResponse) -> IncomingBody:
        """Return the body of a response."""
        found = response.consume()
        assert found is not None
        return found

    def read(self, body: IncomingBody, most: int = 65_536) -> bytes:
        """Read a body to its end, whatever that is."""
        got = b""
        while True:
            while not body.pipe.is_readable(self.call):
                self.wait(body.pipe.until_readable())
            if body.pipe.over:
                return got
            got += body.pipe.read(most)

    def write(self, body: OutgoingBody, data: bytes) -> None:
        """Write all of some bytes to the body of a request that is under way."""
        left = data
        while left:
            while not body.pipe.is_writable(self.call):
                self.wait(body.pipe.until_writable())
            room = body.pipe.room
            assert body.write(left[:room]) is None
            left = left[room:]

    def wait(self, waitable: Waitable) -> None:
        """Wait as a call does."""
        self.call.wait((waitable, Waitable(due_ns=self.call.deadline_ns)))
        assert perf_counter_ns() < self.call.deadline_ns


@contextlib.contextmanager
def asking(*granted: str, internet: HeldInternet | None = None, lookups: Lookups | None = None) -> Iterator[WebAsker]:
    """Stand at a door; close it after the block."""
    asker = WebAsker(*granted, internet=internet, lookups=lookups)
    try:
        yield asker
    finally:
        asker.door.close()
