"""Durable messages on their way: written down before their sender goes on, kept until they are handled.

The journal (``store/mail``) holds each of them as a row, numbered in the order in which they are accepted. For each
receiver there is a *box* here, which says how much of the journal is its own and has a *backlog*: the messages that are
not in its mailbox, because it does not run, or has not since the start. The way of a message:

1. The sender's thread gives it a number and puts it among those that are ready. The thread of the journal writes all of
   these in one transaction, while the next ones gather. The sender waits; whatever ends its wait, the message goes on.
2. Once that is durable, the thread of the journal puts the message into the backlog and as much of the backlog as the
   receiver takes into its mailbox, in the order of the numbers. So messages of one sender stay in order.
3. When the message was handled, its row goes with the next message that is written, or a moment later.
4. A message whose receiver stops goes back into the backlog. What is in it is delivered before anything else once the
   receiver serves again. After a start, all that is in the journal is backlog.

A message that is handled just before a kill may be there again after it, with its attempt raised by one.

The lock here is taken before that of an actor, never while one is held.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import AirssysError, DiskFull
from airssys_tui.core.message import Failure, Undelivered
from airssys_tui.core.units import MIB, format_size
from airssys_tui.runtime.actors.mailbox import Intake
from airssys_tui.runtime.machinery.disk_thread import DiskThread
from airssys_tui.runtime.messaging.dead_letters import DeadLetter
from airssys_tui.runtime.messaging.letter import Letter
from airssys_tui.runtime.messaging.written.letter_rows import burial_of, dead_letter_of, row_of, row_of_dead
from airssys_tui.store.mail.durable_mail import DurableMail
from airssys_tui.store.mail.mail_rows import MailRow

MOST_WAITING: Final = 10_000
"""Durable messages of one receiver that are accepted and not handled, at most."""

MOST_WAITING_BYTES: Final = 64 * MIB
"""Bytes of their bodies at most."""

MOST_BYTES: Final = 256 * MIB
"""Bytes of the bodies of all receivers at most."""

MOST_TOGETHER: Final = 256
"""Messages that share a transaction at most: the first of them waits for all."""

MANY_HANDLED: Final = 64
"""Handled messages whose rows are removed at once."""

SOON: Final = 0.05
"""Seconds after which the rows of fewer are removed, unless they go with another message before."""


CLOSING: Final = Failure(Undelivered.FAILED, "durable messages are not accepted: the runtime closes")


class DurableBox:
    """The durable messages of one receiver.

    Attributes:
        backlog: Those that are not in its mailbox, as a heap of numbers with messages.
        count: How many the journal holds.
        bytes: Bytes of their bodies.
    """

    __slots__ = ("backlog", "bytes", "count")

    def __init__(self) -> None:
        self.backlog: list[tuple[int, Letter | MailRow]] = []
        self.count = 0
        self.bytes = 0


class Accepted(msgspec.Struct, frozen=True):
    """A message that is to be written down.

    Attributes:
        letter: The message.
        row: Its number.
        size: Bytes of its body.
        box: That of its receiver.
        told: Called when it is durable, or with why it could not be written.
    """

    letter: Letter
    row: int
    size: int
    box: DurableBox
    told: Callable[[Failure | None], None]


class DurablePost:
    """The durable messages of one runtime. Thread-safe.

    Args:
        mail: The journal.
        letters: Makes the letter of a row; returns None if there is no such receiver now.
        later: Calls a short function after some seconds.

    Attributes:
        filled: Called, on the thread of the journal, when messages cannot be written because the disk is full.
    """

    def __init__(
        self,
        mail: DurableMail,
        letters: Callable[[MailRow], Letter | None],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._mail = mail
        self._letters = letters
        self._later = later
        self._lock = threading.Lock()
        self._thread: DiskThread | None = None
        self._boxes: dict[str, DurableBox] = {}
        self._bytes = 0
        self._rows = 0
        self._handled: list[int] = []
        self._timed = False
        self._ready: deque[Accepted] = deque()
        self._group: tuple[Accepted, ...] = ()
        self._going: tuple[int, ...] = ()
        self._writing = False
        self._closed = "the runtime has not started"
        self.filled: Callable[[DiskFull], None] = _nobody

    def open(self, *, killed: bool) -> tuple[DeadLetter, ...]:
        """Read the journal; return the dead letters in it, those that died first first. Blocks on the disk.

        Args:
            killed: Whether the last run may have delivered messages that are in the journal still.

        Raises:
            StoreError: It cannot be read. Durable messages are refused then.
        """
        try:
            if killed:
                self._mail.count_attempts()
            waiting, dead = self._mail.read()
        except AirssysError as error:
            self._closed = error.message
            raise
        with self._lock:
            for row in waiting:
                box = self._box(row.receiver)
                box.backlog.append((row.row, row))
                self._count(box, 1, len(row.body))
            self._rows = max((row.row for row in (*waiting, *(each for each, _ in dead))), default=0)
            self._closed = ""
        return tuple(dead_letter_of(row, burial) for row, burial in dead)

    def close(self) -> None:
        """Write what is still to be written, and accept nothing any more. Blocks on the disk."""
        self._flush()
        with self._lock:
            self._closed = "the runtime closes"
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.close()

    def waiting(self, receiver: str) -> int:
        """Return how many messages of a receiver are accepted and not handled."""
        box = self._boxes.get(receiver)
        return box.count if box is not None else 0

    def accept(self, letter: Letter, told: Callable[[Failure | None], None]) -> Failure | None:
        """Begin to write a letter down; once that is durable it is on its way.

        Args:
            letter: The letter.
            told: Called once, on another thread, with None when it is durable, or with why it could not be written.

        Returns:
            Why it is not accepted; nobody is told anything then.
        """
        size = letter.size
        with self._lock:
            failure = self._refusal(letter.to.name, size)
            if failure is not None:
                return failure
            self._rows += 1
            letter.row = self._rows
            box = self._box(letter.to.name)
            self._count(box, 1, size)
            self._ready.append(Accepted(letter, letter.row, size, box, told))
            if not self._writing:
                self._writing = True
                self._write(self._write_group, self._written)
        return None

    def acknowledged(self, letter: Letter) -> None:
        """Note that a letter was handled: its row goes soon."""
        with self._lock:
            self._count(self._box(letter.to.name), -1, letter.size)
            self._owe((letter.row or 0,))
            many = len(self._handled) >= MANY_HANDLED
        if many:
            self._flush()

    def returned(self, letter: Letter, *, attempted: bool) -> None:
        """Take back a letter whose receiver stopped; it is delivered when that serves again.

        Args:
            letter: The letter.
            attempted: Whether it was delivered, and may not have been handled.
        """
        number = letter.row or 0
        with self._lock:
            if attempted:
                letter.attempt += 1
                self._write(partial(self._mail.count_attempts, number))
            box = self._box(letter.to.name)
            heapq.heappush(box.backlog, (number, row_of(letter, number)))
            self._feed(box)

    def bury(self, letter: Letter, dead: DeadLetter) -> None:
        """Keep a letter that is dead."""
        with self._lock:
            self._count(self._box(letter.to.name), -1, dead.size)
            self._write(partial(self._mail.bury, burial_of(dead, letter.row or 0)))

    def forget(self, dead: DeadLetter) -> None:
        """Remove a dead letter, if it is durable."""
        if dead.row is not None:
            with self._lock:
                self._write(partial(self._mail.remove, (dead.row,)))

    def revive(self, dead: DeadLetter, told: Callable[[Failure | None], None]) -> Failure | None:
        """Let a durable dead letter wait again, behind those that wait already; as :meth:`accept` does."""
        with self._lock:
            failure = self._refusal(dead.to, dead.size)
            if failure is not None:
                return failure
            self._rows += 1
            number = self._rows
            self._count(self._box(dead.to), 1, dead.size)
            self._write(
                partial(self._mail.revive, dead.row or 0, number, dead.attempts + 1),
                partial(self._revived, dead, number, told),
            )
        return None

    def backlog(self, receiver: str) -> Callable[[object], None] | None:
        """Return what puts the backlog of a receiver into its mailbox; None if there is none.

        It takes no lock: an actor asks while it holds its own.
        """
        box = self._boxes.get(receiver)
        return partial(self._deliver, box) if box is not None and box.backlog else None

    def _deliver(self, box: DurableBox, _serving: object) -> None:
        with self._lock:
            self._feed(box)

    def _feed(self, box: DurableBox) -> None:
        """Put as much of a backlog into the mailbox as it takes, in order; the lock is held."""
        while box.backlog:
            number, found = box.backlog[0]
            letter = self._letters(found) if isinstance(found, MailRow) else found
            if letter is None:
                return
            if letter.to.actor.take(letter, surely=True) is not Intake.TAKEN:
                box.backlog[0] = (number, row_of(letter, number))  # the next actor of that name is another one
                return
            heapq.heappop(box.backlog)

    def _write_group(self) -> None:
        """Write the next messages down; on the thread of the journal, which may do so twice."""
        if not self._group:
            with self._lock:
                together = min(len(self._ready), MOST_TOGETHER)
                self._group = tuple(self._ready.popleft() for _ in range(together))
                self._going, self._handled = tuple(self._handled), []
        self._mail.accept([row_of(each.letter, each.row) for each in self._group], self._going)

    def _written(self, written: Future[Any]) -> None:
        failure = _failure_of(written)
        error = written.exception()
        if isinstance(error, DiskFull):
            self.filled(error)
        group, self._group = self._group, ()
        for each in group:
            with self._lock:
                if failure is None:
                    heapq.heappush(each.box.backlog, (each.row, each.letter))
                    self._feed(each.box)
                else:
                    self._count(each.box, -1, each.size)
            each.told(failure)
        with self._lock:
            if failure is not None:
                self._owe(self._going)
            self._writing = bool(self._ready) and self._write(self._write_group, self._written)
            lost = () if self._writing else tuple(self._ready)
            self._ready = self._ready if self._writing else deque()
        for each in lost:
            each.told(CLOSING)

    def _revived(
        self, dead: DeadLetter, number: int, told: Callable[[Failure | None], None], written: Future[Any]
    ) -> None:
        failure = _failure_of(written)
        with self._lock:
            box = self._box(dead.to)
            if failure is None:
                heapq.heappush(box.backlog, (number, row_of_dead(dead, number)))
                self._feed(box)
            else:
                self._count(box, -1, dead.size)
        told(failure)

    def _owe(self, rows: Collection[int]) -> None:
        """Note rows that are to be removed; the lock is held."""
        self._handled += rows
        if rows and not self._timed:
            self._timed = True
            self._later(SOON, self._flush_timed)

    def _flush_timed(self) -> None:
        self._timed = False
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            if not self._handled or self._closed:
                return
            rows, self._handled = tuple(self._handled), []
            self._write(partial(self._mail.remove, rows), partial(self._removed, rows))

    def _removed(self, rows: tuple[int, ...], written: Future[Any]) -> None:
        if _failure_of(written) is not None:
            with self._lock:
                self._owe(rows)

    def _write(self, function: Callable[[], None], written: Callable[[Future[Any]], None] | None = None) -> bool:
        """Write something on the thread of the journal, unless it is closed; return whether. The lock is held."""
        if self._closed:
            return False
        if self._thread is None:
            self._thread = DiskThread(self._mail, "mail")
        self._thread.commit(function, written)
        return True

    def _refusal(self, receiver: str, size: int) -> Failure | None:
        if self._closed:
            return Failure(Undelivered.FAILED, f"durable messages are not accepted: {self._closed}")
        box = self._box(receiver)
        if box.count >= MOST_WAITING or box.bytes + size > MOST_WAITING_BYTES:
            text = f"too many durable messages wait for {receiver}: {box.count}, {format_size(box.bytes)}"
            return Failure(Undelivered.MAILBOX_FULL, text)
        if self._bytes + size > MOST_BYTES:
            text = f"too many durable messages wait for all components: {format_size(self._bytes)}"
            return Failure(Undelivered.MAILBOX_FULL, text)
        return None

    def _box(self, receiver: str) -> DurableBox:
        box = self._boxes.get(receiver)
        if box is None:
            box = self._boxes[receiver] = DurableBox()
        return box

    def _count(self, box: DurableBox, messages: int, size: int) -> None:
        box.count += messages
        box.bytes += messages * size
        self._bytes += messages * size


def _nobody(_error: DiskFull) -> None:
    """Tell nobody."""


def _failure_of(written: Future[Any]) -> Failure | None:
    error = written.exception()
    return None if error is None else Failure(Undelivered.FAILED, f"it could not be written down: {error}")
