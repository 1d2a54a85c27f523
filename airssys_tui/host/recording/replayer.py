"""The host of a replay: it has nothing but a recording, answers from that, and notes where it is asked otherwise.

A replayed instance is linked with interfaces behind which only this is, so that nothing of the machine can be reached.
Where an instance calls the host in another way than the recorded one did, the replay goes on as long as there is an
answer that fits:

- The same function with other arguments gets the recorded answer.
- Recorded calls that the instance leaves out are passed over, if the function that it calls comes soon after them.
- A function without a result that was not called is answered: nothing can depend on it.
- Anything else ends the replayed call.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from airssys_tui.core.traps import Trap, TrapKind
from airssys_tui.core.types.interface import Function
from airssys_tui.engine.call_ends import CallEnd
from airssys_tui.engine.host import HostContext
from airssys_tui.host.recording.host_log import Came, HostCall, HostCalls
from airssys_tui.host.recording.host_table import DROP, HostTable
from airssys_tui.host.recording.packed_forms import Handles, pack_arguments, unpack_result

LOOK_AHEAD: Final = 64
"""Recorded host calls that may be passed over to find the one that is called."""

MOST_STRAYS: Final = 20
"""Strays of one call that are kept; all are counted."""


class Stray(msgspec.Struct, frozen=True):
    """A host call in which a replay differs from its recording.

    Attributes:
        place: How many host calls of the recording were passed.
        recorded: The recorded call; None if there was none.
        function: The place of the function that is called instead, or with other arguments; None for none.
        arguments: What it is given, packed.
    """

    place: int
    recorded: HostCall | None = None
    function: int | None = None
    arguments: bytes = b""


class Replayer:
    """Answers the host calls of one replayed instance. The owner of the instance.

    Args:
        table: The host functions.

    Attributes:
        handles: The numbers of resources in the instance.
        strays: Where the call differs, in order.
        strayed: How many strays there were.
        ran_out: Why the replayed call was ended before its end; empty if it was not.
    """

    def __init__(self, table: HostTable) -> None:
        self._table = table
        self.handles = Handles()
        self._calls: HostCalls | None = None
        self._refused: Trap | None = None
        self._place = 0
        self.strays: list[Stray] = []
        self.strayed = 0
        self.ran_out = ""

    def begin(self, calls: HostCalls | None, trap: Trap | None = None) -> None:
        """Answer from the record of a call from now on.

        Args:
            calls: The record; None for a call that was never made, whose host calls are answered as far as none of
                them has a result.
            trap: How it ended, if it did not return.
        """
        self._calls = calls
        self._refused = trap if trap is not None and trap.kind is TrapKind.HANDLE_LIMIT else None
        self._place = 0
        self.strays, self.strayed, self.ran_out = [], 0, ""

    def finish(self) -> None:
        """Note the recorded host calls that did not come: the call is over."""
        calls = self._calls
        if calls is not None and not self.ran_out and not calls.cut:
            while self._place < len(calls):
                self._stray(Stray(self._place, calls[self._place]))
                self._place += 1
        self._calls = None

    def answer(self, context: HostContext, place: int, function: Function, arguments: tuple[Any, ...]) -> Any:
        """Return the recorded answer to a host call, and charge what the host charged.

        Raises:
            CallEnd: If the recorded host call ended the call, or there is no answer.
        """
        handles = self.handles
        given = pack_arguments(function, arguments, handles)
        passed = handles.take_passed()
        recorded = self._next(place, function, given)
        if recorded is None:
            return None
        if recorded.came is Came.NOTHING:
            self._run_out("the recording ends here: the host was still at work when the call ended")
        if recorded.fuel > 0:
            context.charge(recorded.fuel)
        if recorded.came is Came.ENDED:
            assert recorded.kind is not None, "it ended"  # noqa: S101 -- narrows the type
            raise _ended(recorded.kind, recorded.message)
        for taken in passed:
            handles.forget(taken)
        if self._refused is not None and self._only_drops_left():
            # What the host answered last was one handle too many, or more than is kept for one instance.
            raise _ended(self._refused.kind, self._refused.message)
        return unpack_result(function, recorded.answer, handles)

    def drop(self, context: HostContext, place: int, function: Function, value: Any) -> None:
        """Note that the guest drops a resource.

        Raises:
            CallEnd: If the host failed to drop it when it was recorded.
        """
        if self._calls is None or not context.busy:
            return
        number = self.handles.lend(value)
        self.handles.lent.clear()
        self.handles.forget(value)
        self.answer(context, place, function, (number,))

    def _only_drops_left(self) -> bool:
        """Return whether the rest of the record is what the host dropped with an answer; if so, pass it over."""
        calls = self._calls
        assert calls is not None, "it answers"  # noqa: S101 -- narrows the type
        names = [self._table.functions[calls.function(at)].name for at in range(self._place, len(calls))]
        if not all(name.startswith(DROP) for name in names):
            return False
        self._place = len(calls)
        return True

    def _next(self, place: int, function: Function, given: bytes) -> HostCall | None:
        """Return the recorded call that answers this one; None if it needs no answer."""
        calls = self._calls
        if calls is not None:
            for at in range(self._place, min(len(calls), self._place + LOOK_AHEAD)):
                if calls.function(at) == place:
                    return self._found(calls, at, given)
            if calls.cut and self._place == len(calls):
                self._run_out(f"the recording ends here: it had {calls.cut}")
        self._stray(Stray(self._place, None, place, given))
        if function.result is not None:
            self._run_out("no answer to it is recorded")
        return None

    def _found(self, calls: HostCalls, at: int, given: bytes) -> HostCall:
        for left_out in range(self._place, at):
            self._stray(Stray(left_out, calls[left_out]))
        recorded = calls[at]
        if recorded.arguments != given:
            self._stray(Stray(at, recorded, recorded.function, given))
        self._place = at + 1
        return recorded

    def _stray(self, stray: Stray) -> None:
        self.strayed += 1
        if len(self.strays) < MOST_STRAYS:
            self.strays.append(stray)

    def _run_out(self, why: str) -> None:
        self.ran_out = why
        raise _ended(TrapKind.OTHER, f"{OVER}{why}")


OVER: Final = "the replay ends: "
"""How the message of a trap begins that says that there is no answer."""


def _ended(kind: TrapKind, message: str) -> CallEnd:
    """Return the error that ends a call with a trap of a kind."""
    end = CallEnd(message)
    end.trap_kind = kind  # type: ignore[misc]  # of this one end, not of its class
    return end
