"""One request on its way through a component's mailbox: what the loop of the server and the worker share.

The worker runs the component's call, and the component writes its response into a pipe; the loop sends what it finds
there. To wake the loop for each piece takes as long as a short call, so a call is *held* at first: the loop is woken
when the call is over, or when the component cannot write any more because its pipe is full. What a longer call has to
say by then is found by the gateway, which looks at calls under way a hundred times a second. From then on the loop is
woken for each piece.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

from airssys_tui.api.views.http import HostReason
from airssys_tui.core.capability.permission import Access
from airssys_tui.core.description import incoming_handler
from airssys_tui.host.doors.exchange.body_pipe import BodyPipe
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.header_fields import Fields
from airssys_tui.host.doors.exchange.http_messages import IncomingRequest, OutgoingResponse
from airssys_tui.host.doors.exchange.message_bodies import IncomingBody
from airssys_tui.host.doors.exchange.response_slot import ResponseSlot
from airssys_tui.runtime.actors.renewal import count_request
from airssys_tui.runtime.incoming.host_answers import Unserved
from airssys_tui.runtime.incoming.request_head import RequestHead
from airssys_tui.runtime.incoming.request_record import RequestRecord

if TYPE_CHECKING:
    from airssys_tui.engine.waiting import Waitable
    from airssys_tui.runtime.actors.reply import Reply
    from airssys_tui.runtime.actors.serving import Serving

LEFT: Final = ExchangeFault(FaultCode.CONNECTION_TERMINATED)
"""How the body of a request ends whose client went away."""

LATE: Final = ExchangeFault(FaultCode.CONNECTION_READ_TIMEOUT)
"""How the body of a request ends whose client sends too slowly."""

DUE: Final = 0.75
"""Part of a call's time after which it waits for its client no longer: what is left is for ending in good order."""

NEVER_NS: Final = 2**63


