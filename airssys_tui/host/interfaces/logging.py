"""``airssys:core-host/logging``: a component writes to its own log."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.interface import Function, Param
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.services.log_text import LEVELS, MAX_MESSAGE, bounded_fields, bounded_message
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import LOG_LEVEL, PAIRS, STRING


def _log(context: HostContext, level: str, message: str, fields: list[tuple[str, str]]) -> None:
    tenant: Tenant = context.owner
    if not fields and len(message) <= MAX_MESSAGE:  # nearly always
        tenant.log(LEVELS[level], message, ())
        return
    tenant.log(LEVELS[level], bounded_message(message), bounded_fields(fields))


INTERFACE: Final = HostInterface(
    "airssys:core-host/logging@1.0.0",
    (
        HostFunction(
            Function("log", (Param("level", LOG_LEVEL), Param("message", STRING), Param("fields", PAIRS))), _log
        ),
    ),
)
