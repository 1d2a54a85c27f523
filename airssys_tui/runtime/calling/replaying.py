"""Running recorded calls again, in a fresh instance that reaches nothing but the recording.

The calls of a chain run one after another from its beginning, because each depends on what those before it left in the
instance. Fuel is compared where the same code starts as the recorded instance did: an instance that loaded a saved
state may have its memory arranged otherwise, and other code takes other fuel. There it is told and is no difference.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from airssys_tui.api.views.recordings import (
    Difference,
    DifferenceKind,
    RecordedCallView,
    ReplayedCall,
    ReplayOutcome,
)
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.limits import Limits
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.traps import GuestTrap, Trap, TrapKind
from airssys_tui.core.types.interface import Function
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.instance import Instance
from airssys_tui.engine.linker import Linker
from airssys_tui.engine.resources import ResourceHandle
from airssys_tui.host.recording.host_log import Came
from airssys_tui.host.recording.host_table import DROP, HostTable
from airssys_tui.host.recording.packed_forms import pack_arguments, pack_result, unpack_arguments
from airssys_tui.host.recording.recorded_call import RecordedCall
from airssys_tui.host.recording.recordings import Chain
from airssys_tui.host.recording.replayer import Replayer, Stray
from airssys_tui.host.recording.shown_values import shown_arguments, shown_result

PATIENCE: Final = 60.0
"""Seconds after which no further call of a replay is begun."""

LEAST_DEADLINE: Final = 5.0
"""Seconds that a replayed call has at least: a busy machine is no difference."""

_CUT_OFF: Final = (TrapKind.DEADLINE, TrapKind.CANCELLED)
"""Ends from outside, which come at another instant each time."""


class ReplayCode(msgspec.Struct, frozen=True):
    """What is run.

    Attributes:
        linker: Links instances with a replayer.
        table: The host functions.
        code: The code.
        limits: The limits of its revision.
        original: Whether it is the artifact that was recorded, compiled in the same way.
    """

    linker: Linker
    table: HostTable
    code: Code
    limits: Limits
    original: bool


class _Ran(msgspec.Struct, frozen=True):
    """How a call ended in the replay."""

    function: Function
    result: bytes | None = None
    trap: Trap | None = None
    fuel: int | None = None
    error: str = ""


class Replaying:
    """The replay of one chain. Runs on a worker.

    Args:
        code: What is run.
        chain: The chain.
        until: Monotonic seconds after which no further call is begun.
    """

    def __init__(self, code: ReplayCode, chain: Chain, until: float) -> None:
        self._code = code
        self._chain = chain
        self._until = until
        self._replayer = Replayer(code.table)
        self._instance: Instance | None = None
        self._ended = ""
        self._before = ""
        self._fuel_counts = code.original and chain.basis is None and not chain.lost and bool(chain.opening)

    def run(self, last: int | None = None) -> Iterator[ReplayedCall]:
        """Run the calls again and yield what those gave that the host did not make itself.

        Args:
            last: The number of the last call to run; all are if it is None.
        """
        chain = self._chain
        try:
            self._open()
            for call in chain.calls:
                found = self._replayed(call)
                if not call.asked:
                    yield found
                if call.number == last:
                    return
        finally:
            if self._instance is not None:
                self._instance.close()

    def _open(self) -> None:
        """Make the instance as the recorded one was made, and bring it to the beginning of the chain."""
        opening = self._chain.opening
        self._replayer.begin(opening[0].calls if opening else None)
        try:
            self._instance = self._code.linker.instantiate(
                self._code.code, self._code.limits, owner=self._replayer, deadline=self._deadline(0.0)
            )
        except AirssysError as error:
            self._ended = f"no instance could be made: {error}"
            return
        self._replayer.finish()
        if self._replayer.strayed:
            self._before = "the start of the instance"
        for call in opening[1:]:
            self._replayed(call)
        if self._chain.basis is not None and not self._ended:
            ran = self._run(self._chain.basis, answered=False)
            if ran.error or ran.trap is not None:
                self._ended = f"the saved state could not be loaded: {ran.error or _told(ran.trap)}"

    def _replayed(self, call: RecordedCall) -> ReplayedCall:
        view = call_view(call, self._chain)
        if not self._ended and time.monotonic() > self._until:
            self._ended = f"the replay took more than {PATIENCE:.0f} s"
        if self._ended:
            return ReplayedCall(call=view, outcome=ReplayOutcome.NOT_REPLAYED, note=one_line(self._ended, 400))
        ran = self._run(call)
        if ran.error:
            return ReplayedCall(call=view, outcome=ReplayOutcome.NOT_REPLAYED, note=one_line(ran.error, 400))
        found = [*self._strays(), *self._ends(call, ran)]
        more = self._replayer.strayed - len(self._replayer.strays)
        note = self._note(call)
        if found and not self._before:
            self._before = f"call {call.number} (`{call.path}`)" if call.number else f"`{call.path}`"
        if ran.trap is not None:
            self._ended = f"{self._before or 'the call before it'} ended the instance"
        return ReplayedCall(
            call=view,
            outcome=ReplayOutcome.DIFFERS if found else ReplayOutcome.SAME,
            differences=tuple(found),
            more=more,
            fuel=ran.fuel,
            fuel_counts=self._fuel_counts,
            note=note,
        )

    def _note(self, call: RecordedCall) -> GuestText:
        told = [f"not exact: {gap}"] if (gap := gap_text(self._chain)) else []
        if self._chain.basis is not None:
            told.append("it begins with a saved state, so its fuel may differ")
        if self._before:
            told.append(f"{self._before} differs before it")
        if call.cut:
            told.append(f"compared as far as it is recorded: it had {call.cut}")
        return one_line("; ".join(told), 400)

    def _run(self, call: RecordedCall, *, answered: bool = True) -> _Ran:
        replayer, instance = self._replayer, self._instance
        assert instance is not None, "it was made"  # noqa: S101 -- narrows the type
        if call.cut and not call.arguments:
            return _Ran(call.function, error=f"it is not recorded: it had {call.cut}")
        handles = replayer.handles
        handles.serial = max(handles.serial, call.serial)
        arguments = unpack_arguments(call.function, call.arguments, handles)
        pack_arguments(call.function, arguments, handles)  # as when it was recorded: numbers are given in this order
        given = handles.take_passed()
        replayer.begin(call.calls if answered else None, call.trap)
        used = instance.meters.fuel_total
        try:
            return self._enter(instance, call, arguments)
        except GuestTrap as trap:
            return _Ran(call.function, trap=trap.trap, fuel=instance.meters.fuel_total - used)
        except AirssysError as error:
            return _Ran(call.function, error=f"it cannot be run: {error}")
        finally:
            replayer.finish()
            handles.settle(given)

    def _enter(self, instance: Instance, call: RecordedCall, arguments: tuple[Any, ...]) -> _Ran:
        if call.path.startswith(DROP):
            (handle,) = arguments
            if not isinstance(handle, ResourceHandle):
                return _Ran(call.function, error="what it drops was made by a call that is not replayed")
            handle.close()
            return _Ran(call.function, pack_result(call.function, None, self._replayer.handles))
        export = instance.find(call.path)
        budget = max(1, call.fuel) if self._cut_off(call) and call.fuel is not None else None
        result = instance.call(export.path, *arguments, fuel=budget, deadline=self._deadline(LEAST_DEADLINE))
        packed = pack_result(export.function, result.value, self._replayer.handles)
        return _Ran(export.function, packed, fuel=result.fuel)

    def _deadline(self, least: float) -> float:
        return min(max(least, self._code.limits.deadline), max(1.0, self._until - time.monotonic()))

    @staticmethod
    def _cut_off(call: RecordedCall) -> bool:
        """Return whether a call was ended from outside while the guest computed."""
        if call.trap is None or call.trap.kind not in _CUT_OFF:
            return False
        return not call.calls or call.calls[len(call.calls) - 1].came is Came.ANSWERED

    def _strays(self) -> Iterator[Difference]:
        for stray in self._replayer.strays:
            yield self._difference(stray)

    def _difference(self, stray: Stray) -> Difference:
        recorded = "" if stray.recorded is None else self._shown(stray.recorded.function, stray.recorded.arguments)
        if stray.function is None:
            return Difference(kind=DifferenceKind.LEFT_OUT, host_call=stray.place, recorded=recorded)
        kind = DifferenceKind.ADDED if stray.recorded is None else DifferenceKind.ARGUMENTS
        replayed = self._shown(stray.function, stray.arguments)
        return Difference(kind=kind, host_call=stray.place, recorded=recorded, replayed=replayed)

    def _shown(self, function: int, arguments: bytes) -> str:
        table = self._code.table
        return f"{table.paths[function]}{shown_arguments(table.functions[function], arguments)}"

    def _ends(self, call: RecordedCall, ran: _Ran) -> Iterator[Difference]:
        replayer = self._replayer
        if call.cut and (replayer.ran_out or ran.trap is None or call.result is None):
            return
        recorded, replayed = _ending(call.function, call.result, call.trap), _ending(ran.function, ran.result, ran.trap)
        if self._cut_off(call):
            if ran.trap is None or ran.trap.kind not in (TrapKind.OUT_OF_FUEL, *_CUT_OFF):
                yield Difference(kind=DifferenceKind.TRAP, recorded=recorded, replayed=replayed)
            return
        if (call.trap is None) != (ran.trap is None) or not _same_trap(call.trap, ran.trap):
            yield Difference(kind=DifferenceKind.TRAP, recorded=recorded, replayed=replayed)
            return
        if call.trap is None and not _same_result(call, ran):
            yield Difference(kind=DifferenceKind.RESULT, recorded=recorded, replayed=replayed)
        if self._fuel_counts and not self._before and call.trap is None and call.fuel != ran.fuel:
            yield Difference(kind=DifferenceKind.FUEL, recorded=str(call.fuel), replayed=str(ran.fuel))


def _same_trap(one: Trap | None, other: Trap | None) -> bool:
    return one is other or (
        one is not None and other is not None and (one.kind, one.message) == (other.kind, other.message)
    )


def _same_result(call: RecordedCall, ran: _Ran) -> bool:
    if call.function.result == ran.function.result:
        return call.result == ran.result
    return _ending(call.function, call.result, None) == _ending(ran.function, ran.result, None)


def _ending(function: Function, result: bytes | None, trap: Trap | None) -> str:
    if trap is not None:
        return _told(trap)
    return "a result that is not recorded" if result is None else shown_result(function, result)


def _told(trap: Trap | None) -> str:
    return "" if trap is None else f"trap: {GuestTrap(trap).message}"


def gap_text(chain: Chain) -> str:
    """Return why replays of a chain are not exact; empty if they are."""
    if chain.lost:
        return f"{chain.lost} earlier calls of its instance are not recorded, or not whole"
    return ""


def call_view(call: RecordedCall, chain: Chain) -> RecordedCallView:
    """Return a recorded call as a front end sees it."""
    return RecordedCallView(
        number=call.number,
        export=call.path,
        arguments=shown_arguments(call.function, call.arguments) if call.arguments else "",
        result="" if call.result is None else shown_result(call.function, call.result),
        trap=one_line(_told(call.trap), 400),
        revision=chain.origin.revision,
        at=call.at,
        fuel=call.fuel,
        host_calls=len(call.calls),
        bytes=call.size,
        gap=one_line(gap_text(chain), 400),
        cut=one_line(call.cut, 400),
    )
