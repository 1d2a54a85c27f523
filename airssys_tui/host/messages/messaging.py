"""``airssys:core-host/messaging``: sending messages to other components."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.message import MAX_TARGETS, Failure, Guarantee, Undelivered
from airssys_tui.core.types.interface import Function, ListOf, Param
from airssys_tui.core.types.values import Err, Ok, Some
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.messages.message_types import (
    COMPONENT_ID,
    ENCODED_PAYLOAD,
    SEND_OPTIONS,
    SENT,
    failed,
    outcome,
    size_of,
)
from airssys_tui.host.services.messenger import SendOptions
from airssys_tui.host.tenant import Tenant

_PLAIN: Final = SendOptions()
_SENT: Final = Ok()
_TARGET: Final = Param("target", COMPONENT_ID)
_BODY: Final = Param("body", ENCODED_PAYLOAD)


def _self_id(context: HostContext) -> dict[str, str]:
    tenant: Tenant = context.owner
    return tenant.messenger.identity


def _send(context: HostContext, target: dict[str, str], body: dict[str, Any]) -> Ok | Err:
    tenant: Tenant = context.owner
    context.charge_bytes(size_of(body))
    failure = tenant.messenger.send(context, target, body, _PLAIN)
    return _SENT if failure is None else failed(failure)


def _send_with(context: HostContext, target: dict[str, str], body: dict[str, Any], options: dict[str, Any]) -> Ok | Err:
    tenant: Tenant = context.owner
    context.charge_bytes(size_of(body))
    deadline: Some | None = options["deadline"]
    correlation: Some | None = options["correlation"]
    wanted = SendOptions(
        Guarantee(options["guarantee"]),
        None if deadline is None else deadline.value,
        None if correlation is None else correlation.value,
    )
    failure = tenant.messenger.send(context, target, body, wanted)
    return _SENT if failure is None else failed(failure)


def _broadcast(context: HostContext, targets: list[dict[str, str]], body: dict[str, Any]) -> Ok | Err:
    if len(targets) > MAX_TARGETS:
        return failed(Failure(Undelivered.TOO_LARGE, f"{len(targets)} targets; the limit is {MAX_TARGETS}"))
    return Ok([_send(context, target, body) for target in targets])


INTERFACE: Final = HostInterface(
    "airssys:core-host/messaging@1.0.0",
    (
        HostFunction(Function("self-id", (), COMPONENT_ID), _self_id),
        HostFunction(Function("send", (_TARGET, _BODY), SENT), _send),
        HostFunction(Function("send-with", (_TARGET, _BODY, Param("options", SEND_OPTIONS)), SENT), _send_with),
        HostFunction(
            Function("broadcast", (Param("targets", ListOf(COMPONENT_ID)), _BODY), outcome(ListOf(SENT))), _broadcast
        ),
    ),
)
