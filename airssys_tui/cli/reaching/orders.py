"""Commands that change something: sent to the runtime unless the configuration is read-only."""

from __future__ import annotations

from airssys_tui.api.commands import Command
from airssys_tui.api.views.runtime import Done
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, say
from airssys_tui.cli.reaching.options import Place
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import Site, locate
from airssys_tui.core.errors import ReadOnlyAccess


def carry_out(command: Command, place: Place, without: Without = Without.MOMENT) -> int:
    """Carry out a command and print the result.

    Args:
        command: The command.
        place: Which runtime, and how to answer.
        without: The replacement if no runtime is running.

    Raises:
        ReadOnlyAccess: The configuration allows no changes.
        AirssysError: The command was refused, or no runtime could be reached.
    """
    site = writable(locate(place.folder, place.state_dir))
    return tell(ask(site, lambda runtime: runtime.submit(command), without), place)


def tell(done: Done, place: Place) -> int:
    """Print the result of a command."""
    if place.json:
        answer(done)
    else:
        say(done.text)
    return ExitCode.OK


def writable(site: Site) -> Site:
    """Return the site if the configuration allows changes.

    Raises:
        ReadOnlyAccess: The configuration allows no changes.
    """
    if site.settings.readonly:
        raise ReadOnlyAccess(
            "the configuration file says readonly = true: commands that change something are disabled",
            remedy="`airssys-tui config path` prints its path; remove the line, or set AIRSSYS_TUI_CONFIG",
        )
    return site
