"""Receiving the body of a request: a small one before its call is queued, a large one while the call runs.

So a client that sends slowly keeps a component busy only with what does not fit into memory anyway, and the component
of everybody else's requests not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from airssys_tui.api.views.http import HostReason
from airssys_tui.host.doors.exchange.body_pipe import CAPACITY, BodyPipe
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.runtime.incoming.host_answers import Unserved
from airssys_tui.runtime.incoming.request_call import RequestCall

Receive = Callable[[], Awaitable[dict[str, Any]]]
"""How an ASGI application receives."""

BODY_TIME: Final = 10.0
"""Seconds in which a small body has to be there."""

SMALL: Final = CAPACITY
"""Bytes of a body that is received before its call is queued."""


async def receive_small(call: RequestCall, receive: Receive) -> None:
    """Receive a body of at most :data:`SMALL` bytes.

    Raises:
        Unserved: ``CLIENT_LEFT`` or ``SLOW_BODY``.
    """
    try:
        async with asyncio.timeout(BODY_TIME):
            while not call.body.closed:
                message = await receive()
                call.body.write(_take(call, message))
                if not message.get("more_body", False):
                    call.body.end()
    except TimeoutError as error:
        raise Unserved(HostReason.SLOW_BODY) from error


async def receive_rest(
    call: RequestCall, receive: Receive, most: int, on_loop: Callable[[Callable[[], None]], None]
) -> None:
    """Receive a body as fast as the component reads it, if that is not done yet; then wait until the client goes away.

    Args:
        call: The call.
        receive: Receives.
        most: Bytes that the component takes.
        on_loop: Has a function called on this loop; from any thread.
    """
    room = asyncio.Event()
    if not call.body.closed:
        call.body.on_writable(lambda: on_loop(room.set))
    while not call.left:
        try:
            message = await receive()
            data = memoryview(_take(call, message))
        except Unserved:
            call.leave()
            return
        if call.body.closed:
            continue
        if call.record.received > most:
            call.too_large = True
            call.body.fail(ExchangeFault(FaultCode.REQUEST_BODY_SIZE, number=most))
            continue
        await _write(call.body, data, room)
        if not message.get("more_body", False):
            call.body.end()


async def _write(pipe: BodyPipe, data: memoryview, room: asyncio.Event) -> None:
    while data and not pipe.closed:
        room.clear()
        data = data[pipe.write(data) :]
        if data and not pipe.room and not pipe.abandoned:
            await room.wait()


def _take(call: RequestCall, message: dict[str, Any]) -> bytes:
    if message["type"] != "http.request":
        raise Unserved(HostReason.CLIENT_LEFT)
    data: bytes = message.get("body", b"")
    call.record.received += len(data)
    return data
