"""Messages on their way: each is a piece of work in the receiver's mailbox, and knows what to do when it ends.

A letter wants no answer. If it is handled at least once, it outlives a trap of its receiver, and an error that the
receiver calls retryable: it goes back to the head of the mailbox, so the order of messages stays as it was. A letter
that cannot be delivered any more becomes a dead letter. A question wants an answer, and whoever asked is told why there
is none, so it never becomes a dead letter; it is delivered once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar, Final, Protocol

from airssys_tui.core.errors import CallDropped, ExportNotFound, MailboxFull
from airssys_tui.core.message import MAX_ATTEMPTS, DeadReason, Failure, Guarantee, MessageKind, Undelivered
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Some, Variant
from airssys_tui.host.messages.message_types import size_of
from airssys_tui.host.services.messenger import Body
from airssys_tui.runtime.actors.contract import MESSAGE_HANDLER, error_text
from airssys_tui.runtime.actors.reply import Reply
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.messaging.hops import Hop
from airssys_tui.runtime.messaging.mail_address import MailAddress

HANDLE: Final = f"{MESSAGE_HANDLER}#handle-message"

EMPTY: Final = Variant("text", "")
"""The answer of a handler that gives none."""


class Undeliverable(Exception):
    """A message that cannot be delivered to the revision that serves."""

    def __init__(self, reason: DeadReason, case: Undelivered, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.case = case


class Retryable(Exception):
    """The handler answered with the error ``retryable``."""


class Ends(Protocol):
    """Who is told of the end of letters."""

    def acknowledged(self, letter: Letter) -> None:
        """Note that a letter was handled."""
        ...

    def died(self, letter: Letter, reason: DeadReason, why: str) -> None:
        """Keep a letter that cannot be delivered any more."""
        ...

    def returned(self, letter: Letter, *, attempted: bool) -> None:
        """Take back a durable letter whose receiver stopped."""
        ...


class Message(Reply[Any]):
    """What letters and questions have in common.

    Args:
        to: Who gets it.
        sender: Who sent it; None for the operator.
        body: What it says.
        number: What tells it apart from all others.
        trace: The trace that it belongs to.

    Attributes:
        id: Its number.
        to: The same, as are ``sender``, ``body`` and ``trace``.
        sent_ns: Unix nanoseconds when it was sent.
        until: Monotonic seconds after which it is not delivered; None for never.
        attempt: Its delivery, from 1.
        correlation: The request that it is, or a number of the sender's own.
        topic: What it was published on; None if it was not.
        size: Bytes of what it says.
    """

    __slots__ = (
        "attempt",
        "body",
        "correlation",
        "id",
        "sender",
        "sent_ns",
        "size",
        "to",
        "topic",
        "trace",
        "until",
    )

    kind: ClassVar[MessageKind] = MessageKind.SENT

    def __init__(self, to: MailAddress, sender: MailAddress | None, body: Body, number: str, trace: str) -> None:
        super().__init__(self._deliver, to.actor.lock)
        self.to = to
        self.sender = sender
        self.body = body
        self.size = size_of(body)
        self.trace = trace
        self.sent_ns = time.time_ns()
        self.until: float | None = None
        self.attempt = 1
        self.correlation: int | None = None
        self.topic: str | None = None
        self.id = number

    def _deliver(self, serving: Serving) -> Any:
        left: Some | None = None
        if self.until is not None:
            seconds = self.until - time.monotonic()
            if seconds <= 0:
                raise Undeliverable(DeadReason.EXPIRED, Undelivered.TIMEOUT, "its deadline has passed")
            left = Some(int(seconds * 1000))
        codec = self.body["codec"]
        if codec is not None and serving.accepts is not None and codec.value not in serving.accepts:
            raise Undeliverable(DeadReason.CODEC, Undelivered.UNSUPPORTED_CODEC, refused_codec(self.to, codec.value))
        answer = self._handle(serving, left)
        self.to.counts.handled += 1
        return answer

    def _handle(self, serving: Serving, left: Some | None) -> Any:
        """Call the handler, and note the hop."""
        seconds, nanoseconds = divmod(self.sent_ns, 1_000_000_000)
        sender, topic = self.sender, self.topic
        serving.tenant.tracer.name_next(self.trace)
        began, error = time.time_ns(), "trapped"
        try:
            answer = serving.call(
                HANDLE,
                {
                    "id": self.id,
                    "kind": str(self.kind),
                    "sender": sender.sender if sender is not None else None,
                    "topic": Some(topic) if topic is not None else None,
                    "correlation": Some(self.correlation) if self.correlation is not None else None,
                    "body": self.body,
                    "sent-at": {"seconds": seconds, "nanoseconds": nanoseconds},
                    "time-left": left,
                    "attempt": self.attempt,
                    "trace-id": self.trace,
                },
            ).value
            error = error_text(answer) if answer.__class__ is Err else ""
        finally:
            name = sender.name if sender is not None else ""
            hop = Hop(self.trace, name, self.to.name, self.kind, topic, self.sent_ns, began, time.time_ns(), error)
            self.to.hops.append(hop)
        return answer


def refused_codec(to: MailAddress, codec: int) -> str:
    """Return that a component does not accept a codec."""
    return f"{to.name} does not accept the codec {codec:#x}"


class Letter(Message):
    """A message that wants no answer.

    Args:
        ends: Told of its end.
        guarantee: How often it is handled.
        row: Its number in the journal of durable messages; None if it is not durable.
    """

    __slots__ = ("_ends", "guarantee", "row")

    droppable: ClassVar[bool] = True

    def __init__(
        self,
        to: MailAddress,
        sender: MailAddress | None,
        body: Body,
        number: str,
        trace: str,
        *,
        ends: Ends,
        guarantee: Guarantee = Guarantee.AT_MOST_ONCE,
    ) -> None:
        super().__init__(to, sender, body, number, trace)
        self._ends = ends
        self.guarantee = guarantee
        self.row: int | None = None

    def _deliver(self, serving: Serving) -> Any:
        answer = super()._deliver(serving)
        if answer.__class__ is Err and self.guarantee is not Guarantee.AT_MOST_ONCE:
            error: Variant = answer.value
            if error.case == "retryable":
                raise Retryable(error_text(answer))
        return None

    def outlives(self, error: BaseException) -> bool:
        """Return whether it is delivered again."""
        if self.guarantee is Guarantee.AT_MOST_ONCE or self.attempt >= MAX_ATTEMPTS:
            return False
        if not isinstance(error, GuestTrap | Retryable):
            return False
        self.attempt += 1
        self.to.counts.redelivered += 1
        return True

    def finish(self, value: Any) -> None:
        """Note that it was handled."""
        super().finish(value)
        if self.row is not None:
            self._ends.acknowledged(self)

    def fail(self, error: BaseException) -> None:
        """Make it a dead letter, unless it is durable and its receiver stopped."""
        reason = self._reason(error)
        if self.row is not None and reason is DeadReason.STOPPED:
            self._ends.returned(self, attempted=isinstance(error, GuestTrap))
        else:
            self._ends.died(self, reason, why_of(error))
        super().fail(error)

    def _reason(self, error: BaseException) -> DeadReason:
        if isinstance(error, Undeliverable):
            return error.reason
        if isinstance(error, MailboxFull):
            return DeadReason.OVERFLOW
        if isinstance(error, CallDropped):
            return DeadReason.STOPPED
        if isinstance(error, ExportNotFound):
            return DeadReason.NO_HANDLER
        if self.guarantee is Guarantee.AT_MOST_ONCE:
            return DeadReason.TRAPPED
        return DeadReason.EXHAUSTED if self.attempt >= MAX_ATTEMPTS else DeadReason.STOPPED


class Publication(Letter):
    """A letter to a subscriber. It is dropped, and counted, when the component may not have it any more.

    Attributes:
        may_have: Says whether an instance may have it.
    """

    __slots__ = ("may_have",)

    kind: ClassVar[MessageKind] = MessageKind.PUBLISHED
    may_have: Callable[[Serving], bool]

    def _deliver(self, serving: Serving) -> Any:
        if not self.may_have(serving):
            self.to.counts.missed["denied"] += 1
            return None
        return super()._deliver(serving)


class Question(Message):
    """A message that wants an answer.

    Args:
        answered: Called once with the answer, a ``payload``, or why there is none.
    """

    __slots__ = ("_answered",)

    kind: ClassVar[MessageKind] = MessageKind.REQUEST

    def __init__(
        self,
        to: MailAddress,
        sender: MailAddress | None,
        body: Body,
        number: str,
        trace: str,
        *,
        answered: Callable[[Variant | Failure], None],
    ) -> None:
        super().__init__(to, sender, body, number, trace)
        self._answered = answered

    def finish(self, value: Any) -> None:
        """Pass the answer on."""
        self._answered(self._answer(value))
        super().finish(value)

    def fail(self, error: BaseException) -> None:
        """Say why there is no answer."""
        case = Undelivered.FAILED
        if isinstance(error, Undeliverable):
            case = error.case
        elif isinstance(error, CallDropped) or _was_cancelled(error):
            case = Undelivered.CANCELLED
        self._answered(Failure(case, why_of(error)))
        super().fail(error)

    def _answer(self, value: Any) -> Variant | Failure:
        if value.__class__ is Err:
            return Failure(Undelivered.FAILED, f"{self.to.name} answered {error_text(value)}")
        if value.value is None:
            return EMPTY
        answer: Variant = value.value.value
        size = len(answer.payload.encode() if isinstance(answer.payload, str) else answer.payload)
        if size > self.to.size:
            return Failure(
                Undelivered.TOO_LARGE, f"the answer of {self.to.name} has {size} bytes; the limit is {self.to.size}"
            )
        return answer


def _was_cancelled(error: BaseException) -> bool:
    return isinstance(error, GuestTrap) and error.trap.kind is TrapKind.CANCELLED


def why_of(error: BaseException) -> str:
    """Return one sentence about an error for people."""
    if _was_cancelled(error):
        return "its receiver was stopped or replaced while it handled it"
    if isinstance(error, GuestTrap):
        return f"its receiver trapped: {error.trap.message}"
    return str(error)
