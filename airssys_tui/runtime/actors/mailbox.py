"""The mailbox of an actor: a bounded queue of calls and messages. Used under the lock of the actor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from time import perf_counter_ns
from typing import Any, Final

from airssys_tui.core.errors import MailboxFull
from airssys_tui.core.message import Overflow
from airssys_tui.runtime.actors.reply import Reply

MOST_BYTES: Final = 32 * 1024 * 1024
"""Bytes that the messages in one mailbox bring along together, at most; one message always has room."""


class Intake(Enum):
    """What became of a message that was put into a mailbox."""

    TAKEN = "taken"
    CLOSED = "closed"
    """The component does not accept calls."""
    FULL = "full"


TAKEN: Final = Intake.TAKEN
FULL: Final = Intake.FULL
"""What every message asks: looking up a member of an enum takes as long as putting it into the mailbox."""


class Mailbox(deque[Reply[Any]]):
    """Calls and messages in the order in which they are to run.

    Attributes:
        capacity: How many may wait.
        bytes: What they bring along, by :attr:`~airssys_tui.runtime.actors.reply.Reply.size`.
        overflow: What is done with a message for which there is no room.
        room: Called, one for each that is taken out: who waits for room.
    """

    __slots__ = ("_cleared", "bytes", "capacity", "overflow", "room")

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity
        self.bytes = 0
        self.overflow = Overflow.REJECT
        self.room: deque[Callable[[], None]] | None = None
        self._cleared = 0

    def takes(self, size: int) -> bool:
        """Return whether there is room for a message of a size."""
        return len(self) < self.capacity and (not self.bytes or self.bytes + size <= MOST_BYTES)

    def made_room(self, pause_ns: int, size: int = 0) -> bool:
        """Forget what was taken back, so that it keeps nobody out; return whether there is room now.

        Args:
            pause_ns: Nanoseconds until it is tried again: a full mailbox is not searched for each call that it rejects.
            size: Of the message that is to have room.
        """
        now = perf_counter_ns()
        if now < self._cleared + pause_ns:
            return False
        self._cleared = now
        self._replace(reply for reply in self if not reply.cancelled())
        return self.takes(size)

    def _replace(self, replies: Iterable[Reply[Any]]) -> None:
        kept = list(replies)
        self.clear()
        self.extend(kept)
        self.bytes = sum(reply.size for reply in kept)

    def displace(self, size: int) -> list[Reply[Any]]:
        """Take out and begin the messages that have waited longest until one has room, if room is made so."""
        displaced: list[Reply[Any]] = []
        while self.overflow is Overflow.DROP_OLDEST and not self.takes(size):
            place = next((at for at, each in enumerate(self) if each.droppable and each.begin()), None)
            if place is None:
                break
            displaced.append(self[place])
            self.bytes -= self[place].size
            del self[place]
        return displaced

    def full(self, component: str) -> MailboxFull:
        """Return the error about a call, or a message, for which there is no room."""
        return MailboxFull(
            f"{len(self)} calls are already queued for {component}",
            remedy="try again later, or raise [resources] mailbox",
            component=component,
        )

    def await_room(self, wake: Callable[[], None]) -> None:
        """Add one who waits for room."""
        if self.room is None:
            self.room = deque()
        self.room.append(wake)

    def give_up_room(self, wake: Callable[[], None]) -> None:
        """Forget one who waits for room no more."""
        if self.room is not None:
            self.room = deque(each for each in self.room if each != wake) or None

    def next_for_room(self) -> Callable[[], None] | None:
        """Return who has waited longest for room, once."""
        return self.room.popleft() if self.room else None

    def take_asked(self) -> list[Reply[Any]]:
        """Take out and begin the host's own calls."""
        asked = [reply for reply in self if reply.asked]
        if asked:
            self._replace(reply for reply in self if not reply.asked)
        return [reply for reply in asked if reply.begin()]

    def take_all(self) -> tuple[list[Reply[Any]], list[Callable[[], None]]]:
        """Take out and begin everything; return it, and who waits for room."""
        waiting = [reply for reply in self if reply.begin()]
        self.clear()
        self.bytes = 0
        room, self.room = self.room, None
        return waiting, list(room or ())
