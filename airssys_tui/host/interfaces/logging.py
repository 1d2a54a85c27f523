"""``airssys:core-host/logging``: a component writes to its own log."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.events import Level
from airssys_tui.core.types.interface import Function, Param
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import LOG_LEVEL, PAIRS, STRING

MAX_MESSAGE: Final = 1_000
MAX_FIELDS: Final = 32
MAX_FIELD: Final = 200

_LEVELS: Final = {
    "trace": Level.DEBUG,
    "debug": Level.DEBUG,
    "info": Level.INFO,
    "warn": Level.WARNING,
    "error": Level.ERROR,
}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…[+{len(text) - most}]"


def _log(context: HostContext, level: str, message: str, fields: list[tuple[str, str]]) -> None:
    tenant: Tenant = context.owner
    if not fields and len(message) <= MAX_MESSAGE:  # nearly always
        tenant.log(_LEVELS[level], message, ())
        return
    kept = [(_cut(key, MAX_FIELD), _cut(value, MAX_FIELD)) for key, value in fields[:MAX_FIELDS]]
    if len(fields) > MAX_FIELDS:
        kept.append(("…", f"+{len(fields) - MAX_FIELDS} fields"))
    tenant.log(_LEVELS[level], _cut(message, MAX_MESSAGE), kept)


INTERFACE: Final = HostInterface(
    "airssys:core-host/logging@1.0.0",
    (
        HostFunction(
            Function("log", (Param("level", LOG_LEVEL), Param("message", STRING), Param("fields", PAIRS))), _log
        ),
    ),
)
