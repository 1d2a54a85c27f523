"""A guest book over HTTP: `GET /guests` lists the names, `POST /guests` adds the one in the body.

The names are in the component's storage, so they outlive reloads, restarts and traps.
"""

import json

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import storage
from wit_world.imports.payload import Payload_Text
from wit_world.imports.types import (
    Fields,
    IncomingRequest,
    Method_Get,
    Method_Post,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
)

KEY = "names"
MOST = 100


class IncomingHandler(exports.IncomingHandler):
    """What the component exports."""

    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        """Answer a request."""
        match request.method():
            case Method_Get():
                status, text = 200, "".join(f"{name}\n" for name in names())
            case Method_Post():
                status, text = add(read(request).decode(errors="replace").strip())
            case _:
                status, text = 405, "there is GET and POST\n"
        answer(response_out, status, text)


def names() -> list[str]:
    """Return the names, the oldest first."""
    kept = storage.get(KEY)
    return json.loads(kept.value) if kept is not None else []


def add(name: str) -> tuple[int, str]:
    """Add a name; return a status and what to say."""
    if not name or len(name) > 100:
        return 400, "a name has 1 to 100 characters\n"
    storage.set(KEY, Payload_Text(json.dumps([*names(), name][-MOST:])))
    print("a guest came")
    return 201, f"welcome, {name}\n"


def read(request: IncomingRequest) -> bytes:
    """Return the body of a request."""
    taken = b""
    with request.consume() as body, body.stream() as stream:
        while True:
            try:
                taken += stream.blocking_read(65536)
            except Err:  # the end
                return taken


def answer(response_out: ResponseOutparam, status: int, text: str) -> None:
    """Give a response."""
    fields = Fields()
    fields.append("content-type", b"text/plain; charset=utf-8")
    response = OutgoingResponse(fields)
    response.set_status_code(status)
    body = response.body()
    ResponseOutparam.set(response_out, Ok(response))
    rest = text.encode()
    with body.write() as stream:
        while rest:
            stream.blocking_write_and_flush(rest[:4096])
            rest = rest[4096:]
    OutgoingBody.finish(body, None)
