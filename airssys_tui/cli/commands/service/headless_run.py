"""A runtime without a screen: events are printed until a signal or the end of its time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airssys_tui.api.views.runtime import Phase, Snapshot
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.log_format import LogFormat, print_event
from airssys_tui.cli.answering.output import discard_output, discard_warnings, warn
from airssys_tui.cli.commands.service.run_choices import RunChoices
from airssys_tui.cli.reaching.embedding import open_runtime
from airssys_tui.cli.serving.service_manager import service_manager
from airssys_tui.cli.serving.service_report import ServiceReport
from airssys_tui.cli.serving.signals import DRAIN, close_in_time, leaving_on_signal
from airssys_tui.core.lifecycle import STOP_EACH, State

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.cli.reaching.site import Site
    from airssys_tui.runtime.embedded import EmbeddedRuntime

POLL: Final = 0.1
"""Seconds between two checks for new events."""

PAGE: Final = 10_000


def run_headless(site: Site, choices: RunChoices, log: LogFormat) -> int:
    """Run a folder until a signal, or for a time; print its events, and report to the service manager if there is one.

    Args:
        site: Folder and state directory.
        choices: How the runtime is opened.
        log: How events are printed.

    Returns:
        The exit code; a failure if the end of the time cut off a deployment.
    """
    leave = threading.Event()
    manager = service_manager()
    with leaving_on_signal(leave.set):
        runtime = _open(site, choices)
        printer = EventPrinter(runtime, log, runtime.announce)
        report = None if manager is None else ServiceReport(manager, runtime)
        try:
            deadline = None if choices.duration is None else time.monotonic() + choices.duration
            while not leave.is_set() and (deadline is None or time.monotonic() < deadline):
                printer.print_new()
                if report is not None:
                    report.update()
                rest = POLL if deadline is None else min(POLL, max(0.0, deadline - time.monotonic()))
                leave.wait(rest)
            cut = () if leave.is_set() else unfinished(runtime.snapshot(), site.folder.value)
        finally:
            components = len(runtime.snapshot().components)
            if report is not None:
                report.stopping(DRAIN + STOP_EACH * components)
            close_in_time(runtime.close, components)
        printer.print_new()
    for line in cut:
        warn(line)
    return ExitCode.FAILED if cut else ExitCode.OK


def _open(site: Site, choices: RunChoices) -> EmbeddedRuntime:
    return open_runtime(
        site,
        adopt=choices.adopt,
        tier=choices.tier,
        exporter=choices.exporter,
        policy=choices.policy,
        http=choices.http,
        telemetry=choices.telemetry,
    )


def unfinished(snapshot: Snapshot, folder: Path) -> tuple[str, ...]:
    """Return what the end of `--for` cuts off, one line each; empty when everything in the folder was dealt with."""
    on_the_way = {State.INSTALLING, State.UPDATING, State.STARTING}
    lines = [
        f"cut off in the middle of a deployment: {row.id}: {row.note.text or row.state}"
        for row in snapshot.components
        if row.candidate is not None or row.state in on_the_way
    ]
    if snapshot.phase is Phase.STARTING and not lines and any(folder.iterdir()):
        lines = ["cut off before every component of the folder was looked at"]
    return (*lines, "give it more time: a larger --for") if lines else ()


class EventPrinter:
    """Prints new events for as long as anybody reads them: a runtime does not end with the reader of its log.

    Args:
        runtime: Whose events.
        log: How.
        announce: Tells that nobody reads them any more.
    """

    def __init__(self, runtime: RuntimeApi, log: LogFormat, announce: Callable[[str], None]) -> None:
        self._runtime = runtime
        self._log = log
        self._announce = announce
        self._seen = 0

    def print_new(self) -> None:
        """Print every new event, oldest first, and how many were lost; once the output is closed, nothing."""
        try:
            self._print_new()
        except BrokenPipeError:
            discard_output()
            discard_warnings()
            self._announce("the reader of the output has closed it; the runtime goes on and prints nothing more")

    def _print_new(self) -> None:
        page = self._runtime.events(after=self._seen, limit=PAGE)
        if page.missed:
            warn(f"{page.missed} events were lost before they could be printed")
        for event in page.events:
            self._seen = event.seq
            print_event(event, self._log)
        sys.stdout.flush()
