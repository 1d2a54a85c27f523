"""WIT types shared by several core-host interfaces, in the form that the engine compares and converts."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.interface import (
    Case,
    EnumOf,
    Field,
    ListOf,
    OptionOf,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    VariantOf,
)

BOOL: Final = Primitive("bool")
STRING: Final = Primitive("string")
F64: Final = Primitive("f64")
U32: Final = Primitive("u32")
U64: Final = Primitive("u64")
BYTES: Final = ListOf(Primitive("u8"))
PAIRS: Final = ListOf(TupleOf((STRING, STRING)))
OPTIONAL_STRING: Final = OptionOf(STRING)
LOG_LEVEL: Final = EnumOf(("trace", "debug", "info", "warn", "error"))
TIMESTAMP: Final = Record((Field("seconds", U64), Field("nanoseconds", U32)))
COMPONENT_ERROR: Final = VariantOf(
    tuple(
        Case(name, STRING)
        for name in (
            "invalid-config",
            "invalid-input",
            "invalid-state",
            "unsupported",
            "denied",
            "unavailable",
            "timeout",
            "cancelled",
            "retryable",
            "internal",
        )
    )
)
PAYLOAD: Final = VariantOf((Case("text", STRING), Case("binary", BYTES)))
STORAGE_ERROR: Final = VariantOf(
    tuple(
        Case(name, STRING)
        for name in (
            "denied",
            "invalid-key",
            "too-large",
            "quota-exceeded",
            "conflict",
            "invalid-cursor",
            "unavailable",
            "failed",
        )
    )
)
UNIT_OR_ERROR: Final = ResultOf(None, COMPONENT_ERROR)
