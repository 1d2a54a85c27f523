"""Recorded values as JSON for people: bounded, resources as ``{"$resource": NUMBER}`` of their recording."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from airssys_tui.core.text import bounded
from airssys_tui.core.types.interface import Function
from airssys_tui.core.types.json_form import to_json
from airssys_tui.host.recording.packed_forms import Handles, unpack_arguments, unpack_result

MOST_SHOWN: Final = 2_000
"""Characters of a value."""


class _Shown:
    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


class _Numbers(Handles):
    __slots__ = ()

    def object_of(self, number: int) -> Any:
        """Return the number, as it is shown."""
        return _Shown(number)


def shown_arguments(function: Function, packed: bytes) -> str:
    """Return the arguments of a call as a JSON array."""
    values = unpack_arguments(function, packed, _Numbers())
    return _text([to_json(param.type, value) for param, value in zip(function.params, values, strict=True)])


def shown_result(function: Function, packed: bytes) -> str:
    """Return the result of a call as JSON."""
    value = unpack_result(function, packed, _Numbers())
    return _text(None if function.result is None else to_json(function.result, value))


def _text(value: Any) -> str:
    return bounded(_encode(value).decode(), MOST_SHOWN)


def _written(value: Any) -> Any:
    return {"$resource": value.number}


_encode: Final = msgspec.json.Encoder(enc_hook=_written).encode
