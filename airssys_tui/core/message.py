"""Messages between components: their kinds, their guarantees, and why one is not delivered."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.errors import AirssysError

MAX_ATTEMPTS: Final = 3
"""Deliveries of a message that is handled at least once, at most; then it is a dead letter."""

MAX_TARGETS: Final = 64
"""Components that one broadcast goes to at most."""

LONGEST_MS: Final = 3_600_000
"""Milliseconds of a message's deadline and of a request's timeout at most; at least 1."""


class MessageKind(StrEnum):
    """Why a message comes; the cases of ``message-kind``."""

    SENT = "fire-and-forget"
    REQUEST = "request"
    PUBLISHED = "publish"


class Guarantee(StrEnum):
    """How often a message is handled; the cases of ``guarantee``."""

    AT_MOST_ONCE = "at-most-once"
    AT_LEAST_ONCE = "at-least-once"
    DURABLE = "durable"


class Overflow(StrEnum):
    """What a full mailbox does with another message."""

    REJECT = "reject"
    """The sender gets an error."""

    BLOCK = "block"
    """The sender waits for room, for a second at most."""

    DROP_OLDEST = "drop-oldest"
    """The message that has waited longest becomes a dead letter."""


class Undelivered(StrEnum):
    """Why a message or a request was not delivered or not answered; the cases of ``messaging-error``."""

    UNKNOWN_TARGET = "unknown-target"
    NOT_RUNNING = "not-running"
    DENIED = "denied"
    MAILBOX_FULL = "mailbox-full"
    RATE_LIMITED = "rate-limited"
    TOO_LARGE = "too-large"
    UNSUPPORTED_CODEC = "unsupported-codec"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Failure(msgspec.Struct, frozen=True):
    """One undelivered message: the case, and one sentence for people."""

    case: Undelivered
    text: str


class MessageRefusal(AirssysError):
    """A message of the operator was not taken, or a request not answered; carries the case.

    Args:
        case: Why.
        message: One sentence.
        remedy: What to do next.
        component: For whom it was, if for one.
    """

    title = "message"

    def __init__(self, case: Undelivered, message: str, *, remedy: str = "", component: str | None = None) -> None:
        super().__init__(message, remedy=remedy, component=component)
        self.case = case


class MessageHeldBack(MessageRefusal):
    """As :class:`MessageRefusal`, and the same message may be taken later."""

    title = "message, for now"
    retryable = True


TEMPORARY: Final = frozenset({Undelivered.MAILBOX_FULL, Undelivered.RATE_LIMITED, Undelivered.TIMEOUT})
"""Cases in which trying again later may help."""


class DeadReason(StrEnum):
    """Why an accepted message became a dead letter."""

    TRAPPED = "trapped"
    """Its receiver trapped while it handled it, and it is handled at most once."""

    EXHAUSTED = "exhausted"
    """It was delivered as often as it may be, and never acknowledged."""

    EXPIRED = "expired"
    """Its deadline passed before it was delivered."""

    STOPPED = "stopped"
    """Its receiver stopped, or was given up, before it was delivered."""

    OVERFLOW = "overflow"
    """A newer message took its place in a full mailbox."""

    CODEC = "codec"
    """The revision that serves does not accept its codec."""

    NO_HANDLER = "no-handler"
    """The revision that serves has no message handler."""

    UNSENT = "unsent"
    """A candidate sent it, and when that began to serve it could not be sent."""
