"""The recorded calls of a component: the last ones, and before them as many as are needed to run those again.

A call depends on what was in its instance before. So what is kept are *chains*: calls of one instance, one after
another, from a beginning that can be made again. That is the start of the instance, or, for a component that saves its
state, a saved state. A chain whose first calls had to be dropped, or in which a call is missing, says so.

Kept in memory only. They hold what the component was given and what it read, secrets included, and are of use as long
as its revisions are at hand; on a disk they would need the care that those need, and every call would wait for it.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

import msgspec

from airssys_tui.core.identity import Digest
from airssys_tui.core.revision import Tier
from airssys_tui.core.units import MIB
from airssys_tui.host.recording.recorded_call import RecordedCall

COMPONENT_BYTES: Final = 8 * MIB
"""Bytes of the recordings of one component at most."""

RUNTIME_BYTES: Final = 64 * MIB
"""Bytes of all recordings of a runtime at most: each component that records has an equal share."""


class Origin(msgspec.Struct, frozen=True):
    """The instance that was recorded: the revision, the artifact, and which compiler made its code."""

    revision: int
    digest: Digest
    tier: Tier


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of one instance, one after another.

    Attributes:
        origin: The instance.
        opening: The making of the instance and its ``init``.
        basis: The load of the saved state with which it begins; None if it begins with the start of the instance.
        lost: Calls between the beginning and the first one that are not kept or not whole.
        calls: The calls.
    """

    origin: Origin
    opening: tuple[RecordedCall, ...] = ()
    basis: RecordedCall | None = None
    lost: int = 0
    calls: tuple[RecordedCall, ...] = ()


class Segment:
    """A chain that grows at its end and may lose its first calls. Under the lock of its recordings.

    Attributes:
        bytes: Bytes that it is counted with.
        counted: Calls that the host did not make itself.
    """

    __slots__ = ("_basis", "_calls", "_lost", "_opening", "_origin", "bytes", "counted")

    def __init__(
        self, origin: Origin, opening: tuple[RecordedCall, ...] = (), basis: RecordedCall | None = None, lost: int = 0
    ) -> None:
        self._origin = origin
        self._opening = opening
        self._basis = basis
        self._lost = lost
        self._calls: deque[RecordedCall] = deque()
        self.counted = 0
        self.bytes = sum(call.size for call in opening) + (0 if basis is None else basis.size)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing between its beginning and its end."""
        return not self._lost

    def add(self, call: RecordedCall) -> None:
        """Append a call."""
        self._calls.append(call)
        self.counted += not call.asked
        self.bytes += call.size

    def open_with(self, call: RecordedCall) -> None:
        """Append a call to the opening."""
        self._opening = (*self._opening, call)
        self.bytes += call.size

    def successor(self, basis: RecordedCall | None = None, lost: int = 0) -> Segment:
        """Return an empty segment of the same instance."""
        return Segment(self._origin, self._opening, basis, lost)

    def shorten(self) -> bool:
        """Drop the first call, or the beginning if there is no call; return whether there was something to drop."""
        if self._calls:
            gone = self._calls.popleft()
            self.counted -= not gone.asked
            self.bytes -= gone.size
            self._lost += 1
            return True
        if not self.bytes:
            return False
        self._opening, self._basis, self.bytes = (), None, 0
        self._lost += 1
        return True

    def chain(self) -> Chain:
        """Return it as it is now."""
        return Chain(
            origin=self._origin,
            opening=self._opening,
            basis=self._basis,
            lost=self._lost,
            calls=tuple(self._calls),
        )


class Shares:
    """Divides the memory for recordings among the components of a runtime. Any thread may use it.

    Args:
        total: Bytes of all of them; :data:`RUNTIME_BYTES` if not given.
        most: Bytes of one of them; :data:`COMPONENT_BYTES` if not given.
    """

    def __init__(self, total: int | None = None, most: int | None = None) -> None:
        self._total = RUNTIME_BYTES if total is None else total
        self._most = COMPONENT_BYTES if most is None else most
        self._lock = threading.Lock()
        self._members: list[Recordings] = []

    @property
    def each(self) -> int:
        """Bytes of each component."""
        return min(self._most, self._total // max(1, len(self._members)))

    def join(self, member: Recordings) -> None:
        """Give a component a share; the others give up what is more than theirs."""
        with self._lock:
            if member not in self._members:
                self._members.append(member)
            others = tuple(self._members)
        for other in others:
            other.trim()

    def leave(self, member: Recordings) -> None:
        """Take the share of a component back."""
        with self._lock:
            if member in self._members:
                self._members.remove(member)


class Recordings:
    """The recorded calls of one component. Any thread may use it; the lock is never held while a guest runs.

    Args:
        shares: Says how many bytes it may have.

    Attributes:
        most: Calls that are wanted: at least so many of the last ones are kept, as far as the bytes suffice.
        dropped: Calls that are not kept although they are wanted, for want of room.
        cut: Calls of which not all could be recorded.
    """

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._lock = threading.Lock()
        self._segments: deque[Segment] = deque()
        self._serial = 0
        self.most = 0
        self.dropped = 0
        self.cut = 0

    def __len__(self) -> int:
        """Return how many calls are kept that the host did not make itself."""
        with self._lock:
            return sum(segment.counted for segment in self._segments)

    @property
    def bytes(self) -> int:
        """Bytes that they are counted with."""
        with self._lock:
            return sum(segment.bytes for segment in self._segments)

    @property
    def share(self) -> int:
        """Bytes that it may have."""
        return self._shares.each

    def number(self) -> int:
        """Return the number of the next call."""
        with self._lock:
            self._serial += 1
            return self._serial

    def take(self, segment: Segment, most: int) -> None:
        """Keep a segment, which may go on growing, as the newest one.

        Args:
            segment: The segment.
            most: Calls that are wanted from now on.
        """
        with self._lock:
            self.most = most
            self._segments.append(segment)
        self._shares.join(self)

    def follow(self, segment: Segment, successor: Segment) -> None:
        """Keep another segment after one, if that one is kept here."""
        with self._lock:
            if self._segments and self._segments[-1] is segment:
                self._segments.append(successor)

    def add(self, segment: Segment, call: RecordedCall) -> None:
        """Append a call to a segment, whether or not it is kept here."""
        with self._lock:
            segment.add(call)
            self.cut += bool(call.cut)
            self._trim()

    def trim(self) -> None:
        """Drop what is more than may be kept."""
        with self._lock:
            self._trim()

    def clear(self) -> None:
        """Drop everything: its component is not recorded any more."""
        with self._lock:
            self._segments.clear()
            self.most = self.dropped = self.cut = 0
        self._shares.leave(self)

    def chains(self) -> tuple[Chain, ...]:
        """Return what is kept, oldest first."""
        with self._lock:
            return tuple(segment.chain() for segment in self._segments)

    def _trim(self) -> None:
        kept = sum(segment.counted for segment in self._segments)
        while len(self._segments) > 1 and kept - self._segments[0].counted >= self.most:
            kept -= self._segments.popleft().counted
        size, most = sum(segment.bytes for segment in self._segments), self._shares.each
        while size > most:
            first = self._segments[0]
            size, kept = size - first.bytes, kept - first.counted
            gone = first.counted
            if len(self._segments) > 1:
                self._segments.popleft()
            else:
                first.shorten()
                size, kept, gone = size + first.bytes, kept + first.counted, gone - first.counted
            self.dropped += gone if kept < self.most else 0
