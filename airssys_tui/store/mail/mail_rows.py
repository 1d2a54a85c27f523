"""What the journal of durable messages keeps of each message."""

from __future__ import annotations

import msgspec


class MailRow(msgspec.Struct, frozen=True):
    """One message.

    Attributes:
        row: Its place in the journal: a later message of the same receiver has a larger one.
        number: The message's id.
        receiver: For whom it is, as text.
        sender: Who sent it, as text; empty for the operator.
        codec: The codec of its body; None if the sender named none.
        form: The case of the body's ``payload``.
        body: The bytes of it.
        correlation: A number of the sender's own, in digits, if any: SQLite has no integers of 64 bits without a sign.
        trace: The trace that it belongs to.
        sent_ns: Unix nanoseconds when it was sent.
        until: Unix seconds after which it is not delivered; None for never.
        attempt: Its next delivery, from 1.
    """

    row: int
    number: str
    receiver: str
    sender: str
    codec: int | None
    form: str
    body: bytes
    correlation: str | None
    trace: str
    sent_ns: int
    until: float | None
    attempt: int


class Burial(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message is dead.

    Attributes:
        row: Its place in the journal.
        reason: One word.
        why: One sentence.
        attempts: How often it was delivered.
        dead_at: Unix seconds.
    """

    row: int
    reason: str
    why: str
    attempts: int
    dead_at: float
