"""Commands that change something: sent to the runtime, unless the configuration says that nothing may be changed."""

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
    """Have a command carried out and say what came of it.

    Args:
        command: What is to be done.
        place: Which runtime, and how to answer.
        without: What stands in when none runs.

    Raises:
        ReadOnlyAccess: The configuration allows no changes.
        AirssysError: It was refused, or nobody could be asked.
    """
    site = writable(locate(place.folder, place.state_dir))
    return tell(ask(site, lambda runtime: runtime.submit(command), without), place)


def tell(done: Done, place: Place) -> int:
    """Say what came of a command."""
    if place.json:
        answer(done)
    else:
        say(done.text)
    return ExitCode.OK


def writable(site: Site) -> Site:
    """Return the site when the configuration lets it be changed.

    Raises:
        ReadOnlyAccess: It does not.
    """
    if site.settings.readonly:
        raise ReadOnlyAccess(
            "the configuration file says readonly = true: nothing is changed from this account",
            remedy="`airssys-tui config path` names the file; take the line out, or choose one by AIRSSYS_TUI_CONFIG",
        )
    return site
