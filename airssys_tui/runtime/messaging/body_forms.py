"""What messages say, between the forms that guests and front ends have of it."""

from __future__ import annotations

from typing import Final

from airssys_tui.api.views.messaging import MessageBody
from airssys_tui.core.errors import UsageError
from airssys_tui.core.types.values import Some, Variant
from airssys_tui.host.services.messenger import Body

MOST_SHOWN: Final = 120
"""Characters of a preview at most."""

_LARGEST: Final = 2**64


def body_for_guests(body: MessageBody) -> Body:
    """Return an ``encoded-payload``.

    Raises:
        UsageError: It is neither text nor bytes, or both, or its codec is out of bounds.
    """
    if (body.text is None) == (body.binary is None):
        raise UsageError("a message is either text or bytes")
    if body.codec is not None and not 0 <= body.codec < _LARGEST:
        raise UsageError(f"codec {body.codec}; a codec is a number of 64 bits")
    said = Variant("text", _unicode(body.text)) if body.text is not None else Variant("binary", body.binary)
    return {"codec": None if body.codec is None else Some(body.codec), "body": said}


def shown_body(body: Body) -> MessageBody:
    """Return what a message says, for a front end."""
    codec = None if body["codec"] is None else body["codec"].value
    return payload_body(body["body"], codec)


def payload_body(payload: Variant, codec: int | None = None) -> MessageBody:
    """Return a ``payload`` for a front end."""
    if payload.case == "text":
        return MessageBody(text=payload.payload, codec=codec)
    return MessageBody(binary=bytes(payload.payload), codec=codec)


def preview(body: Body) -> str:
    """Return the beginning of what a message says; it is data, to be sanitised where it is drawn."""
    data = body["body"].payload[:MOST_SHOWN]
    shown = MessageBody(text=data) if isinstance(data, str) else MessageBody(binary=bytes(data))
    return shown.shown[:MOST_SHOWN]


def _unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"the message is not Unicode text ({error.reason})") from None
    return text
