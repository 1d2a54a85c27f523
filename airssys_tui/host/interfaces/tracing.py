"""``airssys:core-host/tracing``: a component reports the steps of a call."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.interface import Borrow, Function, OptionOf, Own, Param
from airssys_tui.core.types.values import Some
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface, HostResource
from airssys_tui.host.services.spans import SPAN_BYTES, Span
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import STRING

_SELF: Final = Param("self", Borrow("span"))


def _start(context: HostContext, name: str, parent: Some | None) -> Span:
    tenant: Tenant = context.owner
    return tenant.tracer.start(name, None if parent is None else parent.value)


def _annotate(_context: HostContext, span: Span, key: str, value: str) -> None:
    span.annotate(key, value)


def _record_error(_context: HostContext, span: Span, message: str) -> None:
    span.fail(message)


def _finish(_context: HostContext, span: Span) -> None:
    span.finish()


def _trace_id(context: HostContext) -> str:
    tenant: Tenant = context.owner
    return tenant.tracer.id


INTERFACE: Final = HostInterface(
    "airssys:core-host/tracing@1.0.0",
    (
        HostFunction(
            Function(
                "[static]span.start", (Param("name", STRING), Param("parent", OptionOf(Borrow("span")))), Own("span")
            ),
            _start,
        ),
        HostFunction(
            Function("[method]span.annotate", (_SELF, Param("key", STRING), Param("value", STRING))), _annotate
        ),
        HostFunction(Function("[method]span.record-error", (_SELF, Param("message", STRING))), _record_error),
        HostFunction(Function("[method]span.finish", (_SELF,)), _finish),
        HostFunction(Function("trace-id", (), STRING), _trace_id),
    ),
    (HostResource("span", _finish, SPAN_BYTES),),
)
