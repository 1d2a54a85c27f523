"""``run --detach``: a runtime without a screen in the background, in a session of its own: no terminal ends it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import say
from airssys_tui.cli.commands.service.systemd_unit import program
from airssys_tui.cli.reaching.reach import connect
from airssys_tui.cli.serving.log import log_path, open_log
from airssys_tui.core.errors import AirssysError, UsageError
from airssys_tui.core.text import one_line

if TYPE_CHECKING:
    from airssys_tui.cli.reaching.site import Site

OPENING: Final = 60.0
"""Seconds that the runtime may take until it answers."""

_LOOK: Final = 0.05
_TAIL: Final = 4096


def run_detached(site: Site, words: Sequence[str]) -> int:
    """Start a runtime in the background and return once it answers.

    Args:
        site: Folder and state directory.
        words: Further words of its command line.

    Raises:
        UsageError: One runs already.
        AirssysError: It ended, or does not answer in time; the message has the last line of its log.
    """
    if (there := _owner(site)) is not None:
        raise UsageError(f"it runs already, in pid {there}", remedy=f"airssys-tui attach {site.folder.value}")
    log = log_path(site.state_dir.value).with_name("run.log")
    output = open_log(log)
    folder, state_dir = site.folder.value.absolute(), site.state_dir.value.absolute()  # no name of theirs is an option
    try:
        started = subprocess.Popen(  # noqa: S603 - this program
            [*program(), "run", str(folder), "--headless", "--state-dir", str(state_dir), *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    finally:
        os.close(output)
    deadline = time.monotonic() + OPENING
    while _owner(site) is None:
        if started.poll() is not None:
            raise AirssysError(f"the runtime ended with {started.returncode}: {_last_line(log)}", remedy=f"see {log}")
        if time.monotonic() > deadline:
            raise AirssysError(f"pid {started.pid} does not answer after {OPENING:g} s", remedy=f"see {log}")
        time.sleep(_LOOK)
    started.returncode = 0  # whoever adopts it waits for it; Python would complain that nobody did
    say(f"runs in pid {started.pid}, and prints its events to {log}")
    say(f"open a screen on it: airssys-tui attach {site.folder.value}    stop it: kill {started.pid}")
    return ExitCode.OK


def _owner(site: Site) -> int | None:
    """Return the process whose runtime answers, or None."""
    remote = connect(site, client="detach")
    if remote is None:
        return None
    remote.close()
    return remote.welcome.pid


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        lines = file.read().decode(errors="replace").strip().splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    return one_line((errors or lines or ["it said nothing"])[-1])
