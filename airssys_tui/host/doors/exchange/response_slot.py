"""What a component owes to a request that a server handed to it: one response, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from airssys_tui.host.doors.exchange.body_pipe import Tell
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.header_fields import Fields
from airssys_tui.host.doors.exchange.http_messages import OutgoingResponse

NO_ANSWER: Final = ExchangeFault(FaultCode.INTERNAL_ERROR, "the component ended the request without a response")
"""The fault of a slot that was dropped."""


class ResponseSlot:
    """One response to come.

    Args:
        tell: Called once, when the outcome is there, on the thread of the component; it must not block.
        send: Called for each interim response, the same way, with its status and fields; None if the server sends none.

    Attributes:
        outcome: The response, whose body may still be under way, or the fault; None for as long as there is neither.
    """

    __slots__ = ("_send", "_tell", "outcome")

    def __init__(self, tell: Tell, send: Callable[[int, Fields], object] | None = None) -> None:
        self._tell = tell
        self._send = send
        self.outcome: OutgoingResponse | ExchangeFault | None = None

    def inform(self, status: int, fields: Fields) -> ExchangeFault | None:
        """Send an interim response before the one that counts (RFC 9110, section 15.2).

        Returns:
            The fault if the status is not 100 to 199, the outcome is there, or the server sends no such responses.
        """
        if not 100 <= status <= 199 or self.outcome is not None:
            return ExchangeFault(FaultCode.PROTOCOL_ERROR)
        if self._send is None:
            return ExchangeFault(FaultCode.INTERNAL_ERROR, "this server sends no interim responses")
        self._send(status, fields.freeze())
        return None

    def set(self, outcome: OutgoingResponse | ExchangeFault) -> None:
        """Answer. Only the first answer counts."""
        if self.outcome is None:
            self.outcome = outcome
            self._tell()

    def drop(self) -> None:
        """Give up without an answer, unless there is one."""
        self.set(NO_ANSWER)
