"""Opening a screen on a runtime; the terminal's settings are always restored."""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.reaching.program_settings import settings_path
from airssys_tui.cli.reaching.site import Site
from airssys_tui.cli.serving.log import log_path, standard_error_to
from airssys_tui.cli.serving.signals import close_in_time, exit_at_once, leaving_on_signal
from airssys_tui.core.errors import AirssysError, UsageError

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """The parameters for opening a screen.

    Attributes:
        site: Folder and state directory.
        connect: Opens the runtime; called after the first paint, on a separate thread. The screen closes the runtime.
        readonly: Disable every action that changes the system.
        attached: Whether the runtime keeps running when the screen is closed.
        demo: Whether the runtime is simulated.
    """

    site: Site
    connect: Callable[[], RuntimeApi]
    readonly: bool = False
    attached: bool = False
    demo: bool = False


def show(showing: Showing) -> int:
    """Open a screen and run until it is closed.

    Raises:
        UsageError: There is no terminal.
        AirssysError: The runtime could not be opened, the screen stopped with an error, or the terminal went away.
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
        exit_at_once(signal.SIGTERM)  # the terminal is restored; the next start recovers the components
    if code:
        raise AirssysError("the screen stopped with an error", remedy=f"see its log: {log}")
    return ExitCode.OK


class _Session:
    """One showing of the screen: it opens the runtime when the screen asks for it and closes it afterwards."""

    def __init__(self, showing: Showing) -> None:
        self._showing = showing
        self.hurried = False
        self._runtime: RuntimeApi | None = None
        self._failure: AirssysError | None = None

    def connect(self) -> RuntimeApi:
        """Open the runtime; called by the screen after its first paint, on a separate thread.

        Raises:
            AirssysError: The runtime could not be opened. The screen shows the error; it is printed again afterwards.
        """
        _keep_what_is_loaded()
        try:
            self._runtime = self._showing.connect()
        except AirssysError as error:
            self._failure = error
            raise
        return self._runtime

    async def show(self) -> int:
        """Show the screen until it is closed, and return its exit code."""
        gc.disable()
        try:
            return await self._shown()
        finally:
            gc.enable()

    async def _shown(self) -> int:
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
        """Stop the runtime in bounded time, unless the user hurried; raise the error that kept it from opening.

        Raises:
            AirssysError: The runtime could not be opened, or did not stop in time.
        """
        if self._runtime is not None and not self.hurried:
            count = 0
            with contextlib.suppress(AirssysError):  # an attached screen has left its runtime already
                count = len(self._runtime.snapshot().components)
            close_in_time(self._runtime.close, count)
        if self._failure is not None:
            raise self._failure


def _keep_what_is_loaded() -> None:
    """Look for garbage from now on, but not among what was loaded for the first paint.

    Until then the collector would look through a hundred thousand objects, all of which stay, while the operator waits.
    """
    gc.freeze()
    gc.enable()


def _ask_screen() -> None:
    # An open screen catches SIGTERM itself; without one, SIGTERM ends the process, which then has no open resources.
    signal.raise_signal(signal.SIGTERM)


@contextlib.contextmanager
def _terminal_given_back() -> Iterator[None]:
    """Restore the terminal's settings at the end, even if the screen could not."""
    before = termios.tcgetattr(0)
    try:
        yield
    finally:
        with contextlib.suppress(OSError, termios.error):  # after SIGHUP the terminal may be gone
            termios.tcsetattr(0, termios.TCSADRAIN, before)
