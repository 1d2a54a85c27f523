"""``wasi:http/types``: messages, their bodies and what becomes of them, over the plain objects of ``doors/exchange``.

The rules are those of the package's WIT (WASI 0.2, ``wasi:http/types``). A stream has to be dropped before its body is
dropped or finished. Header fields may outlive their message: nothing of it can change under them.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller
from typing import Any, Final

from airssys_tui.core.errors import HostFault
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.host import HostContext, HostResource
from airssys_tui.engine.kept_bytes import Holder
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault
from airssys_tui.host.doors.exchange.header_fields import Fields
from airssys_tui.host.doors.exchange.http_messages import (
    IncomingMessage,
    IncomingRequest,
    IncomingResponse,
    OutgoingMessage,
    OutgoingRequest,
    OutgoingResponse,
    RequestTimes,
)
from airssys_tui.host.doors.exchange.message_bodies import FutureTrailers, IncomingBody, OutgoingBody
from airssys_tui.host.doors.exchange.response_slot import ResponseSlot
from airssys_tui.host.doors.network.web_exchange import WebExchange
from airssys_tui.host.wasi.charged_calls import charged
from airssys_tui.host.wasi.http import http_fields
from airssys_tui.host.wasi.http.body_streams import FuturePollable, input_of, output_of
from airssys_tui.host.wasi.http.http_values import (
    fault_of,
    fault_value,
    method_of,
    method_value,
    option,
    scheme_of,
    scheme_value,
    value_of,
)
from airssys_tui.host.wasi.stream_end import IoError
from airssys_tui.host.wasi.wasi_types import wasi_interface

MESSAGE_BYTES: Final = 4_096
"""Bytes of memory that a message, its fields or its times are counted with."""

BODY_BYTES: Final = 2_048
"""Bytes that a body is counted with, besides those that are kept for it."""

EXCHANGE_BYTES: Final = 128 * 1024
"""Bytes that a request under way is counted with: what was received and not taken yet, and the connection, too."""

_DONE: Final = Ok()
_NO: Final = Err()


def _once(value: Any) -> Ok | Err:
    """Return what is given once as ``result``: None is given the second time."""
    return _NO if value is None else Ok(value)


def _whether(done: bool) -> Ok | Err:
    return _DONE if done else _NO


# Messages of both directions


def _fields(_context: HostContext, message: IncomingMessage | OutgoingMessage) -> Fields:
    return message.fields


def _consume(_context: HostContext, message: IncomingMessage) -> Ok | Err:
    return _once(message.consume())


def _body(_context: HostContext, message: OutgoingMessage) -> Ok | Err:
    return _once(message.open_body())


def _method(_context: HostContext, request: IncomingRequest | OutgoingRequest) -> Variant:
    return method_value(request.method)


def _target(_context: HostContext, request: IncomingRequest | OutgoingRequest) -> Some | None:
    return option(request.target)


def _scheme(_context: HostContext, request: IncomingRequest | OutgoingRequest) -> Some | None:
    return None if request.scheme is None else Some(scheme_value(request.scheme))


def _authority(_context: HostContext, request: IncomingRequest | OutgoingRequest) -> Some | None:
    return option(request.authority)


# Requests of guests


def _request(_context: HostContext, fields: Fields) -> OutgoingRequest:
    return OutgoingRequest(fields)


def _set_method(_context: HostContext, request: OutgoingRequest, method: Variant) -> Ok | Err:
    return _whether(request.set_method(method_of(method)))


def _set_target(_context: HostContext, request: OutgoingRequest, target: Some | None) -> Ok | Err:
    return _whether(request.set_target(value_of(target)))


def _set_scheme(_context: HostContext, request: OutgoingRequest, scheme: Some | None) -> Ok | Err:
    return _whether(request.set_scheme(None if scheme is None else scheme_of(scheme.value)))


def _set_authority(_context: HostContext, request: OutgoingRequest, authority: Some | None) -> Ok | Err:
    return _whether(request.set_authority(value_of(authority)))


def _times(_context: HostContext) -> RequestTimes:
    return RequestTimes()


def _time_calls(name: str, attribute: str) -> dict[str, Callable[..., Any]]:
    """Return the two functions of one time."""

    def read(_context: HostContext, times: RequestTimes) -> Some | None:
        return option(getattr(times, attribute))

    def write(_context: HostContext, times: RequestTimes, time: Some | None) -> Ok:
        setattr(times, attribute, value_of(time))
        return _DONE

    return {f"[method]request-options.{name}": read, f"[method]request-options.set-{name}": write}


# Responses of guests


def _response(_context: HostContext, fields: Fields) -> OutgoingResponse:
    return OutgoingResponse(fields)


def _status(_context: HostContext, response: OutgoingResponse | IncomingResponse) -> int:
    return response.status


def _set_status(_context: HostContext, response: OutgoingResponse, status: int) -> Ok | Err:
    return _whether(response.set_status(status))


def _inform(_context: HostContext, slot: ResponseSlot, status: int, fields: Fields) -> Ok | Err:
    fault = slot.inform(status, fields)
    return _DONE if fault is None else Err(fault_value(fault))


def _answer(_context: HostContext, slot: ResponseSlot, answer: Ok | Err) -> None:
    slot.set(answer.value if isinstance(answer, Ok) else fault_of(answer.value))


# Bodies


def _input(_context: HostContext, body: IncomingBody) -> Ok | Err:
    return _once(input_of(body))


def _finish_input(_context: HostContext, body: IncomingBody) -> FutureTrailers:
    return body.finish()


def _output(_context: HostContext, body: OutgoingBody) -> Ok | Err:
    return _once(output_of(body))


def _finish_output(_context: HostContext, body: OutgoingBody, trailers: Some | None) -> Ok | Err:
    fault = body.finish(value_of(trailers))
    return _DONE if fault is None else Err(fault_value(fault))


# Futures


def _subscribe(_context: HostContext, future: FutureTrailers | WebExchange) -> FuturePollable:
    return FuturePollable(future)


def _get(context: HostContext, future: FutureTrailers | WebExchange) -> Some | None:
    if future.taken:
        return Some(_NO)
    if not future.is_ready(context):
        return None
    outcome = future.take()
    if isinstance(outcome, ExchangeFault):
        return Some(Ok(Err(fault_value(outcome))))
    return Some(Ok(Ok(outcome if isinstance(outcome, IncomingResponse) else option(outcome))))


def _error_code(_context: HostContext, error: IoError) -> Some | None:
    return option(error.http)


# What guests drop


def _drop(_context: Any, dropped: Any) -> None:
    dropped.drop()


_HELD_BY_MESSAGE: Final = methodcaller("holders")


def _itself(holder: Holder) -> tuple[Holder]:
    return (holder,)


def _drop_body(_context: Any, body: IncomingBody | OutgoingBody) -> None:
    body.drop()
    if body.streaming:
        raise HostFault("the body was dropped before its stream was")


_TYPES: Final = wasi_interface(
    "http/types",
    {
        **http_fields.CALLS,
        "[method]incoming-request.method": _method,
        "[method]incoming-request.path-with-query": _target,
        "[method]incoming-request.scheme": _scheme,
        "[method]incoming-request.authority": _authority,
        "[method]incoming-request.headers": _fields,
        "[method]incoming-request.consume": _consume,
        "[constructor]outgoing-request": charged(_request),
        "[method]outgoing-request.body": _body,
        "[method]outgoing-request.method": _method,
        "[method]outgoing-request.set-method": charged(_set_method),
        "[method]outgoing-request.path-with-query": _target,
        "[method]outgoing-request.set-path-with-query": charged(_set_target),
        "[method]outgoing-request.scheme": _scheme,
        "[method]outgoing-request.set-scheme": charged(_set_scheme),
        "[method]outgoing-request.authority": _authority,
        "[method]outgoing-request.set-authority": charged(_set_authority),
        "[method]outgoing-request.headers": _fields,
        "[constructor]request-options": charged(_times),
        **_time_calls("connect-timeout", "connect"),
        **_time_calls("first-byte-timeout", "first_byte"),
        **_time_calls("between-bytes-timeout", "between_bytes"),
        "[method]response-outparam.send-informational": charged(_inform),
        "[static]response-outparam.set": charged(_answer),
        "[method]incoming-response.status": _status,
        "[method]incoming-response.headers": _fields,
        "[method]incoming-response.consume": _consume,
        "[method]incoming-body.stream": _input,
        "[static]incoming-body.finish": charged(_finish_input),
        "[method]future-trailers.subscribe": _subscribe,
        "[method]future-trailers.get": charged(_get),
        "[constructor]outgoing-response": charged(_response),
        "[method]outgoing-response.status-code": _status,
        "[method]outgoing-response.set-status-code": _set_status,
        "[method]outgoing-response.headers": _fields,
        "[method]outgoing-response.body": _body,
        "[method]outgoing-body.write": _output,
        "[static]outgoing-body.finish": charged(_finish_output),
        "[method]future-incoming-response.subscribe": _subscribe,
        "[method]future-incoming-response.get": charged(_get),
        "http-error-code": _error_code,
    },
    (
        HostResource("fields", None, MESSAGE_BYTES, _itself),
        HostResource("incoming-request", _drop, MESSAGE_BYTES, _HELD_BY_MESSAGE),
        HostResource("incoming-response", _drop, MESSAGE_BYTES, _HELD_BY_MESSAGE),
        HostResource("outgoing-request", _drop, MESSAGE_BYTES, _HELD_BY_MESSAGE),
        HostResource("outgoing-response", _drop, MESSAGE_BYTES, _HELD_BY_MESSAGE),
        HostResource("request-options"),
        HostResource("response-outparam", _drop),
        HostResource("incoming-body", _drop_body, BODY_BYTES, _itself),
        HostResource("outgoing-body", _drop_body, BODY_BYTES, _itself),
        HostResource("future-trailers", _drop, BODY_BYTES, _itself),
        HostResource("future-incoming-response", _drop, EXCHANGE_BYTES),
    ),
)
INTERFACES: Final = (_TYPES,)
"""The interface, as the catalogue takes it."""
