"""Sending a component's response: status, fields and the body as it comes, or why it cannot be sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter_ns
from typing import Any, Final

from airssys_tui.api.views.http import HostReason
from airssys_tui.host.doors.exchange.body_pipe import CAPACITY, BodyPipe
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.http_messages import OutgoingResponse
from airssys_tui.runtime.incoming.host_answers import HostAnswer, Unserved
from airssys_tui.runtime.incoming.request_call import RequestCall, body_of
from airssys_tui.runtime.incoming.request_head import REQUEST_ID

Send = Callable[[dict[str, Any]], Awaitable[None]]
"""How an ASGI application sends."""

UNFINISHED: Final = ExchangeFault(FaultCode.RESPONSE_INCOMPLETE)

BODILESS: Final = frozenset({204, 205, 304})
"""Statuses without a body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5)."""

_LENGTH: Final = "content-length"
_HOST_SETS: Final = frozenset({REQUEST_ID, "date"})


async def send_response(call: RequestCall, response: OutgoingResponse, send: Send) -> None:
    """Send what a component answered, until the end of its body.

    Raises:
        Unserved: If the response is not whole: before anything was sent, or ``CUT_OFF`` after that.
    """
    pipe, record = body_of(response), call.record
    if not 200 <= response.status <= 599:
        raise Unserved(HostReason.FAULT, f"the status {response.status} is none of a response")
    if pipe is not None and call.over and not pipe.closed:
        pipe.fail(UNFINISHED)
    data = b"" if pipe is None else pipe.read(CAPACITY)
    if pipe is not None and pipe.fault is not None:
        raise Unserved(HostReason.NO_RESPONSE, f"its body is incomplete: {pipe.fault}")
    whole = pipe is None or pipe.over
    bodiless = response.status in BODILESS or record.method == "HEAD"
    headers = _headers(call, response, data, whole=whole)
    record.status, record.head_ns = response.status, perf_counter_ns()
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    record.sent += 0 if bodiless else len(data)
    await send({"type": "http.response.body", "body": b"" if bodiless else data, "more_body": not whole})
    if pipe is not None and not whole:
        await _send_rest(call, pipe, send, bodiless=bodiless)


async def _send_rest(call: RequestCall, pipe: BodyPipe, send: Send, *, bodiless: bool) -> None:
    while not (pipe.over or call.slow):
        data = pipe.read(CAPACITY)
        if data and not bodiless:
            call.record.sent += len(data)
            call.sending_ns = perf_counter_ns()
            await send({"type": "http.response.body", "body": data, "more_body": True})
            call.sending_ns = 0
        elif not data and not (call.over or call.left):
            await call.news()
        elif not data:
            pipe.fail(UNFINISHED)
    if call.slow or pipe.fault is not None:
        raise Unserved(_ended(call), str(pipe.fault or ""))
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _ended(call: RequestCall) -> HostReason:
    if call.slow:
        return HostReason.CLIENT_SLOW
    return HostReason.CLIENT_LEFT if call.left else HostReason.CUT_OFF


def _headers(call: RequestCall, response: OutgoingResponse, data: bytes, *, whole: bool) -> list[tuple[bytes, bytes]]:
    """Return the fields of a response, those included that the host sets."""
    bare = response.status in BODILESS
    counted = not bare and whole and call.record.method != "HEAD"
    headers = []
    for name, value in response.fields.entries():
        lower = name.lower()
        if lower in _HOST_SETS or (lower == _LENGTH and (bare or counted)):
            continue
        headers.append((lower.encode("ascii"), value))
    if counted:
        promised = response.fields.get(_LENGTH)
        if promised and promised != [str(len(data)).encode("ascii")]:
            raise Unserved(HostReason.NO_RESPONSE, "its body has another length than its fields say")
        headers.append((b"content-length", str(len(data)).encode("ascii")))
    headers.append((b"x-request-id", call.record.id.encode("ascii")))
    if whole and not call.body.closed:
        headers.append((b"connection", b"close"))  # the rest of the request is not read
    return headers


async def send_answer(request_id: str, answer: HostAnswer, send: Send) -> int:
    """Send an answer of the host; return the bytes of its body."""
    body = f"{answer.status} {answer.text}\nrequest {request_id}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", request_id.encode("ascii")),
    ]
    if answer.retry_after is not None:
        headers.append((b"retry-after", str(answer.retry_after).encode("ascii")))
    if answer.closes:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return len(body)
