"""``--demo``: the screen on a simulated runtime, for a first look without components; ``demo``: a page to fetch."""

from __future__ import annotations

import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import say
from airssys_tui.cli.commands.showing import Showing, show
from airssys_tui.cli.reaching.program_settings import Sourced, read_settings
from airssys_tui.cli.reaching.site import Site
from airssys_tui.core.errors import UsageError
from airssys_tui.core.events import EventAction
from airssys_tui.core.manifest.capabilities import MAX_PORT

if TYPE_CHECKING:
    from airssys_tui.api.played.runtime import PlayedRuntime
    from airssys_tui.api.protocol import RuntimeApi

BEAT: Final = 2.0
"""Seconds between two simulated changes."""

SOURCE: Final = "demo"

Act = Callable[["PlayedRuntime", int], None]


def demo(*, port: int = 8910) -> int:
    """Serve a small page on this machine until ctrl+c, for the sample component `fetcher`.

    The sample asks for `network = ["connect:127.0.0.1:8910"]` and may not fetch the page until you grant that. To see
    the screen on a simulated runtime instead, use `airssys-tui --demo`.

    Args:
        port: Port on 127.0.0.1; 0 picks a free port.
    """
    from airssys_tui.cli.serving.demo_page import DemoPage  # noqa: PLC0415 - late: no other command needs it
    from airssys_tui.cli.serving.signals import leaving_on_signal  # noqa: PLC0415

    if not 0 <= port <= MAX_PORT:
        raise UsageError(f"--port must be 0 to {MAX_PORT}, not {port}")
    with DemoPage(port) as page:

        def leave() -> None:
            # From a thread of its own: the loop that is told to end has to come back from the signal first.
            threading.Thread(target=page.shutdown, daemon=True).start()

        with leaving_on_signal(leave):
            say(f"serving {page.url}")
            sys.stdout.flush()
            page.serve_forever(poll_interval=0.05)
    return ExitCode.OK


def open_demo(*, readonly: bool) -> int:
    """Open the screen on a simulated runtime and run until it is closed.

    The runtime uses the real clock, and things happen in it. The log goes to a directory that is deleted afterwards.

    Args:
        readonly: Disable every action that changes the system.
    """
    with tempfile.TemporaryDirectory(prefix="airssys-demo-") as scratch:
        site = Site(
            folder=Sourced(Path("components"), SOURCE),
            state_dir=Sourced(Path(scratch), SOURCE),
            settings=read_settings(),
        )
        stage = Stage()
        try:
            return show(Showing(site=site, connect=stage.open, readonly=readonly, attached=True, demo=True))
        finally:
            stage.close()


class Stage:
    """A simulated runtime in which something happens every :data:`BEAT` seconds, from :meth:`open` to :meth:`close`."""

    def __init__(self, beat: float = BEAT) -> None:
        self._beat = beat
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> RuntimeApi:
        """Start the simulation and return the runtime."""
        from airssys_tui.api.played.scenes import mixed  # noqa: PLC0415 - late: after the first paint

        runtime = mixed(time.time)
        self._thread = threading.Thread(target=self._play, args=(runtime,), name="demo", daemon=True)
        self._thread.start()
        return runtime

    def close(self) -> None:
        """Stop the simulation."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _play(self, runtime: PlayedRuntime) -> None:
        for turn in itertools.count():
            if self._over.wait(self._beat):
                return
            for every, act in ACTS:
                if turn % every == 0:
                    act(runtime, turn)


def _log(runtime: PlayedRuntime, turn: int) -> None:
    from airssys_tui.core.events import EventKind, Level  # noqa: PLC0415

    lines = (
        ("greeter", Level.INFO, f"greeted {17 + turn} guests"),
        ("primes", Level.DEBUG, f"next prime after {7_907 + 10 * turn}"),
        ("hoarder", Level.WARNING, "61.9 of 64 MiB in use, keeping everything"),
        ("counter", Level.INFO, f"count is {41 + turn}"),
    )
    component, level, text = lines[turn % len(lines)]
    runtime.emit(text, component=component, kind=EventKind.LOG, level=level, action=EventAction.LOG)


def _ignore(runtime: PlayedRuntime, _: int) -> None:
    runtime.emit("ignored: same digest and manifest", component="greeter", action=EventAction.IGNORED)


def _degrade(runtime: PlayedRuntime, _: int) -> None:
    from airssys_tui.core.events import EventKind, Level  # noqa: PLC0415

    text = "status degraded: 61.9 of 64 MiB in use"
    runtime.emit(text, component="hoarder", kind=EventKind.HEALTH, level=Level.WARNING, action=EventAction.DEGRADED)


def _release(runtime: PlayedRuntime, turn: int) -> None:
    from airssys_tui.api.played.scenes import COUNTER  # noqa: PLC0415
    from airssys_tui.core.lifecycle import State  # noqa: PLC0415

    counter = runtime.get("counter")
    if counter.view.state is State.RUNNING:
        versions = [version for version in COUNTER if version != counter.view.version]
        runtime.deploy("counter", COUNTER[versions[turn // 15 % len(versions)]])


ACTS: Final[tuple[tuple[int, Act], ...]] = ((1, _log), (7, _ignore), (11, _degrade), (15, _release))
"""Simulated changes, each with its period in beats."""
