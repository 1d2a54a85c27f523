"""The open requests of one instance: asked with a callback, and not answered yet."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Any, Final

import msgspec

from airssys_tui.core.message import Failure, Undelivered
from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.core.units import format_duration
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.actors.contract import CALLBACK_HANDLER
from airssys_tui.runtime.actors.reply import Reply
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.messaging.hops import Hop
from airssys_tui.runtime.messaging.letter import Question
from airssys_tui.runtime.messaging.mail_address import MailAddress
from airssys_tui.runtime.messaging.timeouts import Timeout, Timeouts

MOST_OPEN: Final = 1_000
"""Open requests of one instance at most."""

CALLBACK: Final = f"{CALLBACK_HANDLER}#handle-callback"


class OpenRequest(msgspec.Struct):
    """One of them.

    Attributes:
        question: What was sent; None until it is.
        timeout: Its timeout.
        trace: The trace it belongs to.
        target: Who was asked.
    """

    question: Question | None
    timeout: Timeout
    trace: str
    target: str


class OpenRequests:
    """The open requests of one instance. Thread-safe.

    Args:
        own: The component's address, whose mailbox gets the answers.
        tenant: The instance; answers for any other one are dropped.
        timeouts: Ends those that nobody answers.
    """

    def __init__(self, own: MailAddress, tenant: ComponentTenant, timeouts: Timeouts) -> None:
        self._own = own
        self._tenant = tenant
        self._timeouts = timeouts
        self._lock = threading.Lock()
        self._open: dict[int, OpenRequest] = {}
        self._over = False

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def begin(self, number: int, seconds: float, target: str, trace: str) -> bool:
        """Open a request, and its timeout; return False if too many are open or the instance is gone."""
        why = f"{target} did not answer within {format_duration(seconds)}"
        passed = partial(self._passed, number, Failure(Undelivered.TIMEOUT, why))
        with self._lock:
            if self._over or len(self._open) >= MOST_OPEN:
                return False
            self._open[number] = OpenRequest(None, self._timeouts.add(seconds, passed), trace, target)
        return True

    def sent(self, number: int, question: Question) -> None:
        """Note what was sent for a request."""
        with self._lock:
            request = self._open.get(number)
            if request is not None:
                request.question = question

    def cancel(self, number: int) -> bool:
        """Close a request without an answer; return whether it was open."""
        request = self._close(number)
        if request is not None and request.question is not None:
            request.question.cancel()
        return request is not None

    def cancel_all(self) -> None:
        """Close all requests, and open no more."""
        with self._lock:
            self._over = True
            numbers = tuple(self._open)
        for number in numbers:
            self.cancel(number)

    def answered(self, number: int, answer: Variant | Failure) -> None:
        """Close a request with its answer, which comes to the callback handler; a late one is dropped."""
        request = self._close(number)
        if request is None:
            self._own.counts.late += 1
            return
        value = Err(Variant(answer.case.value, answer.text)) if isinstance(answer, Failure) else Ok(answer)
        reply: Reply[Any] = Reply(
            partial(self._call_back, number, value, request, time.time_ns()), self._own.actor.lock
        )
        self._own.actor.take(reply, surely=True)

    def _passed(self, number: int, failure: Failure) -> None:
        request = self._open.get(number)
        question = request.question if request is not None else None
        self.answered(number, failure)
        if question is not None:
            question.cancel()

    def _close(self, number: int) -> OpenRequest | None:
        with self._lock:
            request = self._open.pop(number, None)
        if request is not None:
            self._timeouts.end(request.timeout)
        return request

    def _call_back(self, number: int, value: Ok | Err, request: OpenRequest, sent_ns: int, serving: Serving) -> None:
        if serving.tenant is not self._tenant:
            self._own.counts.late += 1
            return
        serving.tenant.tracer.name_next(request.trace)
        began, error = time.time_ns(), "trapped"
        try:
            serving.call(CALLBACK, number, value)
            error = ""
        finally:
            ends = sent_ns, began, time.time_ns()
            self._own.hops.append(Hop(request.trace, request.target, self._own.name, "answer", None, *ends, error))
