"""``web``: the screens in a browser, each page a client of the one runtime."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import say, warn
from airssys_tui.cli.reaching.options import FolderArgument, StateDirOption, named_path
from airssys_tui.cli.reaching.orders import writable
from airssys_tui.cli.reaching.site import Site, locate
from airssys_tui.cli.serving.browser_access import Origins, kept_token, new_token
from airssys_tui.core.errors import UsageError
from airssys_tui.core.text import one_line

if TYPE_CHECKING:
    from airssys_tui.cli.serving.browser import BrowserServer

PORT: Final = 8737


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may open pages, and what they may do.

    Attributes:
        full: Let pages change the system too.
        origin: Further address that pages are opened at, such as "https://desk.example" of a proxy; repeatable.
        token_file: Keep the token in this file, so that the address stays the same; made if it does not exist.
    """

    full: bool = False
    origin: Annotated[list[str] | None, Parameter(name="--origin", negative_iterable=())] = None
    token_file: Annotated[Path | None, Parameter(name="--token-file", converter=named_path)] = None


LOOKING: Final = Access()


def web(
    folder: FolderArgument = None,
    /,
    *,
    port: int = PORT,
    access: Access = LOOKING,
    state_dir: StateDirOption = None,
) -> int:
    """Serve the screen to browsers on this machine until ctrl+c.

    Needs `pip install 'airssys-tui[web]'`. Each page is a client of the folder's runtime; when none runs, this command
    runs one without a screen until it ends. The printed address contains a token, new each time, that every
    request needs. Pages are read-only unless you add `--full`, and what they save is a download: they write no file of
    this machine. From another machine: ssh -L 8737:127.0.0.1:8737 HOST, with any free port in place of the first.

    Args:
        folder: Folder of components. Default: AIRSSYS_TUI_FOLDER, the configuration file, or the current directory.
        port: Port on 127.0.0.1; 0 picks a free port.
        access: Who may open pages, and what they may do.
        state_dir: State directory. Default: AIRSSYS_TUI_STATE_DIR, the configuration file, or a directory derived from
            the folder's real path.
    """
    site = locate(folder, state_dir)
    if access.full:
        writable(site)
    with contextlib.closing(_server(site, port, access)) as server, _runtime(site):
        say(f"open {server.url}")
        warn(
            "pages can change the system" if access.full else "pages are read-only; --full lets them change the system"
        )
        sys.stdout.flush()
        _serve(server)
    return ExitCode.OK


def _server(site: Site, port: int, access: Access) -> BrowserServer:
    """Return the server, listening.

    Raises:
        UsageError: An option is not valid, or the extra is not installed.
        AirssysError: The port is not available.
    """
    if not 0 <= port <= 65_535:
        raise UsageError(f"--port must be 0 to 65535, not {port}")
    try:
        from airssys_tui.cli.serving.browser import BrowserServer  # noqa: PLC0415 - late: an extra
    except ModuleNotFoundError as error:
        raise UsageError(
            f"serving browsers needs {error.name}, which is not installed", remedy="pip install 'airssys-tui[web]'"
        ) from error
    return BrowserServer(
        session_command(site, full=access.full),
        port,
        title=f"{one_line(site.folder.value.absolute().name)} · airssys",
        origins=Origins(access.origin or ()),
        token=new_token() if access.token_file is None else kept_token(access.token_file),
    )


def session_command(site: Site, *, full: bool) -> str:
    """Return the command line, for a shell, of one browser session."""
    from airssys_tui.cli.commands.browser_session import FULL  # noqa: PLC0415
    from airssys_tui.store.paths import as_given  # noqa: PLC0415

    words = [sys.executable, "-m", "airssys_tui.cli.commands.browser_session"]
    words += [str(as_given(site.folder.value)), str(site.state_dir.value.resolve()), str(os.getpid())]
    # The shell execs the session, so that the session's parent process is the server.
    return f"exec {shlex.join([*words, FULL] if full else words)}"


def _serve(server: BrowserServer) -> None:
    """Serve until a signal requests a stop."""
    import asyncio  # noqa: PLC0415 - late: no other command loads it

    async def run() -> None:
        leave = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, leave.set)
        await server.run(leave)

    asyncio.run(run())


@contextlib.contextmanager
def _runtime(site: Site) -> Iterator[None]:
    """Ensure that a runtime is running: the existing one, or one in this process for the duration of the block."""
    from airssys_tui.cli.reaching.reach import connect  # noqa: PLC0415 - late: see `reach`

    found = connect(site, client="web")
    if found is not None:
        found.close()
        yield
        return
    from airssys_tui.cli.reaching.embedding import open_runtime  # noqa: PLC0415 - late: loads the engine
    from airssys_tui.cli.serving.signals import close_in_time  # noqa: PLC0415

    runtime = open_runtime(site)
    warn("no runtime was running; this command runs one until it ends")
    try:
        yield
    finally:
        close_in_time(runtime.close, len(runtime.snapshot().components))
