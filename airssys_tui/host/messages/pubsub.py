"""``airssys:core-host/pubsub``: publishing to whoever listens."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.message import Failure
from airssys_tui.core.types.interface import Function, Param
from airssys_tui.core.types.values import Err, Ok
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.messages.message_types import ENCODED_PAYLOAD, SENT, failed, outcome, size_of
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import BOOL, STRING, U32

_PATTERN: Final = Param("pattern", STRING)


def _publish(context: HostContext, topic: str, body: dict[str, Any]) -> Ok | Err:
    tenant: Tenant = context.owner
    context.charge_bytes(size_of(body))
    taken = tenant.messenger.publish(topic, body)
    return failed(taken) if isinstance(taken, Failure) else Ok(taken)


def _subscribe(context: HostContext, pattern: str) -> Ok | Err:
    tenant: Tenant = context.owner
    failure = tenant.messenger.subscribe(pattern)
    return Ok() if failure is None else failed(failure)


def _unsubscribe(context: HostContext, pattern: str) -> bool:
    tenant: Tenant = context.owner
    return tenant.messenger.unsubscribe(pattern)


INTERFACE: Final = HostInterface(
    "airssys:core-host/pubsub@1.0.0",
    (
        HostFunction(
            Function("publish", (Param("topic", STRING), Param("body", ENCODED_PAYLOAD)), outcome(U32)), _publish
        ),
        HostFunction(Function("subscribe", (_PATTERN,), SENT), _subscribe),
        HostFunction(Function("unsubscribe", (_PATTERN,), BOOL), _unsubscribe),
    ),
)
