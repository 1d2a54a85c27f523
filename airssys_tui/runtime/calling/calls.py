"""Calls by hand: arguments as JSON, the result as JSON with what the call cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from airssys_tui.api.views.runtime import CallReport
from airssys_tui.core.description import require_hand_call
from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.types.interface import Function, ValType, render, resources_in
from airssys_tui.core.types.json_form import from_json, read_json, to_json
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.calling.handles import Handles

T = TypeVar("T")


def arguments_of(function: Function, arguments: str, handles: Handles | None = None) -> tuple[Any, ...]:
    """Convert a JSON array into the arguments of a function.

    Args:
        function: The function to call.
        arguments: A JSON array.
        handles: The open handles that arguments may name.

    Raises:
        ArgumentError: If it is not a JSON array, has the wrong length, or a value does not fit its type.
    """
    values = read_json(arguments)
    if not isinstance(values, list):
        raise ArgumentError("", "a JSON array", type(values).__name__)
    if len(values) != len(function.params):
        raise ArgumentError("", f"{len(function.params)} for `{render(function)}`", f"{len(values)}")
    if handles is not None and any(resources_in(param.type) for param in function.params):
        values = handles.resolve(values)
    return tuple(from_json(param.type, value, param.name) for param, value in zip(function.params, values, strict=True))


def by_hand(work: Callable[[Serving], T]) -> Callable[[Serving], T]:
    """Return work that is done because somebody asked for it by hand: a trap in it is the caller's business."""

    def work_by_hand(serving: Serving) -> T:
        serving.by_hand = True
        try:
            return work(serving)
        finally:
            serving.by_hand = serving.dead  # supervision asks what ended it

    return work_by_hand


def call_json(serving: Serving, export: str, arguments: str, handles: Handles, *, force: bool = True) -> CallReport:
    """Call an export of an instance. Runs on a worker.

    Args:
        serving: The instance.
        export: Name of the export, as operators write it.
        arguments: A JSON array.
        handles: The open handles; resources of the result are added.
        force: Whether an export that only the host calls may be called, as in an instance that nobody else uses.

    Raises:
        UsageError: If only the host calls it.
        ExportNotFound: If there is no such export.
        ArgumentError: If an argument does not fit.
        CapacityError: If the result may contain resources and no more handles can be opened.
        GuestTrap: If the guest trapped.
    """
    found = serving.find(export)
    if not force:
        require_hand_call(found.path, str(serving.manifest.id))
    args = arguments_of(found.function, arguments, handles)
    returns: ValType | None = found.function.result
    has_resources = returns is not None and resources_in(returns)
    if has_resources:
        handles.require_room()
    result = serving.call(found.path, *args)
    shown = None if returns is None else to_json(returns, result.value)
    memory = serving.instance.memory
    return CallReport(
        export=found.path,
        result=handles.encode(shown, serving) if has_resources else msgspec.json.encode(shown).decode(),
        fuel=result.fuel,
        seconds=result.wall_ns / 1e9,
        cpu_seconds=result.cpu_ns / 1e9,
        memory_peak=memory.peak if memory is not None else None,
        revision=serving.revision,
        trace=serving.tenant.tracer.told,
        tier=serving.tier,
    )
