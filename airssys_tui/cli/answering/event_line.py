"""One event as a line for people."""

from __future__ import annotations

from airssys_tui.cli.answering.output import moment
from airssys_tui.core.events import Event


def event_line(event: Event) -> str:
    """Format an event for people: time, level, component with its revision, text."""
    revision = "" if event.revision is None else f" r{event.revision}"
    speaker = f" ({event.speaker})" if event.speaker else ""
    subject = f"{event.component}{revision}{speaker}" if event.component else "runtime"
    return f"{moment(event.at)}  {event.level:<7}  {subject:<20}  {' '.join(event.text.splitlines())}"
