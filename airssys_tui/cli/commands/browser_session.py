"""One browser session: the screens attached to a runtime, speaking to the web server instead of to a terminal.

The server starts it as ``python -m airssys_tui.cli.commands.browser_session FOLDER STATE_DIR SERVER [--full]``, with
the driver for browsers chosen by a variable. It ends with its server, the process with that number, however that ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.commands.attach import remote
from airssys_tui.cli.reaching.site import Site, locate
from airssys_tui.cli.serving.log import log_path, open_log
from airssys_tui.cli.serving.signals import exit_at_once

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi

FULL: Final = "--full"

LOOK: Final = 1.0
"""Seconds between two checks whether the server is still running."""

GRACE: Final = 3.0
"""Seconds for a clean stop once the server has ended."""


def main(words: list[str]) -> int:
    """Show the screens until the page is closed.

    Args:
        words: The folder, the state directory, the server's process id, and whether changes are allowed.
    """
    folder, state_dir, server, *rest = words
    site = locate(Path(folder), Path(state_dir), must_exist=False)
    readonly = FULL not in rest or site.settings.readonly
    _standard_error_to(log_path(site.state_dir.value))
    threading.Thread(target=_end_with, args=(int(server),), name="server-watch", daemon=True).start()
    return asyncio.run(_show(site, readonly=readonly))


async def _show(site: Site, *, readonly: bool) -> int:
    from airssys_tui.tui.app import AirssysApp  # noqa: PLC0415 - late: loads Textual

    def connect() -> RuntimeApi:
        return remote(site, readonly=readonly)

    app = AirssysApp(connect, folder=str(site.folder.value), readonly=readonly, attached=True, browser=True)
    await app.run_async()
    return ExitCode.OK


def _standard_error_to(log: Path) -> None:
    """Redirect file descriptor 2 to the log; native code would otherwise write to the web server's terminal."""
    opened = open_log(log)
    os.dup2(opened, 2)
    os.close(opened)


def _end_with(server: int) -> None:
    """Stop when the server ends: a closed pipe alone ends the input, not the screen."""
    forever = threading.Event()
    while os.getppid() == server:
        forever.wait(LOOK)
    os.kill(os.getpid(), signal.SIGTERM)
    forever.wait(GRACE)
    exit_at_once(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
