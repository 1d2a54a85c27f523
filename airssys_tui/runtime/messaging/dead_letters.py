"""Letters that could not be delivered, kept until somebody looks at them: to be read, sent again or thrown away.

They are bounded by number and by bytes; the oldest go first, and are counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.core.message import DeadReason, Guarantee, MessageKind
from airssys_tui.host.services.messenger import Body

MOST_LETTERS: Final = 1_000
MOST_BYTES: Final = 16 * 1024 * 1024
"""Bytes of all bodies together at most."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that could not be delivered.

    Attributes:
        id: The message's.
        reason: Why, in one word.
        why: Why, in one sentence that may hold a guest's words.
        to: For whom it was.
        sender: Who sent it; empty for the operator.
        kind: Why it came.
        topic: What it was published on; empty if it was not.
        body: What it says.
        size: Bytes of the body.
        attempts: How often it was delivered.
        guarantee: How often it is handled.
        correlation: The sender's number, if any.
        trace: Its trace.
        sent_at: Unix seconds when it was sent.
        at: Unix seconds when it died.
        row: Its number in the journal of durable messages; None if it is not durable.
    """

    id: str
    reason: DeadReason
    why: str
    to: str
    sender: str
    kind: MessageKind
    topic: str
    body: Body
    size: int
    attempts: int
    guarantee: Guarantee
    correlation: int | None
    trace: str
    sent_at: float
    at: float
    row: int | None = None


class DeadLetters:
    """The dead letters of a runtime. Thread-safe.

    Attributes:
        forgotten: How many were dropped for want of room.
        total: How many there were in this run.
        dropped: Called with each that is dropped for want of room, or for its age.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, DeadLetter] = {}
        self._bytes = 0
        self.forgotten = 0
        self.total = 0
        self.dropped: Callable[[DeadLetter], None] = _nothing

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._kept)

    @property
    def bytes(self) -> int:
        """Bytes of all kept bodies together."""
        return self._bytes

    def keep(self, letter: DeadLetter) -> None:
        """Keep a letter, instead of the oldest ones if there is no room."""
        self.total += 1
        self.put_back(letter)

    def put_back(self, letter: DeadLetter) -> None:
        """Keep a letter that was taken, or that died in an earlier run; it is not counted again."""
        dropped = []
        with self._lock:
            self._remove(letter.id)
            self._kept[letter.id] = letter
            self._bytes += letter.size
            while len(self._kept) > MOST_LETTERS or (self._bytes > MOST_BYTES and len(self._kept) > 1):
                dropped.append(self._remove(next(iter(self._kept))))
                self.forgotten += 1
        for each in dropped:
            if each is not None:
                self.dropped(each)

    def read(self) -> tuple[DeadLetter, ...]:
        """Return the kept letters, oldest first."""
        with self._lock:
            return tuple(self._kept.values())

    def find(self, number: str) -> DeadLetter | None:
        """Return the letter with an id, or None."""
        return self._kept.get(number)

    def take(self, number: str) -> DeadLetter | None:
        """Remove and return the letter with an id, or None."""
        with self._lock:
            return self._remove(number)

    def old(self, before: float) -> tuple[int, int]:
        """Return how many died before a time, in Unix seconds, and the bytes of their bodies."""
        sizes = [each.size for each in self.read() if each.at < before]
        return len(sizes), sum(sizes)

    def drop_old(self, before: float) -> tuple[int, int]:
        """Drop those that died before a time, as :meth:`old` counts them."""
        gone = [found for each in self.read() if each.at < before and (found := self.take(each.id)) is not None]
        for letter in gone:
            self.dropped(letter)
        return len(gone), sum(letter.size for letter in gone)

    def _remove(self, number: str) -> DeadLetter | None:
        found = self._kept.pop(number, None)
        if found is not None:
            self._bytes -= found.size
        return found


def _nothing(_letter: DeadLetter) -> None:
    """Do nothing about a letter that is dropped."""
