"""Records the calls of one instance, from its making to its end. Used by the thread of the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from airssys_tui.core.description import LIFECYCLE
from airssys_tui.core.traps import Trap, TrapKind
from airssys_tui.core.types.interface import Function
from airssys_tui.core.units import MIB
from airssys_tui.host.recording.host_log import MOST_BYTES, CallLog, HostCalls
from airssys_tui.host.recording.packed_forms import Handles, pack_arguments, pack_result
from airssys_tui.host.recording.recorded_call import STARTING, RecordedCall
from airssys_tui.host.recording.recordings import Origin, Recordings, Segment

INIT: Final = f"{LIFECYCLE}#init"

LEAST_BETWEEN: Final = 32
"""Calls from one saved state to the next one that a recording asks for, at least."""


class _Begun:
    """A call that is being recorded."""

    __slots__ = ("arguments", "asked", "at", "cut", "function", "given", "log", "path", "serial")

    def __init__(self, path: str, function: Function, at: float, log: CallLog, serial: int, *, asked: bool) -> None:
        self.path = path
        self.function = function
        self.at = at
        self.log = log
        self.serial = serial
        self.asked = asked
        self.arguments = b""
        self.given: list[Any] = []
        self.cut = ""


class Recorder:
    """Records the calls of one instance.

    What it records is its own until :meth:`join`: a candidate that is refused leaves nothing.

    Args:
        origin: The instance.
        recordings: Those of its component.
        most: Calls that are wanted.
        clock: Unix time in seconds.

    Attributes:
        log: Where the running call's host calls go; None if it is not recorded.
    """

    def __init__(self, origin: Origin, recordings: Recordings, most: int, clock: Callable[[], float]) -> None:
        self._origin = origin
        self._recordings = recordings
        self._most = most
        self._clock = clock
        self._handles = Handles()
        self._segment = Segment(origin)
        self._begun: _Begun | None = None
        self._since = 0
        self._pristine = True
        self.log: CallLog | None = None

    @property
    def wants_state(self) -> bool:
        """Whether a saved state is wanted, from which a shorter chain can begin."""
        return self._since >= max(self._most, LEAST_BETWEEN) and self._is_outgrown

    @property
    def _is_outgrown(self) -> bool:
        """Whether the chain is longer than it need be, or not whole."""
        segment = self._segment
        return not segment.whole or segment.counted > self._most or segment.bytes > self._recordings.share // 2

    def asks_state(self) -> None:
        """Note that a state is asked for; none is wanted for a while."""
        self._since = 0

    def another(self) -> Recorder:
        """Return what records another instance of the same code, in the place of this one."""
        return Recorder(self._origin, self._recordings, self._most, self._clock)

    def join(self) -> None:
        """Keep what is recorded among the recordings of the component: the instance serves."""
        self._recordings.take(self._segment, self._most)

    def begin(self, path: str, function: Function = STARTING, arguments: tuple[Any, ...] = (), *, asked: bool) -> None:
        """Begin to record a call.

        Args:
            path: The full path of the export; empty for the making of the instance.
            function: Its type.
            arguments: What it is given.
            asked: Whether the host itself calls.
        """
        self.log = log = CallLog(self._handles)
        self._begun = begun = _Begun(path, function, self._clock(), log, self._handles.serial, asked=asked)
        try:
            begun.arguments = pack_arguments(function, arguments, self._handles)
        except Exception:  # noqa: BLE001 -- what does not fit its type is refused by the call, in better words
            begun.cut = "arguments that cannot be recorded"
        if len(begun.arguments) > MOST_BYTES:
            begun.arguments, begun.cut = b"", f"more than {MOST_BYTES // MIB} MiB of arguments"
        begun.given = self._handles.take_passed()

    def give_up(self) -> None:
        """Forget the call that was begun: the instance was not entered."""
        self._begun = self.log = None
        self._handles.settle([])

    def returned(self, value: Any, fuel: int | None) -> None:
        """End the record of a call that returned."""
        begun = self._begun
        if begun is None:
            return
        result: bytes | None = None
        try:
            result = pack_result(begun.function, value, self._handles)
        except Exception:  # noqa: BLE001 -- the call has succeeded, whatever becomes of its record
            begun.cut = begun.cut or "a result that cannot be recorded"
        if result is not None and len(result) > MOST_BYTES:
            result, begun.cut = None, f"more than {MOST_BYTES // MIB} MiB of result"
        self._end(begun, result, None, fuel)

    def trapped(self, trap: Trap, fuel: int | None) -> None:
        """End the record of a call that trapped."""
        if trap.kind is TrapKind.CANNOT_ENTER:  # nothing was called
            self.give_up()
        elif self._begun is not None:
            self._end(self._begun, None, trap, fuel)

    def rebase(self, path: str, function: Function, arguments: tuple[Any, ...]) -> None:
        """Begin another chain from a state that was just saved, if one is wanted.

        Args:
            path: The export that loads it.
            function: Its type.
            arguments: What it has to be given.
        """
        if not self._is_outgrown:
            return
        load = RecordedCall(
            number=0,
            path=path,
            function=function,
            arguments=pack_arguments(function, arguments, Handles()),
            asked=True,
            at=self._clock(),
            fuel=None,
            result=None,
            trap=None,
            calls=HostCalls.none(),
        )
        self._continue(self._segment.successor(load))

    def _end(self, begun: _Begun, result: bytes | None, trap: Trap | None, fuel: int | None) -> None:
        self._begun = self.log = None
        self._handles.settle(begun.given)
        calls = begun.log.finish()
        call = RecordedCall(
            number=0 if begun.asked else self._recordings.number(),
            path=begun.path,
            function=begun.function,
            arguments=begun.arguments,
            serial=begun.serial,
            asked=begun.asked,
            at=begun.at,
            fuel=fuel,
            result=result,
            trap=trap,
            calls=calls,
            cut=begun.cut or calls.cut,
        )
        self._since += not begun.asked
        if self._pristine and begun.path in ("", INIT):
            self._segment.open_with(call)
            return
        self._pristine = False
        self._recordings.add(self._segment, call)
        if call.cut:
            # No replay goes on from here, so nobody asks for these numbers, and not all drops were seen.
            self._handles.forget_since(begun.serial)
            self._continue(self._segment.successor(lost=1))

    def _continue(self, segment: Segment) -> None:
        self._recordings.follow(self._segment, segment)
        self._segment = segment
