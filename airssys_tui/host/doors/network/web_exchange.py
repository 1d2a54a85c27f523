"""One request of a component and its response, advanced by whoever waits for a part of it.

No thread stands behind it. Each time that the component looks at the future response, at the body that it sends or at
the one that it receives, everything is done that can be done without waiting: the name is looked up, each address is
checked by the guard, the first that answers is connected to, TLS is agreed on, the request goes out as its body comes,
and the response comes in as its reader takes it. Then the component waits for the one descriptor that the exchange
waits for. What it does not wait for rests meanwhile: nothing is received that nobody takes.

::

    looking ──► dialling ──► securing ──► talking ──► over
       └────────────┴────────────┴───────────┴──────► over, with a fault

Redirects are the component's: it gets them as responses, and asks again by its own rights.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from time import perf_counter_ns
from typing import Final

import msgspec

from airssys_tui.engine.waiting import READABLE, Waitable
from airssys_tui.host.doors.exchange.body_pipe import BodyPipe
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.header_fields import MOST_BYTES, Fields
from airssys_tui.host.doors.exchange.http_messages import IncomingResponse
from airssys_tui.host.doors.exchange.message_bodies import IncomingBody
from airssys_tui.host.doors.network.byte_channel import PIECE, TlsWire, Wire, tls_wire
from airssys_tui.host.doors.network.connecting import Dialling
from airssys_tui.host.doors.network.destinations import Destination, Destinations, Search
from airssys_tui.host.doors.network.dialogue import AnswerEnd, AnswerHead, Dialogue, Header, Interim
from airssys_tui.host.doors.network.exchange_times import ExchangeTimes
from airssys_tui.host.doors.network.holdings import CALL_FUEL, Holding, Holdings, Sort
from airssys_tui.host.doors.network.internet import Internet
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.operation_time import Caller
from airssys_tui.host.doors.network.transfer import MOST_INTERIM
from airssys_tui.host.doors.network.web_question import WebQuestion

_MOST_ROUNDS: Final = 64
"""Pieces that are moved at once, between two looks at the deadline of the call."""

_AT_ONCE: Final = Waitable(due_ns=0)


class _Awaited(Enum):
    """What a talk waits for that has a time."""

    SENDING = "the server takes more of the request"
    HEAD = "the head of the response"
    BODY = "more of its body"


class Route(msgspec.Struct, frozen=True):
    """How an exchange reaches its server.

    Attributes:
        destinations: Finds and checks servers for the instance.
        internet: Reaches them.
        search: What is known of where this one is.
        found: Its addresses, if they were checked already.
    """

    destinations: Destinations
    internet: Internet
    search: Search
    found: tuple[Destination, ...] | None = None


class WebExchange(Holding):
    """One request and its response; the driver of the pipes of both bodies.

    Used on the thread of the call; closed by any thread.

    Args:
        holdings: Where it is counted, as a connection.
        route: How it reaches its server.
        question: The request.
        times: How long its parts may take.

    Attributes:
        outcome: The response, or the fault; None for as long as there is neither.
        taken: Whether :meth:`take` was called.
    """

    __slots__ = (
        *("_answer", "_awaited", "_dialling", "_dialogue", "_due_ns", "_finished", "_found", "_interim", "_over"),
        *("_phase", "_question", "_rest", "_route", "_times", "_until_ns", "_waitable", "_wire", "outcome", "taken"),
    )

    def __init__(self, holdings: Holdings, route: Route, question: WebQuestion, times: ExchangeTimes) -> None:
        self._route = route
        self._question = question
        self._times = times
        self._until_ns = perf_counter_ns() + times.connect
        self._due_ns: int | None = None
        self._awaited: _Awaited | None = None
        self._waitable = _AT_ONCE
        self._found: tuple[Destination, ...] = route.found or ()
        self._dialling: Dialling | None = None
        self._wire: Wire | None = None
        self._dialogue: Dialogue | None = None
        self._answer: BodyPipe | None = None
        self._rest = memoryview(b"")
        self._interim = 0
        self._finished = self._over = self.taken = False
        self.outcome: IncomingResponse | ExchangeFault | None = None
        self._phase: Callable[[Caller], bool] = self._dial if self._found else self._look
        if question.body is not None:
            question.body.driver = self
        super().__init__(holdings, Sort.CONNECTION, route.search.access)

    # For the component

    def is_ready(self, caller: Caller) -> bool:
        """Return whether the outcome is there, after everything was done for it that can be done."""
        if self.outcome is None:
            self.advance(caller)
        return self.outcome is not None

    def until_ready(self) -> Waitable:
        """Return what to wait for before it is."""
        return self.waitable()

    def take(self) -> IncomingResponse | ExchangeFault | None:
        """Return the outcome, once; it is the component's from then on."""
        self.taken = True
        return self.outcome

    def drop(self) -> None:
        """Give up what was not taken."""
        if not self.taken:
            self.close()

    # As the driver of its pipes

    def waitable(self) -> Waitable:
        """Return what has to happen before more can be done."""
        return _AT_ONCE if self._over or self.closed else self._waitable

    def advance(self, caller: Caller) -> None:
        """Do what can be done without waiting.

        Raises:
            CallEnd: If the call has no fuel left for it.
        """
        if self._over:
            return
        try:
            with self._engaged():
                while self._phase(caller):
                    pass
        except NetworkRefusal as refusal:
            self._end_with(refusal.fault)

    def _end_with(self, fault: ExchangeFault) -> None:
        self._over = True
        if self._answer is not None:
            self._answer.fail(fault)
        elif self.outcome is None:
            self.outcome = fault
        self._stop_asking()
        self.close()

    def _stop_asking(self) -> None:
        if self._question.body is not None:
            self._question.body.abandon()

    def _free(self) -> None:
        if self._dialling is not None:
            self._dialling.close()
        if self._wire is not None:
            self._wire.opened.close()

    # The phases: each returns whether the next one can begin, and else sets what is waited for

    def _look(self, _caller: Caller) -> bool:
        lookup = self._route.search.lookup
        if lookup is not None and not lookup.finished:
            self._check_time(FaultCode.DNS_TIMEOUT)
            descriptor = self._route.destinations.descriptor(self.access, lookup)
            self._waitable = Waitable(self._until_ns, descriptor, READABLE)
            return False
        self._found = self._route.destinations.found(self._route.search)
        self._phase = self._dial
        return True

    def _dial(self, _caller: Caller) -> bool:
        url = self._question.url
        if self._dialling is None:
            self._dialling = Dialling(self._found, url.port, self._route.internet, self._until_ns)
        made = self._dialling.advance()
        if made is None:
            self._waitable = self._dialling.waitable()
            return False
        opened, where = made
        self._wire = Wire(opened)
        self.access = self._route.destinations.opened_by(self._found[0], where)
        self._phase = self._talk
        if url.scheme == "https":
            self._wire = tls_wire(opened, url.host, self._route.internet.trust())
            self._phase = self._secure
        return True

    def _secure(self, _caller: Caller) -> bool:
        assert isinstance(self._wire, TlsWire), "it was dialled"  # noqa: S101 -- narrows the type
        if events := self._wire.try_handshake():
            self._check_time(FaultCode.CONNECTION_TIMEOUT)
            self._waitable = Waitable(self._until_ns, self._wire.fileno(), events)
            return False
        self._phase = self._talk
        return True

    def _check_time(self, code: FaultCode) -> None:
        if perf_counter_ns() >= self._until_ns:
            raise NetworkRefusal("timeout", "the connection took too long", ExchangeFault(code))

    def _talk(self, caller: Caller) -> bool:
        self._require_granted()
        dialogue = self._dialogue
        if dialogue is None:
            assert self._wire is not None, "it was dialled"  # noqa: S101 -- narrows the type
            dialogue = self._dialogue = Dialogue(self._wire)
            dialogue.ask(self._question.method, self._question.url.target, self._question.head())
        for _ in range(_MOST_ROUNDS):
            sent = self._send(dialogue, caller)
            if not self._receive(dialogue, caller) and not sent:
                self._waitable = Waitable(self._due(dialogue), dialogue.wire.fileno(), self._events(dialogue))
                return False
            if self._over:
                return False
        self._waitable = _AT_ONCE
        return False

    def _require_granted(self) -> None:
        try:
            self._require_still()
        except NetworkRefusal as refusal:
            raise NetworkRefusal(refusal.case, refusal.message, ExchangeFault(FaultCode.REQUEST_DENIED)) from refusal

    # The request

    def _send(self, dialogue: Dialogue, caller: Caller) -> bool:
        if not dialogue.pending and not self._finished:
            self._go_on(dialogue)
        sent = dialogue.push()
        if dialogue.unheard:
            self._finished = True
            self._stop_asking()
        if not sent:
            return False
        self._awaited = None
        caller.charge(CALL_FUEL + sent)
        return True

    def _go_on(self, dialogue: Dialogue) -> None:
        """Say more of the request, as far as its body has come."""
        body = self._question.body
        if body is not None:
            data = body.read(PIECE)
            if data:
                dialogue.tell(data)
            if not body.over:
                return
            if body.fault is not None:
                raise NetworkRefusal("failed", "the body of the request is incomplete", body.fault)
        dialogue.finish(self._question.trailers())
        self._finished = True

    # The response

    def _receive(self, dialogue: Dialogue, caller: Caller) -> bool:
        if self._rest:
            return self._hand_on()
        event = dialogue.next_event()
        if event is not None:
            self._take(event)
            return True
        if self._answer is not None and not self._answer.room:
            return False
        received = dialogue.pull()
        if received is None:
            return False
        if self._awaited is _Awaited.BODY:
            self._awaited = None
        caller.charge(CALL_FUEL + received)
        return True

    def _take(self, event: AnswerHead | Interim | bytes | AnswerEnd) -> None:
        match event:
            case Interim():
                self._interim += 1
                if self._interim > MOST_INTERIM:
                    fault = ExchangeFault(FaultCode.PROTOCOL_ERROR)
                    raise NetworkRefusal("failed", f"the server sent {self._interim} interim answers", fault)
            case AnswerHead(status, headers):
                fields = _received(headers, FaultCode.RESPONSE_HEADER_SECTION_SIZE)
                self._answer = BodyPipe(driver=self)
                self.outcome = IncomingResponse(status, fields, IncomingBody(self._answer, self.close))
            case AnswerEnd(trailers):
                self._complete(_received(trailers, FaultCode.RESPONSE_TRAILER_SECTION_SIZE) if trailers else None)
            case _:
                self._rest = memoryview(event)

    def _complete(self, trailers: Fields | None) -> None:
        self._over = True
        if self._answer is not None:
            self._answer.end(trailers)
        self._stop_asking()
        self.close()

    def _hand_on(self) -> bool:
        """Give the reader what was received of the body; return whether it took anything."""
        assert self._answer is not None, "a body follows its head"  # noqa: S101 -- narrows the type
        taken = self._answer.write(self._rest)
        self._rest = self._rest[taken:]
        return taken > 0

    # Times

    def _events(self, dialogue: Dialogue) -> int:
        """Return the events to wait for; without room for the response, only those of sending."""
        events = dialogue.events()
        full = self._rest or (self._answer is not None and not self._answer.room)
        return events & ~READABLE if full else events

    def _due(self, dialogue: Dialogue) -> int | None:
        """Return until when what is waited for has to happen; None if only the component can go on.

        Raises:
            NetworkRefusal: ``timeout`` if that is over.
        """
        awaited, now = self._awaits(dialogue), perf_counter_ns()
        if awaited is None:
            self._awaited = None
            return None
        if awaited is not self._awaited or self._due_ns is None:
            limit = self._times.between_bytes if awaited is _Awaited.BODY else self._times.first_byte
            self._awaited, self._due_ns = awaited, now + limit
        if now >= self._due_ns:
            raise NetworkRefusal("timeout", f"too long until {awaited.value}", _silence(awaited, dialogue))
        return self._due_ns

    def _awaits(self, dialogue: Dialogue) -> _Awaited | None:
        if dialogue.pending:
            return _Awaited.SENDING
        if self._answer is None:
            return _Awaited.HEAD if self._finished else None
        return None if self._rest or not self._answer.room else _Awaited.BODY


def _silence(awaited: _Awaited, dialogue: Dialogue) -> ExchangeFault:
    if awaited is _Awaited.SENDING:
        return ExchangeFault(FaultCode.CONNECTION_WRITE_TIMEOUT)
    begun = awaited is _Awaited.HEAD and dialogue.heard
    return ExchangeFault(FaultCode.RESPONSE_TIMEOUT if begun else FaultCode.CONNECTION_READ_TIMEOUT)


def _received(headers: tuple[Header, ...], too_large: FaultCode) -> Fields:
    size = sum(len(name) + len(value) for name, value in headers)
    if size > MOST_BYTES:
        text = f"the response has headers of {size} bytes; the limit is {MOST_BYTES}"
        raise NetworkRefusal("too-large", text, ExchangeFault(too_large, number=size))
    return Fields.received((name.decode("ascii"), value) for name, value in headers)
