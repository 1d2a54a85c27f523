"""The WIT types of messages, shared by the interfaces that send them, and their errors as guests get them."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.message import Failure, Guarantee, Undelivered
from airssys_tui.core.text import bounded
from airssys_tui.core.types.interface import Case, EnumOf, Field, OptionOf, Record, ResultOf, ValType, VariantOf
from airssys_tui.core.types.values import Err, Variant
from airssys_tui.host.types import PAYLOAD, STRING, U64

COMPONENT_ID: Final = Record((Field("namespace", STRING), Field("name", STRING)))
ENCODED_PAYLOAD: Final = Record((Field("codec", OptionOf(U64)), Field("body", PAYLOAD)))
MESSAGING_ERROR: Final = VariantOf(tuple(Case(case.value, STRING) for case in Undelivered))
SEND_OPTIONS: Final = Record(
    (
        Field("guarantee", EnumOf(tuple(guarantee.value for guarantee in Guarantee))),
        Field("deadline", OptionOf(U64)),
        Field("correlation", OptionOf(U64)),
    )
)
SENT: Final = ResultOf(None, MESSAGING_ERROR)

MOST_TOLD: Final = 1_000
"""Characters of an error's text at most."""


def outcome(ok: ValType | None) -> ResultOf:
    """Return the type of an operation's result."""
    return ResultOf(ok, MESSAGING_ERROR)


def failed(failure: Failure) -> Err:
    """Return a failure for a guest."""
    return Err(Variant(failure.case.value, bounded(failure.text, MOST_TOLD)))


def size_of(body: dict[str, Any]) -> int:
    """Return the bytes of an ``encoded-payload``; text is counted in UTF-8."""
    data = body["body"].payload
    if data.__class__ is str and not data.isascii():
        return len(data.encode())
    return len(data)
