"""Errors for a command that reaches no runtime: none is running, or another process owns the state directory."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from airssys_tui.core.errors import NothingRuns, StateLocked

if TYPE_CHECKING:
    from airssys_tui.cli.reaching.site import Site


def attach_command(site: Site) -> str:
    """Return the command line that attaches a screen to the runtime of a site."""
    words = ["airssys-tui attach"]
    if site.folder_named:
        words.append(shlex.quote(str(site.folder.value)))
    if site.state_dir.source == "option":
        words.append(f"--state-dir {shlex.quote(str(site.state_dir.value))}")
    return " ".join(words)


def owned_elsewhere(error: StateLocked, site: Site) -> StateLocked:
    """Return the error for a state directory that another process owns, with a fitting remedy."""
    from airssys_tui.store.paths import control_path  # noqa: PLC0415 - late: `--help` needs no store

    if control_path(site.state_dir.value).exists():
        return StateLocked(error.message, remedy=f"attach a screen to it: {attach_command(site)}")
    return StateLocked(error.message, remedy="stop that process first, or use another --state-dir")


def nothing_runs(site: Site) -> NothingRuns:
    """Return the error for a folder without a running runtime."""
    folder = shlex.quote(str(site.folder.value))
    return NothingRuns(
        f"no process runs {site.folder.value} (looked in the state directory {site.state_dir.value})",
        remedy=f"start it: airssys-tui {folder}, or airssys-tui run {folder} --headless",
    )
