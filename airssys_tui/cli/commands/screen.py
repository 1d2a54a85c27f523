"""The screen: Textual on a runtime in this process, with the terminal given back whatever happens."""

from __future__ import annotations

import contextlib
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.reaching.options import FolderArgument, StateDirOption
from airssys_tui.cli.reaching.program_settings import settings_path
from airssys_tui.cli.reaching.site import Site, locate
from airssys_tui.cli.serving.log import log_path, standard_error_to
from airssys_tui.cli.serving.signals import close_in_time, exit_at_once, leaving_on_signal
from airssys_tui.core.errors import AirssysError, StateLocked, UsageError

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.cli.serving.exporter import Exporter


def screen(
    folder: FolderArgument = None,
    /,
    *,
    readonly: bool = False,
    adopt: bool = False,
    demo: bool = False,
    state_dir: StateDirOption = None,
) -> int:
    """Run a folder of WebAssembly components and open the screen on it.

    Every component in the folder is admitted, started, supervised and metered. Replace its file and the new version
    takes over with its state; a bad one is refused while the good one serves; `z` goes back.

    Args:
        folder: Folder of components (else AIRSSYS_TUI_FOLDER, the configuration file, the current directory).
        readonly: Leave out every action that changes the system.
        adopt: Bind a state directory that belongs to another folder to this one.
        demo: Look around without components: a runtime is played, and nothing is read or written.
        state_dir: Where the state is kept (else AIRSSYS_TUI_STATE_DIR, the configuration file, a directory made from
            the folder's real path).
    """
    if demo:
        from airssys_tui.cli.commands.demo import open_demo  # noqa: PLC0415 - late: only who wants to see it

        if folder is not None or state_dir is not None or adopt:
            raise UsageError("--demo plays a folder of its own", remedy="airssys-tui --demo, with --readonly at most")
        return open_demo(readonly=readonly)
    return open_screen(folder, state_dir, readonly=readonly, adopt=adopt)


def open_screen(
    folder: Path | None, state_dir: Path | None, *, readonly: bool, adopt: bool, exporter: Exporter | None = None
) -> int:
    """Open the screen and run until it is left.

    Args:
        folder: As named on the command line, if it was.
        state_dir: Likewise.
        readonly: Leave out every action that changes the system.
        adopt: Bind a state directory of another folder to this one.
        exporter: Serves the runtime's metrics once it is open.

    Raises:
        UsageError: There is no terminal, or no such folder.
        StoreError: The state directory cannot be owned.
        AirssysError: The screen ended with an error of its own, or the terminal went away.
    """
    site = locate(folder, state_dir)

    def connect() -> RuntimeApi:
        from airssys_tui.cli.reaching.absence import owned_elsewhere  # noqa: PLC0415
        from airssys_tui.cli.reaching.embedding import open_runtime  # noqa: PLC0415 - late: loads the engine

        try:
            return open_runtime(site, adopt=adopt, exporter=exporter)
        except StateLocked as error:
            raise owned_elsewhere(error, site) from error

    return show(Showing(site=site, connect=connect, readonly=readonly))


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What a screen is opened on.

    Attributes:
        site: Folder and state directory.
        connect: Makes the runtime; called after the first paint, on a thread of its own. The screen closes it.
        readonly: Leave out every action that changes the system.
        attached: Whether the runtime goes on when the screen is left.
        demo: Whether the runtime is played, not run.
    """

    site: Site
    connect: Callable[[], RuntimeApi]
    readonly: bool = False
    attached: bool = False
    demo: bool = False


def show(showing: Showing) -> int:
    """Open a screen and run until it is left.

    Raises:
        UsageError: There is no terminal.
        AirssysError: The runtime could not be had, the screen ended with an error of its own, or the terminal went
            away.
    """
    import asyncio  # noqa: PLC0415 - late: commands that only read do without

    site = showing.site
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "the screen needs a terminal on standard input and output",
            remedy=f"without one: airssys-tui run {site.folder.value} --headless",
        )
    log = log_path(site.state_dir.value)
    session = _Session(showing)
    try:
        with _terminal_given_back(), leaving_on_signal(_ask_screen), standard_error_to(log):
            try:
                code = asyncio.run(session.show())
            finally:
                session.close()
    except OSError as error:
        raise AirssysError(f"the terminal went away: {error}") from error
    if session.hurried:
        exit_at_once(signal.SIGTERM)  # the terminal is as it was; what runs is recovered at the next start
    if code:
        raise AirssysError("the screen ended with an error of its own", remedy=f"its log says more: {log}")
    return ExitCode.OK


class _Session:
    """One showing of the screen: it opens the runtime when the screen asks for it and closes it afterwards."""

    def __init__(self, showing: Showing) -> None:
        self._showing = showing
        self.hurried = False
        self._runtime: RuntimeApi | None = None
        self._failure: AirssysError | None = None

    def connect(self) -> RuntimeApi:
        """Open the runtime; called by the screen after its first paint, on a thread of its own.

        Raises:
            AirssysError: It cannot be had. The screen shows it, and it is said again when the terminal is back.
        """
        try:
            self._runtime = self._showing.connect()
        except AirssysError as error:
            self._failure = error
            raise
        return self._runtime

    async def show(self) -> int:
        """Show the screen until it is left, and return its exit code."""
        from airssys_tui.tui.app import AirssysApp  # noqa: PLC0415 - late: loads Textual
        from airssys_tui.tui.settings.settings_file import SettingsFile  # noqa: PLC0415

        site = self._showing.site
        app = AirssysApp(
            self.connect,
            folder=str(site.folder.value),
            readonly=self._showing.readonly or site.settings.readonly,
            attached=self._showing.attached,
            demo=self._showing.demo,
            settings=SettingsFile(settings_path()),
        )
        answer = await app.run_async()
        self.hurried = app.hurried
        return app.return_code or answer or 0

    def close(self) -> None:
        """Stop the runtime in bounded time, unless nobody waits for it any more; say what kept it from opening.

        Raises:
            AirssysError: It could not be opened, or did not stop in time.
        """
        if self._runtime is not None and not self.hurried:
            close_in_time(self._runtime.close)
        if self._failure is not None:
            raise self._failure


def _ask_screen() -> None:
    # While the screen is there it catches SIGTERM itself; without it this ends the process, which then holds nothing.
    signal.raise_signal(signal.SIGTERM)


@contextlib.contextmanager
def _terminal_given_back() -> Iterator[None]:
    """Put the terminal's own settings back at the end, also when the screen could not."""
    before = termios.tcgetattr(0)
    try:
        yield
    finally:
        with contextlib.suppress(OSError, termios.error):  # it may be gone: SIGHUP
            termios.tcsetattr(0, termios.TCSADRAIN, before)
