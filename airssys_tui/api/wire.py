"""JSON of api values: for ``--json`` output and for carrying them between processes."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from airssys_tui.core.text import GuestText, sanitise

T = TypeVar("T")


def _encode_hook(value: Any) -> Any:
    if isinstance(value, GuestText):
        return str.__str__(value)
    raise NotImplementedError(f"{type(value).__name__} is not an api value")


def _decode_hook(kind: type, value: Any) -> Any:
    if kind is GuestText:
        return sanitise(value)
    raise NotImplementedError(f"{kind.__name__} is not an api value")


def encode(value: Any) -> bytes:
    """Return the JSON of an api value."""
    return msgspec.json.encode(value, enc_hook=_encode_hook)


def decode(data: bytes, kind: type[T]) -> T:
    """Read an api value; its texts are sanitised again, for the peer is not trusted.

    Raises:
        msgspec.ValidationError: If the data does not have that shape.
    """
    return msgspec.json.decode(data, type=kind, dec_hook=_decode_hook)


def plain(value: Any) -> Any:
    """Return the value as dictionaries, lists and scalars."""
    return msgspec.to_builtins(value, enc_hook=_encode_hook)
