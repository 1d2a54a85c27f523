"""One event as a line for people."""

from __future__ import annotations

from airssys_tui.cli.answering.output import in_one_row, moment
from airssys_tui.core.events import Event


def event_line(event: Event) -> str:
    """Format an event for people: time, level, component with its revision, text."""
    return f"{moment(event.at)}  {event.level:<7}  {_subject(event):<20}  {in_one_row(event.text)}"


def plain_line(event: Event) -> str:
    """Format an event for a log that has time and level itself: component with its revision, text."""
    return f"{_subject(event)}: {in_one_row(event.text)}"


def _subject(event: Event) -> str:
    revision = "" if event.revision is None else f" r{event.revision}"
    speaker = f" ({event.speaker})" if event.speaker else ""
    return f"{event.component}{revision}{speaker}" if event.component else "runtime"
