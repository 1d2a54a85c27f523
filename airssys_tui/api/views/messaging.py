"""Messages between components, as front ends send and see them."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.core.message import DeadReason, Guarantee, MessageKind
from airssys_tui.core.text import GuestText, Verbatim

MOST_LETTERS: Final = 1_000
"""Dead letters that one request names or returns at most."""

LONGEST_LISTEN: Final = 20.0
"""Seconds that one request waits for publications at most."""


class MessageBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says: text or bytes.

    Attributes:
        text: The text; None if it is bytes.
        binary: The bytes; None if it is text.
        codec: Number of the encoding in the multicodec table; None if nobody said.
    """

    text: Verbatim | None = None
    binary: bytes | None = None
    codec: int | None = None

    @property
    def size(self) -> int:
        """Bytes; text is counted in UTF-8."""
        return len(self.binary) if self.binary is not None else len((self.text or "").encode(errors="surrogatepass"))

    @property
    def shown(self) -> str:
        """The text, or the bytes with those that are not ASCII in hexadecimal; to be sanitised where it is drawn."""
        return self.text or "" if self.binary is None else self.binary.decode("ascii", "backslashreplace")


class Sent(msgspec.Struct, frozen=True):
    """A message that was accepted.

    Attributes:
        id: The message's.
        trace: The trace that begins with it: 32 hexadecimal digits.
    """

    id: str
    trace: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request.

    Attributes:
        body: What it says; it has no codec.
        seconds: Time until it came.
        trace: The trace that begins with the request.
    """

    body: MessageBody
    seconds: float
    trace: str


class Published(msgspec.Struct, frozen=True):
    """What became of a publication.

    Attributes:
        taken: Components whose mailboxes took it.
        trace: The trace that begins with it.
    """

    taken: int
    trace: str


class PublicationView(msgspec.Struct, frozen=True, kw_only=True):
    """One publication, as somebody outside hears it.

    Attributes:
        number: Grows by one for each publication that the pattern matched.
        topic: What it was published on.
        sender: The component; empty for the operator.
        body: What it says.
        at: Unix time.
        trace: Its trace.
    """

    number: int
    topic: str
    sender: str
    body: MessageBody
    at: float
    trace: str


class PublicationPage(msgspec.Struct, frozen=True, kw_only=True):
    """Publications, oldest first.

    Attributes:
        publications: They.
        last: What to ask for next: the number of the newest one that there was.
        missed: Those that were dropped before they were asked for.
    """

    publications: tuple[PublicationView, ...] = ()
    last: int
    missed: int = 0


class DeadLetterView(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be delivered.

    Attributes:
        id: Names it; the message's own id, with its receiver if it was published.
        to: For which component it was.
        sender: Who sent it; empty for the operator.
        kind: Whether it was sent or published.
        topic: What it was published on; empty if it was not.
        reason: Why it was not delivered.
        why: The same in one sentence.
        size: Bytes of what it says.
        preview: The beginning of what it says.
        attempts: How often it was delivered.
        guarantee: How often it is handled.
        correlation: The sender's number; None if it gave none.
        sent_at: Unix time when it was sent.
        at: Unix time when it became a dead letter.
        trace: Its trace.
        body: All that it says; None in a list.
    """

    id: str
    to: str
    sender: str
    kind: MessageKind
    topic: str
    reason: DeadReason
    why: GuestText
    size: int
    preview: Verbatim
    attempts: int
    guarantee: Guarantee
    correlation: int | None
    sent_at: float
    at: float
    trace: str
    body: MessageBody | None = None


class DeadLettersView(msgspec.Struct, frozen=True, kw_only=True):
    """The dead letters of a runtime, oldest first.

    Attributes:
        letters: They, without what they say.
        bytes: Bytes of all that they say.
        forgotten: Letters that were dropped because there were too many.
    """

    letters: tuple[DeadLetterView, ...] = ()
    bytes: int = 0
    forgotten: int = 0


class LetterOutcome(msgspec.Struct, frozen=True):
    """What became of one dead letter that was to be sent again or discarded.

    Attributes:
        id: The letter's.
        error: Why nothing was done, and it is still there; empty if it was done.
    """

    id: str
    error: GuestText = GuestText("")
