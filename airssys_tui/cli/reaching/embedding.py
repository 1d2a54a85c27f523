"""A runtime in this process for the command line's folder, served to screens and commands in other processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from airssys_tui.cli.reaching.program_settings import compile_limits, program_path, tier_choice
from airssys_tui.cli.reaching.site import Site
from airssys_tui.core.errors import StoreError, UsageError

if TYPE_CHECKING:
    from airssys_tui.cli.serving.metric_collector import MetricCollector
    from airssys_tui.cli.serving.metrics_endpoint import Exporter
    from airssys_tui.cli.telemetry.otlp_export import OtlpExport
    from airssys_tui.core.manifest.http_sections import ListenAddress
    from airssys_tui.core.revision import Tier
    from airssys_tui.engine.settings import EngineSettings
    from airssys_tui.runtime.embedded import EmbeddedRuntime
    from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings


def engine_settings(site: Site) -> EngineSettings:
    """Return the settings of the engine, with the compile limits of the configuration file."""
    from airssys_tui.engine.settings import EngineSettings  # noqa: PLC0415 - late: the engine's room

    given, usual = compile_limits(site.settings), EngineSettings()
    return EngineSettings(compile_cpu=given.cpu or usual.compile_cpu, compile_wall=given.wall or usual.compile_wall)


def _runtime_settings(
    site: Site, watch: bool, tier: Tier | None, policy: Path | None, http: str | None
) -> RuntimeSettings:
    from airssys_tui.core.capability.policy_file import read_policy  # noqa: PLC0415 - late: see above
    from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings  # noqa: PLC0415

    return RuntimeSettings(
        watch=watch,
        engine=engine_settings(site),
        tier=tier_choice(tier, site.settings),
        policy=None if policy is None else read_policy(policy),
        policy_file="" if policy is None else str(policy.absolute()),
        program_path=program_path(site.settings),
        http=() if http is None else (_address(http),),
    )


def open_runtime(
    site: Site,
    *,
    adopt: bool = False,
    watch: bool = True,
    tier: Tier | None = None,
    exporter: Exporter | None = None,
    policy: Path | None = None,
    http: str | None = None,
    telemetry: OtlpExport | None = None,
) -> EmbeddedRuntime:
    """Take ownership of the state directory, start the components, and serve the runtime at the control socket.

    The runtime works without the socket as well; if the socket cannot be opened, an event says why.

    Args:
        site: Folder and state directory.
        adopt: Bind a state directory of another folder to this one.
        watch: Whether to deploy changed files.
        tier: How components are compiled, whatever their manifests and the configuration file say.
        exporter: Serves the metrics of the runtime and of its socket.
        policy: The policy file that says what is granted; nobody is asked then.
        http: Where requests for components come in, in place of what the folder says.
        telemetry: Sends the runtime's telemetry to a collector.

    Raises:
        UsageError: ``http`` is no address.
        ManifestError: The policy file is not valid; ``FileError`` if it cannot be read.
        StoreError: The state directory is owned by another process, belongs to another folder or cannot be used.
    """
    from airssys_tui.runtime.embedded import EmbeddedRuntime  # noqa: PLC0415 - late: loads the engine

    settings = _runtime_settings(site, watch, tier, policy, http)
    runtime = EmbeddedRuntime.open(site.folder.value, state_dir=site.state_dir.value, adopt=adopt, settings=settings)
    collectors = [*([exporter] if exporter else ()), *([telemetry.collector] if telemetry else ())]
    _serve(runtime, site, collectors)
    if telemetry is not None:
        telemetry.watch(runtime)
    return runtime


def _address(text: str) -> ListenAddress:
    from airssys_tui.core.manifest.http_sections import listen_address_of  # noqa: PLC0415 - late: see above

    try:
        return listen_address_of(text)
    except ValueError as error:
        raise UsageError(f"--http: {error}") from error


def _serve(runtime: EmbeddedRuntime, site: Site, collectors: Sequence[MetricCollector]) -> None:
    for collector in collectors:
        collector.runtime = runtime
    from airssys_tui.api.socket.server import ControlServer  # noqa: PLC0415 - late: loads asyncio
    from airssys_tui.store.paths import as_given, control_path  # noqa: PLC0415

    try:
        path, folder = control_path(site.state_dir.value), str(as_given(site.folder.value))
        server = ControlServer(runtime, path, folder=folder, announce=runtime.announce, crowding=runtime.crowding)
    except StoreError as error:
        runtime.announce(f"{error}; commands and other screens cannot reach this runtime")
        return
    runtime.at_close(server.close)
    for collector in collectors:
        collector.serving = server.status
