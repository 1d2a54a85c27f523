"""The access log: a line about each request in the log of the component that answers it, bounded.

At most :data:`LINES` a second of one component are written, so that nobody who asks in a loop pushes the words of the
components out of the log; how many more there were is told with the next line. A response of 500 or more is a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.text import one_line
from airssys_tui.runtime.incoming.request_record import RequestRecord
from airssys_tui.runtime.machinery.journal import Journal

LINES: Final = 20
"""Lines in one second about requests to one component."""

LONGEST: Final = 120
"""Characters of a path in a line."""


class AccessLog:
    """Writes lines about requests. Used on the loop of the server.

    Args:
        journal: Where the lines go.
        clock: Unix time in seconds.
    """

    def __init__(self, journal: Journal, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._clock = clock
        self._second: dict[str, tuple[int, int]] = {}
        self._left_out: dict[str, int] = {}

    def write(self, record: RequestRecord) -> None:
        """Write a line about a request that is over, unless it is one too many."""
        name, now = record.component, int(self._clock())
        if not name:
            return
        second, lines = self._second.get(name, (now, 0))
        lines = lines + 1 if second == now else 1
        self._second[name] = now, lines
        if lines > LINES:
            self._left_out[name] = self._left_out.get(name, 0) + 1
            return
        left_out = self._left_out.pop(name, 0)
        more = f" · {left_out} requests before it have no line" if left_out else ""
        self._journal.emit(
            EventKind.LOG,
            f"{line_of(record)}{more}",
            component=name,
            revision=record.revision,
            level=Level.WARNING if record.failed else Level.INFO,
            action=EventAction.REQUEST,
        )


def line_of(record: RequestRecord) -> str:
    """Return one line about a request: what was asked, what came of it, how long it took, and its id."""
    milliseconds = (record.ended_ns - record.arrived_ns) / 1e6
    status = str(record.status or "-")
    why = f" {record.reason}" if record.reason is not None else ""
    said = f": {one_line(record.detail, 200)}" if record.detail else ""
    asked = f"{one_line(record.method, 20)} {one_line(record.target, LONGEST)}"
    return f"{asked} {status}{why}{said} {record.sent} bytes {milliseconds:.1f} ms {record.client} {record.id}"
