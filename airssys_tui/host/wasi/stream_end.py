"""How operations on streams fail, and the value of an ``error`` that says why."""

from __future__ import annotations

import msgspec

from airssys_tui.core.errors import AirssysError
from airssys_tui.core.types.values import Variant


class IoError(msgspec.Struct, frozen=True):
    """The value of an ``error``: a failure, and its code in the interface that it comes from.

    Attributes:
        text: One sentence for whoever debugs the guest; it names nothing that the guest does not know.
        filesystem: A case of ``wasi:filesystem/types#error-code``, if files failed.
        network: A case of ``wasi:sockets/network#error-code``, if a socket failed.
        http: An ``error-code`` of ``wasi:http/types``, if a request or a response failed.
    """

    text: str
    filesystem: str | None = None
    network: str | None = None
    http: Variant | None = None


class StreamClosed(AirssysError):
    """The stream is at its end, or takes nothing more."""

    title = "stream closed"

    def __init__(self) -> None:
        super().__init__("the stream is closed")


class StreamFailed(AirssysError):
    """The last operation on the stream failed; the stream is closed from then on.

    Attributes:
        error: Why.
    """

    title = "stream failed"

    def __init__(self, error: IoError) -> None:
        super().__init__(error.text)
        self.error = error
