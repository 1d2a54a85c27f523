"""``attach``: the screens on a runtime that runs in another process, and goes on when they are left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airssys_tui.cli.answering.output import say
from airssys_tui.cli.commands.screen import Showing, show
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
    """Open the screen on a runtime that runs in another process; leaving it leaves the runtime running.

    Any number of screens can be attached. When the runtime goes away they say so, keep what they saw, and reconnect
    when it is back.

    Args:
        folder: Folder of components (else AIRSSYS_TUI_FOLDER, the configuration file, the current directory).
        readonly: Only look: the screen has no action that changes the system, and the runtime takes none from it.
        state_dir: Where the state is kept (else AIRSSYS_TUI_STATE_DIR, the configuration file, a directory made from
            the folder's real path).
    """
    from airssys_tui.cli.reaching.absence import nothing_runs  # noqa: PLC0415 - late: see `remote`
    from airssys_tui.store.ownership import live_owner  # noqa: PLC0415

    site = locate(folder, state_dir, must_exist=False)
    if live_owner(site.state_dir.value) is None:  # said at once, and not on a screen that has to be left first
        raise nothing_runs(site)
    readonly = readonly or site.settings.readonly
    found: list[RemoteRuntime] = []

    def connect() -> RuntimeApi:
        found.append(remote(site, readonly=readonly))
        return found[0]

    code = show(Showing(site=site, connect=connect, readonly=readonly, attached=True))
    if found:
        say(f"left the screen; the components run on in pid {found[0].welcome.pid}")
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
