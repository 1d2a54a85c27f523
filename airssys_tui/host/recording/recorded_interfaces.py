"""Host interfaces that write down what passes through them, into the record of the running call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from airssys_tui.engine.call_ends import HostFailure
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface, HostResource
from airssys_tui.host.recording.call_recorder import Recorder
from airssys_tui.host.recording.host_table import DROP, rebuilt


class Recorded(Protocol):
    """The owner of an instance that may be recorded.

    Attributes:
        recorder: What records it; None if nothing does.
    """

    recorder: Recorder | None


def recorded_interfaces(interfaces: Sequence[HostInterface]) -> tuple[HostInterface, ...]:
    """Return interfaces that do the same, and record it; the owners of instances have to be :class:`Recorded`."""
    return rebuilt(interfaces, _recorded_function, _recorded_drop)


def _recorded_function(place: int, path: str, host: HostFunction) -> Callable[..., Any]:
    call, type_ = host.call, host.type

    def run(context: HostContext, *arguments: Any) -> Any:
        recorder: Recorder | None = context.owner.recorder
        log = recorder.log if recorder is not None else None
        if log is None or not log.called(place, type_, arguments):
            return call(context, *arguments)
        before = context.fuel_left
        try:
            value = call(context, *arguments)
        except BaseException as error:
            failure = HostFailure(error, path)
            log.ended(failure.kind, failure.message, before - context.fuel_left)
            raise
        log.answered(type_, value, before - context.fuel_left)
        return value

    return run


def _recorded_drop(place: int, path: str, resource: HostResource) -> Callable[[Any, Any], None]:
    drop = resource.drop or _nothing

    def run(context: HostContext, value: Any) -> None:
        recorder: Recorder | None = context.owner.recorder
        log = recorder.log if recorder is not None else None
        # What goes with its instance is dropped by the host, not by the guest.
        if log is None or not context.busy or not log.dropping(place, value):
            drop(context, value)
            return
        before = context.fuel_left
        try:
            drop(context, value)
        except BaseException as error:
            failure = HostFailure(error, path.replace(DROP, ""))  # as the engine names it
            log.ended(failure.kind, failure.message, before - context.fuel_left)
            raise
        log.dropped(before - context.fuel_left)

    return run


def _nothing(_context: HostContext, _value: Any) -> None:
    return None
