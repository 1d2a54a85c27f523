"""``run``: run a folder of components, without a screen when that is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from airssys_tui.cli.answering.log_format import LogFormat, chosen_format
from airssys_tui.cli.answering.output import warn
from airssys_tui.cli.commands.service.run_choices import RunChoices
from airssys_tui.cli.reaching.options import (
    FolderArgument,
    HttpOption,
    PolicyOption,
    StateDirOption,
    TierOption,
    seconds_of,
)
from airssys_tui.cli.reaching.site import locate
from airssys_tui.cli.serving.telemetry_choice import ENDPOINT, is_wanted
from airssys_tui.core.errors import UsageError

if TYPE_CHECKING:
    from airssys_tui.cli.reaching.site import Site
    from airssys_tui.cli.serving.metrics_endpoint import Exporter
    from airssys_tui.cli.telemetry.otlp_export import OtlpExport
    from airssys_tui.core.revision import Tier


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """How a runtime tells of itself.

    Attributes:
        metrics: Serve Prometheus metrics, `/healthz` and `/readyz` at this address, such as "127.0.0.1:9464"; port 0
            picks a free port.
        metrics_public: Allow an address for `--metrics` that other machines can reach.
        otlp: Send traces, metrics and logs to the OpenTelemetry collector at this URL, such as "http://127.0.0.1:4318".
            Default: OTEL_EXPORTER_OTLP_ENDPOINT.
        log_format: Print events as "text", as "json" Lines, or for the "journal", with priorities and without times.
            Default: "journal" where standard output leads to it, else "text". Needs `--headless`.
        json: The same as `--log-format json`. Needs `--headless`.
    """

    metrics: str | None = None
    metrics_public: bool = False
    otlp: Annotated[str | None, Parameter(name="--otlp")] = None
    log_format: LogFormat | None = None
    json: bool = False


QUIET: Final = Reporting()


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Unattended:
    """Running without a screen.

    Attributes:
        headless: Run without the screen and print events.
        detach: Run without the screen in the background, and return once it runs; `attach` opens a screen on it.
        duration: Stop after this long ("3s"); exit code 1 if that cuts off a deployment. Needs `--headless`.
        policy: Policy file that says what components are granted; nobody is asked for more. Needs `--headless`.
    """

    headless: bool = False
    detach: bool = False
    duration: Annotated[str | None, Parameter(name="--for")] = None
    policy: PolicyOption = None


ATTENDED: Final = Unattended()


def run(
    folder: FolderArgument = None,
    /,
    *,
    unattended: Unattended = ATTENDED,
    readonly: bool = False,
    adopt: bool = False,
    tier: TierOption = None,
    state_dir: StateDirOption = None,
    http: HttpOption = None,
    reporting: Reporting = QUIET,
) -> int:
    """Run a folder of components, with the screen or without.

    SIGTERM, SIGHUP and ctrl+c save states and stop within 5 s and 2 ms for each component; a second one stops at once.

    Args:
        folder: Folder of components. Default: AIRSSYS_TUI_FOLDER, the configuration file, or the current directory.
        unattended: Whether it runs without a screen.
        readonly: Disable every action on the screen that changes the system.
        adopt: Take over a state directory that belongs to another folder.
        tier: Compile components as "optimised" or as "baseline", which serves sooner, whatever their manifests say.
        state_dir: State directory. Default: AIRSSYS_TUI_STATE_DIR, the configuration file, or one for the folder.
        http: Take requests for components at this address, such as "127.0.0.1:8080", and not where the folder says.
        reporting: How it tells of itself.
    """
    log = _log_format(unattended, reporting)
    if unattended.detach:
        return _run_detached(locate(folder, state_dir), _words(unattended, reporting, adopt, tier, http))
    with _outlets(reporting) as (exporter, telemetry):
        seconds = None if unattended.duration is None else seconds_of(unattended.duration)
        choices = RunChoices(seconds, adopt, tier, exporter, unattended.policy, telemetry, http)
        if not unattended.headless:
            return _run_on_screen(folder, state_dir, choices, readonly)
        from airssys_tui.cli.commands.service.headless_run import run_headless  # noqa: PLC0415 - late: as signals are

        return run_headless(locate(folder, state_dir), choices, log)


def _log_format(unattended: Unattended, reporting: Reporting) -> LogFormat:
    only_headless = (unattended.duration, unattended.policy, reporting.log_format, reporting.json or None)
    if not (unattended.headless or unattended.detach) and any(given is not None for given in only_headless):
        raise UsageError("--for, --json, --log-format and --policy need --headless", remedy="add --headless")
    return chosen_format(reporting.log_format, json=reporting.json)


def _run_detached(site: Site, words: Sequence[str]) -> int:
    from airssys_tui.cli.commands.service.detached_run import run_detached  # noqa: PLC0415 - late: as signals are

    return run_detached(site, words)


def _words(
    unattended: Unattended, reporting: Reporting, adopt: bool, tier: Tier | None, http: str | None
) -> tuple[str, ...]:
    """Return the options of this command line for another process."""
    given = {
        "--for": unattended.duration,
        "--policy": unattended.policy,
        "--tier": tier,
        "--http": http,
        "--metrics": reporting.metrics,
        "--otlp": reporting.otlp,
        "--log-format": reporting.log_format,
    }
    flags = {"--adopt": adopt, "--metrics-public": reporting.metrics_public, "--json": reporting.json}
    options = (f"{name}={value}" for name, value in given.items() if value is not None)
    return (*options, *(name for name, on in flags.items() if on))


def _run_on_screen(folder: Path | None, state_dir: Path | None, choices: RunChoices, readonly: bool) -> int:
    from airssys_tui.cli.commands.screen import open_screen  # noqa: PLC0415 - late: it loads Textual

    return open_screen(
        folder,
        state_dir,
        readonly=readonly,
        adopt=choices.adopt,
        tier=choices.tier,
        exporter=choices.exporter,
        telemetry=choices.telemetry,
        http=choices.http,
    )


@contextlib.contextmanager
def _outlets(reporting: Reporting) -> Iterator[tuple[Exporter | None, OtlpExport | None]]:
    """Provide what tells others of the runtime, as far as it is wanted."""
    with (
        _exporting(reporting.metrics, public=reporting.metrics_public) as exporter,
        _sending(reporting.otlp) as telemetry,
    ):
        yield exporter, telemetry


@contextlib.contextmanager
def _exporting(address: str | None, *, public: bool) -> Iterator[Exporter | None]:
    """Serve metrics before anything else is opened; print the address on standard error."""
    if address is None:
        yield None
        return
    from airssys_tui.cli.serving.metrics_endpoint import Exporter  # noqa: PLC0415 - late: only for metrics
    from airssys_tui.cli.serving.scrape_address import read_address  # noqa: PLC0415

    exporter = Exporter(read_address(address, public=public))
    try:
        warn(f"metrics at {exporter.url}")
        yield exporter
    finally:
        exporter.close()


@contextlib.contextmanager
def _sending(endpoint: str | None) -> Iterator[OtlpExport | None]:
    """Send telemetry, if the command line or the environment says where to.

    Raises:
        UsageError: The option is not a URL, or what it needs is not installed.
    """
    if not is_wanted(endpoint):
        yield None
        return
    try:
        from airssys_tui.cli.telemetry.otlp_export import OtlpExport  # noqa: PLC0415 - late: an extra
    except ImportError as error:
        remedy = "pip install 'airssys-tui[otel]'"
        if endpoint is not None:
            raise UsageError("OpenTelemetry is not installed", remedy=remedy) from error
        warn(f"{ENDPOINT} is set, and OpenTelemetry is not installed: nothing is sent\n  → {remedy}")
        yield None
        return
    telemetry = OtlpExport(endpoint or "")
    try:
        yield telemetry
    finally:
        telemetry.close()
