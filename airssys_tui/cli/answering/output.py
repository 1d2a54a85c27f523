"""Output of the commands: safe plain text or JSON, and errors with a remedy.

A terminal gets text that is sanitised and of a bounded size; when something was left out, a note says so. A pipe and a
file get everything: programs read them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TextIO

from airssys_tui.cli.answering.colour import styled
from airssys_tui.cli.answering.plain_table import PlainColumn, render
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.text import is_long, sanitise, whole, whole_json

NOTHING: Final = "-"
"""Text for a value that is not available."""


SHORTENED: Final = "shown shortened: a pipe or a file gets all of it, for example with `| cat`"
"""The note after output that a terminal does not get whole."""


def say(text: str = "") -> None:
    """Print text for people: on a terminal sanitised and, with a note, shortened; elsewhere whole."""
    if not sys.stdout.isatty():
        sys.stdout.write(whole(text) + "\n")
        return
    sys.stdout.write(sanitise(text) + "\n")
    if is_long(text):
        warn(SHORTENED)


def in_one_row(text: str) -> str:
    """Return text as one row of an output: its line breaks become spaces, so that it cannot pose as rows."""
    return " ".join(text.splitlines())


def say_data(document: str) -> None:
    """Print JSON that is data: on a terminal as :func:`say` does, elsewhere as one whole, valid document."""
    say(document if sys.stdout.isatty() else whole_json(document))


def say_table(columns: Sequence[PlainColumn], rows: Sequence[Sequence[str]], indent: str = "") -> None:
    """Print a table that fits the terminal; output to a file or a pipe is never cut."""
    width = terminal_width()
    heading, *lines = render(columns, rows, None if width is None else width - len(indent))
    sys.stdout.write(indent + styled(heading, "title") + "\n")
    for line in lines:
        sys.stdout.write(indent + line + "\n")  # the cells are sanitised already; the colours were added afterwards


def say_pairs(pairs: Sequence[tuple[str, str]], indent: str = "") -> None:
    """Print names and values in two columns; the lines of a multi-line value stay aligned."""
    room = max((len(name) for name, _ in pairs), default=0) + 2
    for name, value in pairs:
        first, *rest = value.split("\n")
        say(f"{indent}{name:<{room}}{first}".rstrip())
        for line in rest:
            say(f"{indent}{'':<{room}}{line}")


def terminal_width() -> int | None:
    """Return the width of the terminal, or ``None`` if standard output is not a terminal."""
    if not sys.stdout.isatty():
        return None
    import shutil  # noqa: PLC0415 - late: only a terminal has a width

    return shutil.get_terminal_size().columns


def terminal_height() -> int:
    """Return the height of the terminal in lines."""
    import shutil  # noqa: PLC0415 - late: see `terminal_width`

    return shutil.get_terminal_size().lines


def warn(text: str) -> None:
    """Print text on standard error, as :func:`say` does on standard output."""
    sys.stderr.write((sanitise(text) if sys.stderr.isatty() else whole(text)) + "\n")


def answer(value: Any) -> None:
    """Print a value as one JSON document."""
    import msgspec  # noqa: PLC0415 - late: `--help` and `--version` answer without it

    from airssys_tui.api.wire import encode  # noqa: PLC0415

    sys.stdout.write(whole_json(msgspec.json.format(encode(value), indent=2).decode()) + "\n")


def answer_line(value: Any) -> None:
    """Print a value as one line of JSON, and flush."""
    from airssys_tui.api.wire import encode  # noqa: PLC0415 - late: see above

    sys.stdout.write(whole_json(encode(value).decode()) + "\n")
    sys.stdout.flush()


def report_failure(
    title: str, message: str, remedy: str = "", *, more: Sequence[str] = (), json: bool = False, **facts: object
) -> None:
    """Report an error and its remedy on standard error; with ``json``, also print an error object.

    Args:
        title: A few words.
        message: What happened and where.
        remedy: What to do next; may be empty.
        more: Further lines of the message for people.
        json: Whether standard output carries JSON.
        facts: Further members of the error object; those without a value are omitted.
    """
    first, *rest = message.split("\n")
    warn("\n  ".join([f"error: {title}: {first}", *rest, *more]))
    if remedy:
        warn(f"  → {remedy}")
    if json:
        members = {"title": title, "message": message, "remedy": remedy, **facts}
        answer({"error": {name: value for name, value in members.items() if value not in (None, "")}})


def report_error(error: AirssysError, *, json: bool = False) -> None:
    """Report an error of the project's tree; a trap with what the guest printed before it."""
    from airssys_tui.core.traps import GuestTrap  # noqa: PLC0415 - late: only an error can be a trap

    printed = error.trap.printed if isinstance(error, GuestTrap) else ()
    said = ["before that it printed:", *(f"  {line}" for line in printed)] if printed else []
    report_failure(
        error.title,
        error.message,
        error.remedy,
        more=said,
        json=json,
        printed=printed or None,
        kind=type(error).__name__,
        component=error.component,
        revision=error.revision,
        gate=getattr(error, "gate", None),
        offset=getattr(error, "offset", None),
        case=getattr(error, "case", None),
        retryable=error.retryable or None,
    )


def moment(at: float | None) -> str:
    """Format a Unix time in the local time zone, with its offset."""
    if at is None:
        return NOTHING
    return datetime.fromtimestamp(at).astimezone().isoformat(sep=" ", timespec="seconds")


def discard_output() -> None:
    """Discard standard output after its reader has closed it (``airssys-tui list | head -1``)."""
    _discard(sys.stdout)


def discard_warnings() -> None:
    """Discard standard error if its reader has closed it; leave it alone if somebody may still read it."""
    import select  # noqa: PLC0415 - late: only where output was closed

    asked = select.poll()
    asked.register(sys.stderr.fileno(), 0)
    if any(events & (select.POLLERR | select.POLLHUP) for _, events in asked.poll(0)):
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
