"""The exact types of ``airssys:core-component``: exports with these names must match them."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.message import MessageKind
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.types.interface import (
    Case,
    EnumOf,
    Field,
    Function,
    Interface,
    InterfaceType,
    ListOf,
    OptionOf,
    Param,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    VariantOf,
    render,
)
from airssys_tui.host.messages.message_types import COMPONENT_ID, ENCODED_PAYLOAD, MESSAGING_ERROR
from airssys_tui.host.types import (
    COMPONENT_ERROR,
    OPTIONAL_STRING,
    PAIRS,
    PAYLOAD,
    STRING,
    TIMESTAMP,
    U64,
    UNIT_OR_ERROR,
)

_COMPONENT_VERSION: Final = Record(
    (
        Field("major", U64),
        Field("minor", U64),
        Field("patch", U64),
        Field("pre-release", OPTIONAL_STRING),
        Field("build", OPTIONAL_STRING),
    )
)
_CONFIG: Final = Record((Field("id", COMPONENT_ID), Field("version", _COMPONENT_VERSION), Field("entries", PAIRS)))
_EXECUTION_ERROR: Final = VariantOf(
    tuple(
        Case(name, STRING)
        for name in (
            "unknown-operation",
            "invalid-input",
            "unsupported-codec",
            "denied",
            "timeout",
            "cancelled",
            "failed",
        )
    )
)
_EXECUTION_CONTEXT: Final = Record(
    (
        Field("request", U64),
        Field("caller", OptionOf(COMPONENT_ID)),
        Field("time-left", OptionOf(U64)),
        Field("trace-id", STRING),
    )
)
_HEALTH_REPORT: Final = Record(
    (Field("status", EnumOf(("healthy", "degraded", "unhealthy", "unknown"))), Field("message", OPTIONAL_STRING))
)
_OPERATION: Final = Record((Field("name", STRING), Field("summary", STRING), Field("idempotent", Primitive("bool"))))
_METADATA: Final = Record(
    (
        Field("title", STRING),
        Field("description", STRING),
        Field("operations", ListOf(_OPERATION)),
        Field("accepts", ListOf(U64)),
        Field("labels", ListOf(TupleOf((STRING, STRING)))),
    )
)
_MESSAGE: Final = Record(
    (
        Field("id", STRING),
        Field("kind", EnumOf(tuple(kind.value for kind in MessageKind))),
        Field("sender", OptionOf(COMPONENT_ID)),
        Field("topic", OPTIONAL_STRING),
        Field("correlation", OptionOf(U64)),
        Field("body", ENCODED_PAYLOAD),
        Field("sent-at", TIMESTAMP),
        Field("time-left", OptionOf(U64)),
        Field("attempt", Primitive("u32")),
        Field("trace-id", STRING),
    )
)

CONTRACT: Final[dict[str, tuple[Function, ...]]] = {
    "airssys:core-component/lifecycle@1.0.0": (
        Function("init", (Param("config", _CONFIG),), UNIT_OR_ERROR),
        Function("shutdown", (), UNIT_OR_ERROR),
    ),
    "airssys:core-component/execution@1.0.0": (
        Function(
            "execute",
            (Param("operation", STRING), Param("input", PAYLOAD), Param("context", _EXECUTION_CONTEXT)),
            ResultOf(PAYLOAD, _EXECUTION_ERROR),
        ),
    ),
    "airssys:core-component/message-handler@1.0.0": (
        Function("handle-message", (Param("message", _MESSAGE),), ResultOf(OptionOf(PAYLOAD), COMPONENT_ERROR)),
    ),
    "airssys:core-component/callback-handler@1.0.0": (
        Function("handle-callback", (Param("request", U64), Param("answer", ResultOf(PAYLOAD, MESSAGING_ERROR))), None),
    ),
    "airssys:core-component/health@1.0.0": (Function("check", (), _HEALTH_REPORT),),
    "airssys:core-component/metadata@1.0.0": (Function("describe", (), _METADATA),),
    "airssys:core-component/state@1.0.0": (
        Function("schema", (), STRING),
        Function("save", (), ResultOf(PAYLOAD, COMPONENT_ERROR)),
        Function("load", (Param("saved", PAYLOAD), Param("from-version", _COMPONENT_VERSION)), UNIT_OR_ERROR),
    ),
}
"""Functions by interface. A component may leave out an interface, but no function of one that it exports."""


def wrong_exports(interface: Interface) -> tuple[GuestText, ...]:
    """Return every mismatch in the contract interfaces that a component exports."""
    wrong: list[GuestText] = []
    for item in interface.exports:
        if not isinstance(item, InterfaceType) or item.name not in CONTRACT:
            continue
        exported = {function.name: function for function in item.functions}
        for function in CONTRACT[item.name]:
            found = exported.get(function.name)
            if found is None:
                wrong.append(one_line(f"export {item.name} lacks `{function.name}`"))
            elif not function.same_type(found):
                wrong.append(
                    one_line(
                        f"export {item.name}#{function.name}: expected {render(function)}, found {render(found)}", 1000
                    )
                )
    return tuple(wrong)
