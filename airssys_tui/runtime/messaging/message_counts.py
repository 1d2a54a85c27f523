"""What became of the messages of one component."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from airssys_tui.core.text import GuestText


class MessageCounts:
    """Counted by whichever thread sends or delivers; a count that two of them raise at once may lose one.

    Attributes:
        sent: Messages, requests and publications of it that were accepted.
        refused: Those that were not, by the case of the error that it got.
        handled: Messages and requests that its handler took.
        redelivered: Deliveries after the first one of a message.
        turned_away: Messages for it that were not accepted, by the case of the error that the sender got.
        dead: Messages for it that became dead letters, by reason.
        missed: Publications that it subscribed to and did not get, by why.
        late: Answers to it that came after the timeout, or for an instance that is gone.
    """

    __slots__ = ("dead", "handled", "late", "missed", "redelivered", "refused", "sent", "turned_away")

    def __init__(self) -> None:
        self.sent = self.handled = self.redelivered = self.late = 0
        self.refused: Counter[str] = Counter()
        self.turned_away: Counter[str] = Counter()
        self.dead: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()

    def lines(self) -> tuple[GuestText, ...]:
        """Return what was counted, as ``what: count``; nothing that is zero."""
        return tuple(GuestText(f"{what}: {count}") for what, count in self._counted() if count)

    def _counted(self) -> Iterator[tuple[str, int]]:
        yield "sent", self.sent
        yield "handled", self.handled
        yield "delivered again", self.redelivered
        yield "late answers dropped", self.late
        for what, counter in (
            ("could not be sent", self.refused),
            ("turned away", self.turned_away),
            ("publications missed", self.missed),
            ("dead letters", self.dead),
        ):
            for why, count in sorted(counter.items()):
                yield f"{what}, {why}", count
