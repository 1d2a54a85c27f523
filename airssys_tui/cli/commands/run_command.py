"""``run-command``: a command runs in this terminal, with the arguments and the grants of the command line."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from airssys_tui.cli.answering.output import report_failure, warn
from airssys_tui.cli.reaching.options import TierOption, named_path
from airssys_tui.core.revision import Tier

if TYPE_CHECKING:
    from airssys_tui.cli.serving.signals import Leaving
    from airssys_tui.host.doors.standard_streams import StandardOutput, StandardStreams
    from airssys_tui.runtime.machinery.journal import Journal
    from airssys_tui.runtime.standalone.foreground import CommandReport, Foreground

LOGS_EVERY: Final = 0.1
"""Seconds between two looks at what the command has logged."""

LOG_PAGE: Final = 10_000
"""More events than a journal keeps: a smaller page would leave out the oldest."""

Repeated = Parameter(negative_iterable=())


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a command is given, and how much it may use.

    Attributes:
        dir_: Open a directory to it: HOST, or HOST::GUEST to give it another name; with :ro at the end it is read-only.
        env: A variable, as NAME=VALUE, or NAME to hand over your own; repeat it for several.
        allow: Grant a permission, such as "network:connect:api.example.com:443"; repeat it for several.
        memory: All its memories together at most, such as "256MiB". Default: its manifest's, or 1 GiB without one.
        fuel: Units of fuel at most, or "unlimited". Default: its manifest's, or unlimited without one.
        deadline: Time until it is ended, such as "30s". Default: its manifest's, or none without one.
    """

    dir_: Annotated[list[str] | None, Parameter(name="--dir"), Repeated] = None
    env: Annotated[list[str] | None, Repeated] = None
    allow: Annotated[list[str] | None, Repeated] = None
    memory: str | None = None
    fuel: str | None = None
    deadline: str | None = None


NOTHING: Final = Given()


def run_command(
    path: Annotated[Path, Parameter(converter=named_path)],
    /,
    *arguments: str,
    given: Given = NOTHING,
    tier: TierOption = None,
    json: bool = False,
) -> int:
    """Run a command: a component that exports `wasi:cli/run`, in this terminal, to its end.

    It reads standard input and writes standard output and error, byte for byte. Nothing of the machine is open to it
    but what the options grant; what it was denied is told at its end, with the option that allows it. Its exit code is
    the exit code; 134 after a trap, 130 after ctrl+c, 143 after SIGTERM. Write `--` before arguments of its own that
    begin with a hyphen.

    Args:
        path: A WebAssembly file or a component folder.
        arguments: Arguments of the command. Default: those of its manifest.
        given: What it is given.
        tier: Compile it as "optimised" or as "baseline".
        json: Print how it ended as one line of JSON, the last one on standard error.
    """
    from airssys_tui.cli.serving.signals import leaving_on_signal  # noqa: PLC0415 - late: see `call`
    from airssys_tui.host.doors.standard_streams import standard_streams  # noqa: PLC0415

    streams = standard_streams()
    command = _prepared(path, arguments, given, streams, tier)
    with leaving_on_signal(command.cancel) as leaving:
        report = _await_end(command, command.start(), leaving)
        _pass_on_the_rest(streams, leaving)
    _tell(report, json=json)
    command.close()
    streams.close()
    return report.status if leaving.number is None else 128 + leaving.number


def _prepared(
    path: Path, arguments: tuple[str, ...], given: Given, streams: StandardStreams, tier: Tier | None
) -> Foreground:
    from airssys_tui.cli.reaching.program_settings import read_settings, tier_choice  # noqa: PLC0415 - late: see `call`
    from airssys_tui.runtime.standalone.foreground import Foreground  # noqa: PLC0415
    from airssys_tui.runtime.standalone.line_grants import LineOptions, read_line  # noqa: PLC0415

    options = LineOptions(
        arguments=arguments,
        directories=tuple(given.dir_ or ()),
        variables=tuple(given.env or ()),
        permissions=tuple(given.allow or ()),
        memory=given.memory,
        fuel=given.fuel,
        deadline=given.deadline,
    )
    settings = read_settings()
    reserved = _own_directories(settings.state_dir)
    return Foreground(path, read_line(options), streams, tier_choice(tier, settings), reserved)


def _own_directories(state_dir: str | None) -> tuple[str, ...]:
    from airssys_tui.cli.reaching.program_settings import STATE_DIR_VARIABLE  # noqa: PLC0415 - late: see `call`
    from airssys_tui.store.paths import own_directories  # noqa: PLC0415

    return own_directories(*(Path(each) for each in (os.environ.get(STATE_DIR_VARIABLE), state_dir) if each))


def _await_end(command: Foreground, ended: Future[CommandReport], leaving: Leaving) -> CommandReport:
    """Print what the command logs until it has ended; after a signal it has a moment for that."""
    from airssys_tui.cli.serving.signals import exit_at_once  # noqa: PLC0415 - late: see `call`
    from airssys_tui.runtime.standalone.foreground import PATIENCE  # noqa: PLC0415

    seen, until = 0, None
    while not wait((ended,), LOGS_EVERY).done:
        seen = print_logs(command.journal, seen)
        if leaving.number is not None:
            until = until or time.monotonic() + PATIENCE
            if time.monotonic() > until:
                exit_at_once(leaving.number)
    print_logs(command.journal, seen)
    return ended.result()


def print_logs(journal: Journal, seen: int) -> int:
    """Print what was logged after an event; return the last one."""
    page = journal.page(seen, LOG_PAGE)
    if page.missed or page.missed_logs:
        warn(f"{page.missed + page.missed_logs} lines of its log were lost before they could be printed")
    for event in page.events:
        warn(f"{event.level}: {event.text}")
        seen = event.seq
    return seen


def _pass_on_the_rest(streams: StandardStreams, leaving: Leaving) -> None:
    """Wait until what the command wrote has been taken, as a write of its own would have."""
    for output in dict.fromkeys((streams.output, streams.errors)):
        while leaving.number is None and not _is_passed_on(output):
            output.await_room(LOGS_EVERY)


def _is_passed_on(output: StandardOutput) -> bool:
    from airssys_tui.host.doors.standard_streams import StreamOver  # noqa: PLC0415 - late: see `call`

    try:
        return output.write()
    except (StreamOver, OSError):  # nobody reads it any more; the command was told, or had ended
        return True


def _tell(report: CommandReport, *, json: bool) -> None:
    if report.trap is not None:
        report_failure("trap", report.reason, report.remedy)
    for denial in report.denials:
        times = f" ({denial.count} times)" if denial.count > 1 else ""
        warn(f"denied: {denial.permission}{times}: {denial.reason}")
        if denial.remedy:
            warn(f"  → {denial.remedy}")
    if report.denials_dropped:
        warn(f"denied: {report.denials_dropped} more")
    if json:
        from airssys_tui.api.wire import encode  # noqa: PLC0415 - late: few ask for it
        from airssys_tui.core.text import whole_json  # noqa: PLC0415

        warn(whole_json(encode(report).decode()))
