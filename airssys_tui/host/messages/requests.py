"""``airssys:core-host/requests``: asking other components."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.message import Failure
from airssys_tui.core.types.interface import Function, Param
from airssys_tui.core.types.values import Err, Ok
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.messages.message_types import COMPONENT_ID, ENCODED_PAYLOAD, failed, outcome, size_of
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import BOOL, PAYLOAD, U32, U64

_ASKED: Final = (Param("target", COMPONENT_ID), Param("body", ENCODED_PAYLOAD), Param("timeout-ms", U32))


def _request(context: HostContext, target: dict[str, str], body: dict[str, Any], timeout_ms: int) -> Ok | Err:
    tenant: Tenant = context.owner
    context.charge_bytes(size_of(body))
    asked = tenant.messenger.request(target, body, timeout_ms)
    return failed(asked) if isinstance(asked, Failure) else Ok(asked)


def _call(context: HostContext, target: dict[str, str], body: dict[str, Any], timeout_ms: int) -> Ok | Err:
    tenant: Tenant = context.owner
    context.charge_bytes(size_of(body))
    answer = tenant.messenger.call(context, target, body, timeout_ms)
    return failed(answer) if isinstance(answer, Failure) else Ok(answer)


def _cancel(context: HostContext, request: int) -> bool:
    tenant: Tenant = context.owner
    return tenant.messenger.cancel(request)


INTERFACE: Final = HostInterface(
    "airssys:core-host/requests@1.0.0",
    (
        HostFunction(Function("request", _ASKED, outcome(U64)), _request),
        HostFunction(Function("call", _ASKED, outcome(PAYLOAD)), _call),
        HostFunction(Function("cancel", (Param("request", U64),), BOOL), _cancel),
    ),
)
