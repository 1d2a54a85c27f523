"""``attach``: a screen on a runtime of another process, which keeps running when the screen is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airssys_tui.cli.answering.output import say
from airssys_tui.cli.commands.showing import Showing, show
from airssys_tui.cli.reaching.options import FolderArgument, StateDirOption
from airssys_tui.cli.reaching.site import Site, locate

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.socket.remote import RemoteRuntime


def attach(
    folder: FolderArgument = None,
    /,
    *,
    readonly: bool = False,
    state_dir: StateDirOption = None,
) -> int:
    """Open the screen on a runtime that already runs; closing the screen leaves the runtime running.

    Any number of screens can attach. When the runtime stops, they keep what they show and reconnect when it is back.

    Args:
        folder: Folder of components. Default: AIRSSYS_TUI_FOLDER, the configuration file, or the current directory.
        readonly: Disable every action that changes the system; the runtime accepts none from this screen.
        state_dir: State directory. Default: AIRSSYS_TUI_STATE_DIR, the configuration file, or a directory derived from
            the folder's real path.
    """
    from airssys_tui.cli.reaching.absence import nothing_runs  # noqa: PLC0415 - late: see `remote`
    from airssys_tui.store.ownership import live_owner  # noqa: PLC0415

    site = locate(folder, state_dir, must_exist=False)
    if live_owner(site.state_dir.value) is None:  # reported at once, and not on a screen that has to be closed first
        raise nothing_runs(site)
    readonly = readonly or site.settings.readonly
    found: list[RemoteRuntime] = []

    def connect() -> RuntimeApi:
        found.append(remote(site, readonly=readonly))
        return found[0]

    code = show(Showing(site=site, connect=connect, readonly=readonly, attached=True))
    if found:
        say(f"closed the screen; the components keep running in pid {found[0].welcome.pid}")
    return code


def remote(site: Site, *, readonly: bool) -> RemoteRuntime:
    """Return the runtime of a site, followed by a mirror.

    Raises:
        NothingRuns: No process runs the folder.
        Unreachable: It cannot be spoken to; see the subclasses.
    """
    from airssys_tui.api.socket.frames import Access  # noqa: PLC0415 - late: see `reach`
    from airssys_tui.cli.reaching.absence import nothing_runs  # noqa: PLC0415
    from airssys_tui.cli.reaching.reach import connect  # noqa: PLC0415

    access = Access.READ if readonly else Access.FULL
    reached = connect(site, access=access, client="screen", follow=True)
    if reached is None:
        raise nothing_runs(site)
    return reached
