"""The ASGI application: finds who answers a request, has it called through its mailbox, and sends what it answers.

It runs on the loop of the server, which never runs a guest and never waits for one: a call is posted to the mailbox,
and its news are awaited. A request gets exactly one outcome, which is counted, kept and logged: a response of the
component, an answer of the host with its reason, or a connection that ended first.

Everything that only a long request needs is left to :meth:`Gateway._look`, which looks at all requests under way a
hundred times a second: whether the component has written something while it goes on, whether the client is still there,
whether a queued call has waited for too long, whether a client takes what is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from time import perf_counter_ns
from typing import Any, Final

from airssys_tui.api.views.http import CONNECTION_ENDED, HostReason
from airssys_tui.core.capability.permission import Access
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.traps import GuestTrap
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault
from airssys_tui.host.doors.exchange.http_messages import OutgoingResponse
from airssys_tui.host.doors.exchange.response_slot import NO_ANSWER
from airssys_tui.runtime.incoming.body_receiving import SMALL, Receive, receive_rest, receive_small
from airssys_tui.runtime.incoming.host_answers import ANSWERS, HostAnswer, Unserved, answer_to_fault, reason_of
from airssys_tui.runtime.incoming.request_call import RequestCall
from airssys_tui.runtime.incoming.request_head import RequestHead, read_head
from airssys_tui.runtime.incoming.request_record import RequestRecord
from airssys_tui.runtime.incoming.response_sending import Send, send_answer, send_response
from airssys_tui.runtime.incoming.route_book import Destination, RouteBook
from airssys_tui.runtime.incoming.route_meters import RouteMeters, Traffic
from airssys_tui.runtime.machinery.wakeups import Wakeups

LOOK: Final = 0.01
"""Seconds between two looks at the requests under way; what a component writes is sent after so long at most."""

SEND_TIME_NS: Final = 30_000_000_000
"""Nanoseconds in which a client has to take each piece that is sent."""

ONE_REQUEST: Final = "if it is made for one request of each instance: requests_per_instance = 1 under [http]"

Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class Gateway:
    """Takes requests to components. Made and used on the loop of the server.

    Args:
        book: Who answers what.
        traffic: The meters of requests.
        queue_time: Seconds that a request waits in a mailbox at most.
        clock: Unix time in seconds.
        finished: Called with each request that is over.
    """

    def __init__(
        self,
        book: RouteBook,
        traffic: Traffic,
        *,
        queue_time: float,
        clock: Callable[[], float],
        finished: Callable[[RequestRecord], None],
    ) -> None:
        self._book = book
        self._traffic = traffic
        self._queue_ns = int(queue_time * 1e9)
        self._clock = clock
        self._finished = finished
        self._loop = asyncio.get_running_loop()
        self._on_loop = Wakeups(self._loop).call
        self._under_way: set[_UnderWay] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def under_way(self) -> int:
        """Requests under way."""
        return len(self._under_way)

    def application(self, access: Access | None = None) -> Application:
        """Return the ASGI application for one address.

        Args:
            access: What a component needs to be reached there; None for an address that needs none.
        """

        async def serve(scope: dict[str, Any], receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._serve(scope, receive, send, access)

        return serve

    async def _serve(self, scope: dict[str, Any], receive: Receive, send: Send, access: Access | None) -> None:
        record = RequestRecord(secrets.token_hex(16), self._clock(), perf_counter_ns())
        meters = self._traffic.unrouted
        try:
            head = read_head(scope, record.id)
            record.ask(head)
            destination = self._find(head, record)
            meters = self._traffic.of(destination.component, record.route)
            meters.in_flight += 1
            try:
                call = RequestCall(record, head, self._on_loop, access)
                request = _UnderWay(call, receive, destination.max_body, self._on_loop, scope.get("state", {}))
                await self._pass_on(request, head, destination, send)
            finally:
                meters.in_flight -= 1
        except Exception as error:  # noqa: BLE001 - the server's boundary: whatever happened, the client gets an answer
            await self._fail(record, error, send)
        except asyncio.CancelledError:  # the server closes, and has waited for long enough
            record.reason = HostReason.CUT_OFF if record.head_ns else HostReason.STOPPED
            raise
        finally:
            self._end(record, meters)

    def _find(self, head: RequestHead, record: RequestRecord) -> Destination:
        book = self._book
        found = book.table.find(head.host, head.path)
        destination = book.destinations.get(found.owner) if found is not None else None
        if found is None or destination is None:
            raise Unserved(HostReason.NO_ROUTE)
        record.component, record.route = destination.component, str(found.route)
        if head.length is not None and head.length > destination.max_body:
            raise Unserved(HostReason.BODY_TOO_LARGE, f"{head.length} bytes; the limit is {destination.max_body}")
        return destination

    async def _pass_on(self, request: _UnderWay, head: RequestHead, destination: Destination, send: Send) -> None:
        call = request.call
        if head.length is None:
            call.body.end()
        elif 0 <= head.length <= SMALL:
            await receive_small(call, request.source)
        self._under_way.add(request)
        if self._timer is None:
            self._timer = self._loop.call_later(LOOK, self._look)
        try:
            call.posted(destination.actor.post(call.run))
            await _answer(request, send)
        finally:
            self._under_way.discard(request)
            request.close()

    def _look(self) -> None:
        """Look at the requests under way."""
        self._timer = self._loop.call_later(LOOK, self._look) if self._under_way else None
        now = perf_counter_ns()
        for request in tuple(self._under_way):
            request.look(now, self._queue_ns)

    async def _fail(self, record: RequestRecord, error: Exception, send: Send) -> None:
        """Answer in place of the component, unless a response has begun or nobody is there any more.

        Raises:
            Unserved: If a response has begun: the server then closes the connection.
        """
        record.reason, record.detail = _why(error)
        answer: HostAnswer | None = ANSWERS.get(record.reason)
        if isinstance(error, _Fault):
            answer = answer_to_fault(error.fault)
        if record.head_ns:
            record.reason = record.reason if record.reason in CONNECTION_ENDED else HostReason.CUT_OFF
            raise Unserved(record.reason) from error
        if answer is not None:
            record.status = answer.status
            with contextlib.suppress(OSError):
                record.sent = await send_answer(record.id, answer, send)

    def _end(self, record: RequestRecord, meters: RouteMeters) -> None:
        record.ended_ns = perf_counter_ns()
        meters.count(record)
        self._finished(record)


class _Fault(Unserved):
    """A component set an error in place of a response."""

    def __init__(self, fault: ExchangeFault) -> None:
        super().__init__(HostReason.FAULT, str(fault))
        self.fault = fault


async def _answer(request: _UnderWay, send: Send) -> None:
    """Wait for what the component answers, and send it.

    Raises:
        Unserved: If there is no response, or no whole one.
        AirssysError: What ended the call before there was one.
    """
    call = request.call
    outcome = await call.answered()
    if call.left:
        raise Unserved(HostReason.CLIENT_LEFT)
    if request.expired:
        raise Unserved(HostReason.QUEUED_TOO_LONG)
    if isinstance(outcome, OutgoingResponse) and not (call.too_large or call.slow):
        try:
            await send_response(call, outcome, send)
        except Unserved as error:
            if error.reason not in {HostReason.CLIENT_LEFT, HostReason.CLIENT_SLOW}:
                _check(call)
            raise
        if not call.body.closed:
            request.hang_up_soon()
        return
    _check(call)
    if isinstance(outcome, ExchangeFault) and outcome is not NO_ANSWER:
        raise _Fault(outcome)
    raise Unserved(HostReason.NO_RESPONSE, ONE_REQUEST)


def _check(call: RequestCall) -> None:
    """Raise what is the cause where a call gave no response: a body that is too large, or what ended the call."""
    if call.too_large:
        raise Unserved(HostReason.BODY_TOO_LARGE)
    if call.slow:
        raise Unserved(HostReason.SLOW_BODY)
    error = call.reply.exception() if call.reply is not None and call.over else None
    if error is not None:
        raise error


def _why(error: Exception) -> tuple[HostReason, str]:
    """Return why a request has no response of its component, and what operators are told besides."""
    if isinstance(error, Unserved):
        return error.reason, error.detail if error.detail != error.reason else ""
    detail = error.message if isinstance(error, AirssysError) else f"{type(error).__name__}: {error}"
    if isinstance(error, GuestTrap):
        detail = f"{error.trap.kind}: {error.trap.message}"
    return reason_of(error), detail


class _UnderWay:
    """What is done for one request while its call is under way; on the loop of the server."""

    __slots__ = (
        "_hang_up",
        "_most",
        "_on_loop",
        "_progress",
        "_receiving",
        "_since",
        "call",
        "expired",
        "hang_up_soon",
        "source",
    )

    def __init__(
        self,
        call: RequestCall,
        receive: Receive,
        most: int,
        on_loop: Callable[[Callable[[], None]], None],
        state: dict[str, Any],
    ) -> None:
        self.call = call
        self.expired = False
        self.source = receive
        self._receiving: asyncio.Task[None] | None = None
        self._most = most
        self._on_loop = on_loop
        self._hang_up: Callable[[], None] = state.get("hang_up", _nobody)
        self.hang_up_soon: Callable[[], None] = state.get("hang_up_soon", _nobody)
        self._since = perf_counter_ns()
        call.receive = self.receive

    def receive(self) -> None:
        """Receive the rest of the body, and notice when the client goes away."""
        if self._receiving is None:
            receiving = receive_rest(self.call, self.source, self._most, self._on_loop)
            self._receiving = asyncio.get_running_loop().create_task(receiving)

    def look(self, now: int, queue_ns: int) -> None:
        """Do what is due."""
        call = self.call
        call.release()
        if call.body.closed:
            self.receive()
        if call.record.began_ns:
            self._press(now)
        elif now - self._since > queue_ns and call.reply is not None and call.reply.cancel():
            self.expired = True

    def _press(self, now: int) -> None:
        """Let nobody wait for a client that is too slow: neither a call whose time is nearly over, nor the host."""
        call = self.call
        stuck = call.sending_ns != 0 and now - call.sending_ns > SEND_TIME_NS
        if not call.over and now > call.due_ns and call.press():
            stuck = True
        if stuck:
            call.slow = True
            self._hang_up()

    def close(self) -> None:
        """End what is done besides."""
        if self._receiving is not None:
            self._receiving.cancel()


def _nobody() -> None:
    """Hang up on nobody: the server gave no way to do it."""
