"""``airssys:ext-network/http``: asking web servers."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.errors import HostDenied
from airssys_tui.core.types.interface import Borrow, EnumOf, Field, Function, OptionOf, Own, Param, Record
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface, HostResource
from airssys_tui.host.doors.network.dialogue import header_text
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.transfer import Transfer
from airssys_tui.host.doors.network.web_request import check_request
from airssys_tui.host.network_values import U16, network_function
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import BOOL, BYTES, PAIRS, STRING, U32, U64

METHOD: Final = EnumOf(("get", "head", "post", "put", "patch", "delete", "options"))
REQUEST: Final = Record(
    (
        Field("method", METHOD),
        Field("url", STRING),
        Field("headers", PAIRS),
        Field("body", OptionOf(BYTES)),
        Field("timeout", OptionOf(U64)),
    )
)
RESPONSE: Final = Record((Field("status", U16), Field("headers", PAIRS), Field("body", Own("body"))))

_SELF: Final = Param("self", Borrow("body"))

_WEIGHT: Final = 128 * 1024
"""Bytes that a body is counted with: what was received and not read yet, and the connection."""


def _send(context: HostContext, request: dict[str, Any]) -> dict[str, Any]:
    tenant: Tenant = context.owner
    body, timeout = request["body"], request["timeout"]
    asked = check_request(request["method"], request["url"], request["headers"], None if body is None else body.value)
    answer = tenant.network.send(context, asked, None if timeout is None else timeout.value)
    headers = [(name.decode("ascii").lower(), header_text(value)) for name, value in answer.head.headers]
    return {"status": answer.head.status, "headers": headers, "body": answer.body}


def _read(context: HostContext, body: Transfer, length: int) -> bytes:
    tenant: Tenant = context.owner
    return tenant.network.read_body(context, body, length)


def _at_end(_context: HostContext, body: Transfer) -> bool:
    try:
        return body.at_end()
    except NetworkRefusal as refusal:  # the function has no error to return
        raise HostDenied(refusal.message) from refusal


def _drop(_context: HostContext, dropped: Transfer) -> None:
    dropped.close()


INTERFACE: Final = HostInterface(
    "airssys:ext-network/http@1.0.0",
    (
        network_function("[method]body.read", _read, BYTES, _SELF, Param("len", U32)),
        HostFunction(Function("[method]body.at-end", (_SELF,), BOOL), _at_end),
        network_function("send", _send, RESPONSE, Param("request", REQUEST)),
    ),
    (HostResource("body", _drop, _WEIGHT),),
)
