"""``run``: run a folder of components, without a screen when that is asked for."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from airssys_tui.cli.answering.event_line import event_line
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer_line, say, warn
from airssys_tui.cli.reaching.options import FolderArgument, StateDirOption, TierOption, named_path, seconds_of
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.revision import Tier

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.views.runtime import Snapshot
    from airssys_tui.cli.serving.metrics_endpoint import Exporter

POLL: Final = 0.1
"""Seconds between two checks for new events."""

PAGE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Opening:
    """How a runtime is opened.

    Attributes:
        duration: Stop after this long; None for never.
        adopt: Take over a state directory that belongs to another folder.
        tier: How components are compiled, whatever their manifests say.
        exporter: Serves the metrics.
        policy: The policy file.
        http: Where requests for components come in, in place of what the folder says.
    """

    duration: str | None
    adopt: bool
    tier: Tier | None
    exporter: Exporter | None
    policy: Path | None
    http: str | None


def run(
    folder: FolderArgument = None,
    /,
    *,
    headless: bool = False,
    duration: Annotated[str | None, Parameter(name="--for")] = None,
    readonly: bool = False,
    adopt: bool = False,
    tier: TierOption = None,
    policy: Annotated[Path | None, Parameter(name="--policy", converter=named_path)] = None,
    state_dir: StateDirOption = None,
    http: Annotated[str | None, Parameter(name="--http")] = None,
    metrics: Annotated[str | None, Parameter(name="--metrics")] = None,
    metrics_public: bool = False,
    json: bool = False,
) -> int:
    """Run a folder of components, with the screen or without.

    SIGTERM, SIGHUP and ctrl+c save states and stop within 5 s and 2 ms for each component; a second one stops at once.

    Args:
        folder: Folder of components. Default: AIRSSYS_TUI_FOLDER, the configuration file, or the current directory.
        headless: Run without the screen and print events.
        duration: Stop after this long ("3s"); exit code 1 if that cuts off a deployment. Needs `--headless`.
        readonly: Disable every action on the screen that changes the system.
        adopt: Take over a state directory that belongs to another folder.
        tier: Compile components as "optimised" or as "baseline", which serves sooner, whatever their manifests say.
        policy: Policy file that says what components are granted; nobody is asked for more. Needs `--headless`.
        state_dir: State directory. Default: AIRSSYS_TUI_STATE_DIR, the configuration file, or one for the folder.
        http: Take requests for components at this address, such as "127.0.0.1:8080", and not where the folder says.
        metrics: Serve Prometheus metrics at this address, such as "127.0.0.1:9464"; port 0 picks a free port.
        metrics_public: Allow an address for `--metrics` that other machines can reach.
        json: Print events as JSON Lines. Needs `--headless`.
    """
    _check_headless(headless, duration, policy, json)
    with _exporting(metrics, public=metrics_public) as exporter:
        opening = Opening(duration, adopt, tier, exporter, policy, http)
        if not headless:
            return _run_on_screen(folder, state_dir, opening, readonly)
        return _run_headless(folder, state_dir, opening, json)


def _run_on_screen(folder: Path | None, state_dir: Path | None, opening: Opening, readonly: bool) -> int:
    from airssys_tui.cli.commands.screen import open_screen  # noqa: PLC0415 - late: it loads Textual

    return open_screen(
        folder,
        state_dir,
        readonly=readonly,
        adopt=opening.adopt,
        tier=opening.tier,
        exporter=opening.exporter,
        http=opening.http,
    )


def _check_headless(headless: bool, duration: str | None, policy: Path | None, json: bool) -> None:
    if not headless and (duration is not None or json or policy is not None):
        from airssys_tui.core.errors import UsageError  # noqa: PLC0415 - late: seldom

        raise UsageError("--for, --json and --policy need --headless", remedy="add --headless")


@contextlib.contextmanager
def _exporting(address: str | None, *, public: bool) -> Iterator[Exporter | None]:
    """Serve metrics before anything else is opened; print the address on standard error."""
    if address is None:
        yield None
        return
    from airssys_tui.cli.serving.metrics_endpoint import Exporter, read_address  # noqa: PLC0415 - late: only for metrics

    exporter = Exporter(read_address(address, public=public))
    try:
        warn(f"metrics at {exporter.url}")
        yield exporter
    finally:
        exporter.close()


def _run_headless(
    folder: Path | None,
    state_dir: Path | None,
    opening: Opening,
    json: bool,
) -> int:
    from airssys_tui.cli.reaching.embedding import open_runtime  # noqa: PLC0415 - late: loads the engine
    from airssys_tui.cli.serving.signals import close_in_time, leaving_on_signal  # noqa: PLC0415

    site = locate(folder, state_dir)
    seconds = None if opening.duration is None else seconds_of(opening.duration)
    leave = threading.Event()
    with leaving_on_signal(leave.set):
        runtime = open_runtime(
            site,
            adopt=opening.adopt,
            tier=opening.tier,
            exporter=opening.exporter,
            policy=opening.policy,
            http=opening.http,
        )
        printer = EventPrinter(runtime, json=json)
        try:
            deadline = None if seconds is None else time.monotonic() + seconds
            while not leave.is_set() and (deadline is None or time.monotonic() < deadline):
                printer.print_new()
                rest = POLL if deadline is None else min(POLL, max(0.0, deadline - time.monotonic()))
                leave.wait(rest)
            cut = () if leave.is_set() else unfinished(runtime.snapshot(), site.folder.value)
        finally:
            close_in_time(runtime.close, len(runtime.snapshot().components))
        printer.print_new()
    for line in cut:
        warn(line)
    return ExitCode.FAILED if cut else ExitCode.OK


def unfinished(snapshot: Snapshot, folder: Path) -> tuple[str, ...]:
    """Return what the end of `--for` cuts off, one line each; empty when everything in the folder was dealt with."""
    from airssys_tui.api.views.runtime import Phase  # noqa: PLC0415 - late: `--help` needs none of it
    from airssys_tui.core.lifecycle import State  # noqa: PLC0415

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
    """Prints new events.

    Args:
        runtime: Whose events.
        json: As JSON Lines; otherwise as lines for people.
    """

    def __init__(self, runtime: RuntimeApi, *, json: bool) -> None:
        self._runtime = runtime
        self._json = json
        self._seen = 0

    def print_new(self) -> None:
        """Print every new event, oldest first, and how many were lost."""
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
