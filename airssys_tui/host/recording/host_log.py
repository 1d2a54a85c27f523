"""The host calls of one call, in order, with what each was given and what came of it."""

from __future__ import annotations

from array import array
from enum import IntEnum
from typing import Any, Final

import msgspec

from airssys_tui.core.traps import TrapKind
from airssys_tui.core.types.interface import Function
from airssys_tui.core.units import MIB
from airssys_tui.host.recording.packed_forms import Handles, packing

MOST_HOST_CALLS: Final = 10_000
"""Host calls of one call that are recorded; of one with more, the first ones."""

MOST_BYTES: Final = 3 * MIB
"""Bytes of one call's record; of one with more, what came first."""


class Came(IntEnum):
    """What came of a host call."""

    ANSWERED = 0
    ENDED = 1
    NOTHING = 2
    """The call ended while the host still worked; only the last one of a record."""


class HostCall(msgspec.Struct, frozen=True):
    """One host call.

    Attributes:
        function: Its place in the table of host functions.
        arguments: What it was given, packed.
        came: What came of it.
        answer: What it returned, packed.
        kind: How it ended its caller, for one that did.
        message: The message of that trap.
        fuel: Fuel that the host charged.
    """

    function: int
    arguments: bytes
    came: Came = Came.NOTHING
    answer: bytes = b""
    kind: TrapKind | None = None
    message: str = ""
    fuel: int = 0


class HostCalls:
    """The finished record of one call's host calls; a sequence that is decoded as it is read.

    Attributes:
        cut: Why there were more; empty if all are here.
        size: Bytes that it is counted with.
    """

    __slots__ = ("_data", "_starts", "cut", "size")

    def __init__(self, data: bytes, starts: array[int], cut: str) -> None:
        self._data = data
        self._starts = starts
        self.cut = cut
        self.size = len(data) + len(starts) * starts.itemsize

    @classmethod
    def none(cls) -> HostCalls:
        """Return the record of a call that was not made."""
        return cls(b"", array("I"), "")

    def __len__(self) -> int:
        """Return how many there are."""
        return (len(self._starts) + 1) // 2

    def __getitem__(self, place: int) -> HostCall:
        """Return one of them.

        Raises:
            IndexError: If there are not so many.
        """
        function, arguments = self._part(2 * place)
        if 2 * place + 1 == len(self._starts):
            return HostCall(function, arguments)
        came, told, fuel = self._part(2 * place + 1)
        if came == Came.ANSWERED:
            return HostCall(function, arguments, Came.ANSWERED, told, fuel=fuel)
        kind, message = told
        return HostCall(function, arguments, Came.ENDED, kind=TrapKind(kind), message=message, fuel=fuel)

    def function(self, place: int) -> int:
        """Return which function one of them called."""
        found: int = self._part(2 * place)[0]
        return found

    def _part(self, index: int) -> Any:
        if not 0 <= index < len(self._starts):
            raise IndexError(index)
        end = self._starts[index + 1] if index + 1 < len(self._starts) else len(self._data)
        return _decode(memoryview(self._data)[self._starts[index] : end])


_encoder: Final = msgspec.msgpack.Encoder()
_encode: Final = _encoder.encode
_decode: Final = msgspec.msgpack.Decoder().decode


class CallLog:
    """The record of a call while it runs. Used by the thread of the call.

    Nothing in it can fail the call: what cannot be written down ends the record, and says so.

    Args:
        handles: The numbers of resources in the instance.

    Attributes:
        cut: Why it ends before the call did; empty while it does not.
    """

    __slots__ = ("_data", "_handles", "_starts", "cut")

    def __init__(self, handles: Handles) -> None:
        self._handles = handles
        self._data = bytearray()
        self._starts = array("I")
        self.cut = ""

    def called(self, place: int, function: Function, arguments: tuple[Any, ...]) -> bool:
        """Write down that a host function is called; return whether there was room for that.

        Args:
            place: Its place in the table.
            function: Its type.
            arguments: What it is given; it may do with them what it likes afterwards.
        """
        if self.cut:
            return False
        if len(self._starts) >= 2 * MOST_HOST_CALLS:
            self.cut = f"more than {MOST_HOST_CALLS} host calls"
            return False
        try:
            told = packing(function)[0](arguments, self._handles)
            return self._write((place, _encode(told)))
        except Exception:  # noqa: BLE001 -- the guest boundary: a value of no known form must not end the call
            self.cut = "a host call that cannot be recorded"
            return False

    def answered(self, function: Function, value: Any, fuel: int) -> None:
        """Write down what a host function returned, and how much fuel it charged."""
        handles = self._handles
        for taken in handles.take_passed():
            handles.forget(taken)
        try:
            self._write((Came.ANSWERED, _encode(packing(function)[1](value, handles)), fuel))
        except Exception:  # noqa: BLE001 -- as above: the engine says what is wrong with it
            self.cut = "an answer that cannot be recorded"
        handles.passed.clear()

    def ended(self, kind: TrapKind, message: str, fuel: int) -> None:
        """Write down how a host function ended the call."""
        self._handles.passed.clear()
        text = message[:MOST_MESSAGE].encode(errors="replace").decode()  # names of files may be no Unicode
        self._write((Came.ENDED, (kind.value, text), fuel))

    def dropping(self, place: int, value: Any) -> bool:
        """Write down that the guest drops a value of the host; return whether there was room for that."""
        if self.cut:
            self._handles.forget(value)
            return False
        number = self._handles.lend(value)
        self._handles.forget(value)
        return self._write((place, _encode([number])))

    def dropped(self, fuel: int) -> None:
        """Write down that the host dropped it, and how much fuel that took."""
        self._write((Came.ANSWERED, _NONE, fuel))

    def finish(self) -> HostCalls:
        """Return the record; the call is over."""
        return HostCalls(bytes(self._data), self._starts, self.cut)

    def _write(self, part: tuple[Any, ...]) -> bool:
        start = len(self._data)
        _encoder.encode_into(part, self._data, -1)
        if len(self._data) > MOST_BYTES:
            del self._data[start:]
            self.cut = f"more than {MOST_BYTES // MIB} MiB"
            return False
        self._starts.append(start)
        return True


MOST_MESSAGE: Final = 2_000
"""Characters of the message of a trap."""

_NONE: Final = _encode(None)
