"""``run``: a folder of components alive without a screen, its events as lines."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer_line, moment, say, warn
from airssys_tui.cli.reaching.options import FolderArgument, StateDirOption
from airssys_tui.cli.reaching.site import locate

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.cli.serving.exporter import Exporter
    from airssys_tui.core.events import Event

POLL: Final = 0.1
"""Seconds between two looks at the events."""

PAGE: Final = 10_000


def run(
    folder: FolderArgument = None,
    /,
    *,
    headless: bool = False,
    duration: Annotated[str | None, Parameter(name="--for")] = None,
    readonly: bool = False,
    adopt: bool = False,
    state_dir: StateDirOption = None,
    metrics: Annotated[str | None, Parameter(name="--metrics")] = None,
    metrics_public: bool = False,
    json: bool = False,
) -> int:
    """Run a folder of components; with `--headless` without a screen, printing events as they come.

    SIGTERM, SIGHUP and ctrl+c stop it within 5 s, with the state of the components saved; a second one ends it at once.

    Args:
        folder: Folder of components (else AIRSSYS_TUI_FOLDER, the configuration file, the current directory).
        headless: No screen.
        duration: Stop by itself after this long: "3s", "1h30m"; a number alone is seconds. Only with `--headless`.
        readonly: A screen without the actions that change the system.
        adopt: Bind a state directory that belongs to another folder to this one.
        state_dir: Where the state is kept.
        metrics: Serve Prometheus metrics on this address, "127.0.0.1:9464"; port 0 takes one that is free.
        metrics_public: The address of `--metrics` may be one that other machines reach.
        json: Events as JSON Lines. Only with `--headless`.
    """
    if not headless:
        from airssys_tui.cli.commands.screen import open_screen  # noqa: PLC0415 - late: it loads Textual
        from airssys_tui.core.errors import UsageError  # noqa: PLC0415

        if duration is not None or json:
            raise UsageError("--for and --json go with --headless", remedy="add --headless")
        with _exporting(metrics, public=metrics_public) as exporter:
            return open_screen(folder, state_dir, readonly=readonly, adopt=adopt, exporter=exporter)
    from airssys_tui.core.units import parse_duration  # noqa: PLC0415

    seconds = None if duration is None else parse_duration(f"{duration}s" if duration.isdecimal() else duration)
    with _exporting(metrics, public=metrics_public) as exporter:
        return _run_headless(folder, state_dir, seconds, adopt=adopt, json=json, exporter=exporter)


@contextlib.contextmanager
def _exporting(address: str | None, *, public: bool) -> Iterator[Exporter | None]:
    """Listen for who asks for metrics, before anything is opened; the address is said on standard error."""
    if address is None:
        yield None
        return
    from airssys_tui.cli.serving.exporter import Exporter, read_address  # noqa: PLC0415 - late: only who exports

    exporter = Exporter(read_address(address, public=public))
    try:
        warn(f"metrics at {exporter.url}")
        yield exporter
    finally:
        exporter.close()


def _run_headless(
    folder: Path | None,
    state_dir: Path | None,
    seconds: float | None,
    *,
    adopt: bool,
    json: bool,
    exporter: Exporter | None,
) -> int:
    from airssys_tui.cli.reaching.embedding import open_runtime  # noqa: PLC0415 - late: loads the engine
    from airssys_tui.cli.serving.signals import close_in_time, leaving_on_signal  # noqa: PLC0415

    site = locate(folder, state_dir)
    leave = threading.Event()
    with leaving_on_signal(leave.set):
        runtime = open_runtime(site, adopt=adopt, exporter=exporter)
        printer = EventPrinter(runtime, json=json)
        try:
            deadline = None if seconds is None else time.monotonic() + seconds
            while not leave.is_set() and (deadline is None or time.monotonic() < deadline):
                printer.print_new()
                rest = POLL if deadline is None else min(POLL, max(0.0, deadline - time.monotonic()))
                leave.wait(rest)
        finally:
            close_in_time(runtime.close)
        printer.print_new()
    return ExitCode.OK


class EventPrinter:
    """Prints what has happened since it last looked.

    Args:
        runtime: Whose events.
        json: As JSON Lines; otherwise as lines for people.
    """

    def __init__(self, runtime: RuntimeApi, *, json: bool) -> None:
        self._runtime = runtime
        self._json = json
        self._seen = 0

    def print_new(self) -> None:
        """Print every event that is new, oldest first, and say how many were lost."""
        page = self._runtime.events(after=self._seen, limit=PAGE)
        if page.missed:
            warn(f"{page.missed} events were lost before they could be printed")
        for event in page.events:
            self._seen = event.seq
            if self._json:
                answer_line(event)
            else:
                say(event_line(event))
        sys.stdout.flush()


def event_line(event: Event) -> str:
    """Write an event for people: time, level, component with its revision, what happened."""
    revision = "" if event.revision is None else f" r{event.revision}"
    subject = f"{event.component}{revision}" if event.component else "runtime"
    return f"{moment(event.at)}  {event.level:<7}  {subject:<20}  {event.text}"
