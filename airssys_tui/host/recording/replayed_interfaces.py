"""Host interfaces behind which only a replayer is: whatever is called is answered from a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from airssys_tui.engine.host import HostContext, HostFunction, HostInterface, HostResource
from airssys_tui.host.recording.host_table import dropping, rebuilt
from airssys_tui.host.recording.replayer import Replayer


def replayed_interfaces(interfaces: Sequence[HostInterface]) -> tuple[HostInterface, ...]:
    """Return interfaces of the same types with nothing of theirs behind them.

    The owners of instances have to be :class:`~airssys_tui.host.recording.replayer.Replayer`.
    """
    faces = rebuilt(interfaces, _replayed_function, _replayed_drop)
    return tuple(msgspec.structs.replace(face, resources=tuple(map(_unheld, face.resources))) for face in faces)


def _unheld(resource: HostResource) -> HostResource:
    """Return a resource whose values keep nothing."""
    return msgspec.structs.replace(resource, holds=None)


def _replayed_function(place: int, _path: str, host: HostFunction) -> Callable[..., Any]:
    type_ = host.type

    def run(context: HostContext, *arguments: Any) -> Any:
        owner: Replayer = context.owner
        return owner.answer(context, place, type_, arguments)

    return run


def _replayed_drop(place: int, _path: str, resource: HostResource) -> Callable[[Any, Any], None]:
    type_ = dropping(resource)

    def run(context: HostContext, value: Any) -> None:
        owner: Replayer = context.owner
        owner.drop(context, place, type_, value)

    return run
