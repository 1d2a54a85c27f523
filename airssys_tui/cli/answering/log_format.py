"""How a runtime without a screen prints its events: for people, for programs, or for the journal."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import Final

from airssys_tui.cli.answering.event_line import event_line, plain_line
from airssys_tui.cli.answering.output import answer_line, say
from airssys_tui.core.errors import UsageError
from airssys_tui.core.events import Event, Level

PRIORITIES: Final = {Level.DEBUG: 7, Level.INFO: 6, Level.WARNING: 4, Level.ERROR: 3}
"""The priority of syslog(3) for each level; sd-daemon(3) has it as a prefix ``<6>`` of the line."""


class LogFormat(StrEnum):
    """How events are printed.

    Attributes:
        TEXT: With time and level, for people.
        JSON: One object a line.
        JOURNAL: With the priority as a prefix and no time, which the journal adds itself.
    """

    TEXT = "text"
    JSON = "json"
    JOURNAL = "journal"


def chosen_format(wanted: LogFormat | None, *, json: bool) -> LogFormat:
    """Return the format of a command line; by default that of the journal where standard output leads there.

    Args:
        wanted: The value of ``--log-format``.
        json: Whether ``--json`` was given.

    Raises:
        UsageError: The two contradict each other.
    """
    if json and wanted not in {None, LogFormat.JSON}:
        raise UsageError(f"--json contradicts --log-format {wanted}", remedy="leave one of them out")
    if json:
        return LogFormat.JSON
    return wanted or (LogFormat.JOURNAL if _leads_to_journal() else LogFormat.TEXT)


def print_event(event: Event, chosen: LogFormat) -> None:
    """Print one event as one line."""
    if chosen is LogFormat.JSON:
        answer_line(event)
    elif chosen is LogFormat.JOURNAL:
        say(f"<{PRIORITIES[event.level]}>{plain_line(event)}")
    else:
        say(event_line(event))


def _leads_to_journal() -> bool:
    """Return whether standard output is the stream that systemd.exec(5) names in the environment."""
    named = os.environ.get("JOURNAL_STREAM", "")
    if not named:
        return False
    try:
        status = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):
        return False
    return named == f"{status.st_dev}:{status.st_ino}"
