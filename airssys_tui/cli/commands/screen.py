"""The command without a name: run a folder and open the screen on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airssys_tui.cli.commands.showing import Showing, show
from airssys_tui.cli.reaching.options import FolderArgument, StateDirOption, TierOption
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import StateLocked, UsageError
from airssys_tui.core.revision import Tier

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.cli.serving.metrics_endpoint import Exporter
    from airssys_tui.cli.telemetry.otlp_export import OtlpExport


def screen(
    folder: FolderArgument = None,
    /,
    *,
    readonly: bool = False,
    adopt: bool = False,
    demo: bool = False,
    tier: TierOption = None,
    state_dir: StateDirOption = None,
) -> int:
    """Run a folder of WebAssembly components and open the screen on it.

    Every component in the folder is checked, started, supervised and measured. Replace its file and the new version
    takes over with the component's state; a version that is refused leaves the old one serving. `z` rolls back.

    Args:
        folder: Folder of components. Default: AIRSSYS_TUI_FOLDER, the configuration file, or the current directory.
        readonly: Disable every action that changes the system.
        adopt: Take over a state directory that belongs to another folder.
        demo: Show a simulated runtime with sample components; nothing is read or written.
        tier: Compile components as "optimised" or as "baseline", which serves sooner, whatever their manifests say.
        state_dir: State directory. Default: AIRSSYS_TUI_STATE_DIR, the configuration file, or a directory derived from
            the folder's real path.
    """
    if demo:
        from airssys_tui.cli.commands.demo import open_demo  # noqa: PLC0415 - late: only for the demonstration

        if folder is not None or state_dir is not None or adopt:
            raise UsageError("--demo takes no folder, --state-dir or --adopt", remedy="run airssys-tui --demo")
        return open_demo(readonly=readonly)
    return open_screen(folder, state_dir, readonly=readonly, adopt=adopt, tier=tier)


def open_screen(
    folder: Path | None,
    state_dir: Path | None,
    *,
    readonly: bool,
    adopt: bool,
    tier: Tier | None = None,
    exporter: Exporter | None = None,
    telemetry: OtlpExport | None = None,
    http: str | None = None,
) -> int:
    """Open the screen and run until it is closed.

    Args:
        folder: As named on the command line, if it was.
        state_dir: As named on the command line, if it was.
        readonly: Disable every action that changes the system.
        adopt: Take over a state directory of another folder.
        tier: How components are compiled, if that was named.
        telemetry: Sends telemetry once the runtime is open.
        exporter: Serves the runtime's metrics once it is open.
        http: Where requests for components come in, if that was named.

    Raises:
        UsageError: There is no terminal, or no such folder.
        StoreError: The state directory cannot be owned.
        AirssysError: The screen stopped with an error, or the terminal went away.
    """
    site = locate(folder, state_dir)

    def connect() -> RuntimeApi:
        from airssys_tui.cli.reaching.absence import owned_elsewhere  # noqa: PLC0415
        from airssys_tui.cli.reaching.embedding import open_runtime  # noqa: PLC0415 - late: loads the engine

        try:
            return open_runtime(site, adopt=adopt, tier=tier, exporter=exporter, http=http, telemetry=telemetry)
        except StateLocked as error:
            raise owned_elsewhere(error, site) from error

    return show(Showing(site=site, connect=connect, readonly=readonly))
