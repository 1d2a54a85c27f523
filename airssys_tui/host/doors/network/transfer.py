"""A question on its way, and then the body of its answer, for whoever waits for each of them."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.network.byte_channel import Wire
from airssys_tui.host.doors.network.dialogue import AnswerEnd, AnswerHead, Dialogue, Interim
from airssys_tui.host.doors.network.holdings import CALL_FUEL, Holdings, Opened, Sort
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.operation_time import Patience
from airssys_tui.host.doors.network.streams import check_length
from airssys_tui.host.doors.network.web_request import WebRequest

MOST_INTERIM: Final = 16
"""Answers of status 1xx before the one that counts."""

MOST_PIECES: Final = 256
"""Pieces of a body that one read puts together."""


class Transfer(Opened):
    """A question on its way, and then the body of its answer.

    Args:
        holdings: Where it is counted, as a connection.
        access: What each call on it needs.
        wire: The connection.
        until_ns: Until when all of it has to be over, in nanoseconds of ``perf_counter_ns``.
    """

    __slots__ = ("_dialogue", "_over", "_rest", "until_ns")

    def __init__(self, holdings: Holdings, access: Access, wire: Wire, until_ns: int) -> None:
        self.until_ns = until_ns
        self._dialogue = Dialogue(wire)
        self._rest = b""
        self._over = False
        super().__init__(holdings, Sort.CONNECTION, access, wire.opened)

    def ask(self, request: WebRequest, patience: Patience) -> AnswerHead:
        """Send a question and return the head of its answer.

        A server may answer before it has read all of the body; the rest is not sent then.

        Raises:
            NetworkRefusal: ``invalid-input``, ``timeout``, ``closed``, ``too-large`` or ``failed``.
        """
        with self.occupied():
            dialogue = self._dialogue
            dialogue.ask(request.method, request.url.target, request.framed())
            if request.body:
                dialogue.tell(request.body)
            dialogue.finish()
            interim = 0
            while not isinstance(event := dialogue.next_event(), AnswerHead):
                if event is None:
                    dialogue.push()
                    self._receive(patience)
                    continue
                interim += 1
                if not isinstance(event, Interim) or interim > MOST_INTERIM:
                    raise NetworkRefusal("failed", f"the server sent {interim} interim answers or switched protocols")
            self._look_ahead()
            return event

    def _receive(self, patience: Patience) -> None:
        """Receive what is there, or wait for it."""
        received = self._dialogue.pull()
        if received is None:
            patience.wait(self._dialogue.wire.fileno(), self._dialogue.events())
        else:
            patience.caller.charge(received)

    def read(self, length: int, patience: Patience) -> bytes:
        """Return at most so many bytes of the body, waiting for the first ones; empty at its end.

        Raises:
            NetworkRefusal: ``invalid-input``, ``denied``, ``timeout``, ``closed`` or ``failed``.
        """
        check_length(length)
        if self._over or (self._rest and not self.closed):
            self._holdings.again(self.access)
        else:
            with self.using():
                self._fill(patience)
        data, self._rest = self._rest[:length], self._rest[length:]
        patience.caller.charge(CALL_FUEL + len(data))
        return data

    def _fill(self, patience: Patience) -> None:
        """Wait for the next bytes of the body, or for its end."""
        while not self._rest and not self._over:
            self._receive(patience)
            self._look_ahead()

    def _look_ahead(self) -> None:
        """Take what was received of the body, so that its end is known as soon as it is there."""
        pieces: list[bytes] = []
        while len(pieces) < MOST_PIECES:
            event = self._dialogue.next_event()
            if isinstance(event, bytes):
                pieces.append(event)
                continue
            if isinstance(event, AnswerEnd):
                self._over = True
                self.close()  # which ends when this call lets go
            break
        self._rest += b"".join(pieces)

    def at_end(self) -> bool:
        """Return whether all of the body has been read.

        Raises:
            NetworkRefusal: ``denied``.
        """
        self._holdings.again(self.access)
        return self._over and not self._rest
