"""The last hops of messages: which component's message another one handled, when, and in which trace.

The host knows of each message where it came from and how long it was handled, whether or not a component reports steps.
With the steps that components do report, the hops of one trace are its whole path.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

MOST_HOPS: Final = 4_096
"""Hops that are kept, of all components together."""


class Hop(msgspec.Struct, frozen=True, gc=False):
    """One message, request, publication or answer that a component handled.

    Attributes:
        trace: Its trace.
        sender: The component; empty for the operator.
        to: The component that handled it.
        kind: Why it came; ``answer`` for an answer that came to a callback.
        topic: What it was published on; None if it was not.
        sent_ns: Unix nanoseconds when it was sent.
        began_ns: Unix nanoseconds when it began to be handled.
        ended_ns: Unix nanoseconds when that ended.
        error: What went wrong; empty if nothing did.
    """

    trace: str
    sender: str
    to: str
    kind: str
    topic: str | None
    sent_ns: int
    began_ns: int
    ended_ns: int
    error: str


class Hops:
    """The last hops. Any thread may append.

    Attributes:
        append: Keeps another hop, and forgets the oldest one at the limit.
    """

    def __init__(self) -> None:
        self._kept: deque[Hop] = deque(maxlen=MOST_HOPS)
        self.append = self._kept.append

    def of(self, trace: str) -> tuple[Hop, ...]:
        """Return the hops of a trace in the order in which they began to be handled."""
        return tuple(sorted((hop for hop in self._kept.copy() if hop.trace == trace), key=_began))


def _began(hop: Hop) -> tuple[int, int]:
    return hop.began_ns, hop.sent_ns
