"""Calls from the outside world: JSON in, JSON and what it cost out."""

from __future__ import annotations

from typing import Any

import msgspec

from airssys_tui.api.views import CallReport
from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.interface import Function, render
from airssys_tui.core.text import one_line
from airssys_tui.core.value_json import from_json, to_json
from airssys_tui.runtime.serving import Serving


def arguments_of(function: Function, arguments: str) -> tuple[Any, ...]:
    """Convert a JSON array into the arguments of a function.

    Raises:
        ArgumentError: If it is no JSON array, has the wrong length, or a value does not fit its type.
    """
    try:
        values = msgspec.json.decode(arguments)
    except msgspec.DecodeError as error:
        raise ArgumentError("", "a JSON array", f"{one_line(arguments, 60)} ({error})") from error
    if not isinstance(values, list):
        raise ArgumentError("", "a JSON array", type(values).__name__)
    if len(values) != len(function.params):
        raise ArgumentError("", f"{len(function.params)} for `{render(function)}`", f"{len(values)}")
    return tuple(from_json(param.type, value, param.name) for param, value in zip(function.params, values, strict=True))


def call_json(serving: Serving, export: str, arguments: str) -> CallReport:
    """Call an export of an instance. Runs on a worker.

    Raises:
        ExportNotFound: If there is no such export.
        ArgumentError: If an argument does not fit.
        GuestTrap: If the guest trapped.
    """
    found = serving.find(export)
    args = arguments_of(found.function, arguments)
    result = serving.call(found.path, *args)
    shown = None if found.function.result is None else to_json(found.function.result, result.value)
    memory = serving.instance.memory
    return CallReport(
        export=found.path,
        result=msgspec.json.encode(shown).decode(),
        fuel=result.fuel,
        seconds=result.wall_ns / 1e9,
        cpu_seconds=result.cpu_ns / 1e9,
        memory_peak=memory.peak if memory is not None else None,
        revision=serving.revision,
    )