class RequestCall:
    """One request as a call.

    Args:
        record: Where it is noted what comes of it.
        head: What is asked for.
        on_loop: Has a function called on the loop of the server soon; from any thread.
        access: What the component needs to be reached from where the request came in; None if everything is.

    Attributes:
        record: The same.
        body: The pipe of the request's body.
        receive: Begins to receive the rest of the body; called on the loop when the call begins.
        reply: The call in the mailbox, once it is there.
        left: Whether the client went away.
        due_ns: Until when the call may wait for its client, in nanoseconds of ``perf_counter_ns``; `NEVER_NS` before it
            begins.
        sending_ns: Since when the client has been taking what was sent last; 0 if nothing is on its way.
        slow: Whether the client was too slow, at either body.
        too_large: Whether the body turned out to be larger than the component takes.
    """

    __slots__ = (
        *("_access", "_held", "_news", "_on_loop", "_waiter", "body", "left", "receive", "record", "reply", "request"),
        *("due_ns", "response", "sending_ns", "slow", "too_large"),
    )

    def __init__(
        self,
        record: RequestRecord,
        head: RequestHead,
        on_loop: Callable[[Callable[[], None]], None],
        access: Access | None = None,
    ) -> None:
        self.record = record
        self.body = BodyPipe()
        self.request = IncomingRequest(
            head.method,
            head.target,
            scheme=head.scheme,
            authority=head.authority,
            fields=Fields.received(head.fields),
            body=IncomingBody(self.body),
        )
        self.response = ResponseSlot(self._answered)
        self.reply: Reply[None] | None = None
        self.receive: Callable[[], None] = self.wake
        self.left = self.slow = self.too_large = False
        self.due_ns = NEVER_NS
        self.sending_ns = 0
        self._access = access
        self._on_loop = on_loop
        self._held = True
        self._news = False
        self._waiter: asyncio.Future[None] | None = None

    # On the worker

    def run(self, serving: Serving) -> None:
        """Run the component's call.

        Raises:
            Unserved: If the revision that serves answers no requests, or may not be reached from there.
            AirssysError: If the call fails.
        """
        record = self.record
        record.began_ns = perf_counter_ns()
        record.revision = serving.revision
        export = incoming_handler(serving.artifact.interface)
        if not export:
            raise Unserved(HostReason.NOT_SERVING, f"r{serving.revision} does not export wasi:http/incoming-handler")
        denial = serving.tenant.guard.require(self._access) if self._access is not None else None
        if denial is not None:
            raise Unserved(HostReason.NOT_GRANTED, denial.text)
        count_request(serving)
        self.due_ns = perf_counter_ns() + int(serving.instance.limits.deadline * DUE * 1e9)
        if not self.body.closed:
            self._on_loop(self.receive)
        serving.tenant.tracer.name_next(record.id)
        serving.call(export, self.request, self.response)

    def _answered(self) -> None:
        outcome = self.response.outcome
        pipe = body_of(outcome)
        if pipe is not None:
            if self.left:
                pipe.abandon()
            pipe.driver = self
            pipe.on_readable(self._tell)
        self._tell()

    def _tell(self) -> None:
        self._news = True
        if not self._held:
            self._on_loop(self.wake)

    def advance(self, _caller: Any) -> None:
        """Have the loop send what is in the pipe of the response if it is full: the component will wait for room."""
        pipe = body_of(self.response.outcome)
        if pipe is None or pipe.room:
            return
        pipe.driver = None
        if self._held:
            self._held = False
            self._on_loop(self.wake)

    def waitable(self) -> Waitable:
        """Return what the component waits for: that the loop has made room."""
        self.advance(None)
        pipe = body_of(self.response.outcome)
        assert pipe is not None, "it is the driver of this pipe only"  # noqa: S101 -- narrows the type
        return pipe.until_writable()

    # On the loop

    def posted(self, reply: Reply[None]) -> None:
        """Note the call in the mailbox."""
        self.reply = reply
        reply.add_done_callback(lambda _: self._on_loop(self.wake))

    @property
    def over(self) -> bool:
        """Whether the call is over."""
        return self.reply is not None and self.reply.done()

    @property
    def outcome(self) -> OutgoingResponse | ExchangeFault | None:
        """What the component answered, if it is time to look at that: at the end of the call, or when it takes long."""
        return None if self._held and not self.over else self.response.outcome

    def release(self) -> None:
        """Hold back nothing any more; later news wake the loop themselves."""
        if self._held:
            self._held = False
            if self._news:
                self.wake()

    def wake(self) -> None:
        """Let whoever waits for news look again."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def news(self) -> None:
        """Wait until there is something to look at."""
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    async def answered(self) -> OutgoingResponse | ExchangeFault | None:
        """Wait until it is time to look at what the component answered, or nothing will come; return it."""
        while True:
            # Asked first: a call that ends between the two questions has its answer by the second.
            done = self.over or self.left
            outcome = self.outcome
            if done or outcome is not None:
                return outcome
            await self.news()

    def press(self) -> bool:
        """Let the call wait for a slow client no longer: its deadline would end its instance.

        Returns:
            Whether it waits for the client to take its response, and gets no further.
        """
        if not self.body.closed and not self.body.waiting:
            self.slow = True
            self.body.fail(LATE)
        pipe = body_of(self.response.outcome)
        if pipe is None or pipe.room or pipe.closed or not self.sending_ns:
            return False
        self.slow = True
        pipe.abandon()
        return True

    def leave(self) -> None:
        """Note that the client went away: a queued call will not run, and one that runs sees both bodies closed."""
        self.left = True
        if self.reply is not None:
            self.reply.cancel()
        self.body.fail(LEFT)
        pipe = body_of(self.response.outcome)
        if pipe is not None:
            pipe.abandon()
        self.wake()


def body_of(outcome: OutgoingResponse | ExchangeFault | None) -> BodyPipe | None:
    """Return the pipe of the body of a response, if there is one."""
    return outcome.body.pipe if isinstance(outcome, OutgoingResponse) and outcome.body is not None else None
