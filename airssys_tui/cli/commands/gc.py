"""``gc``: delete what no retention rule keeps."""

from __future__ import annotations

from airssys_tui.api.views.disk import Collected
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, say
from airssys_tui.cli.reaching.options import HERE, Place
from airssys_tui.cli.reaching.orders import writable
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.units import format_size


def gc(*, dry_run: bool = False, place: Place = HERE) -> int:
    """Delete old code, states and history that no retention rule keeps.

    The active, pinned and recently stable revisions stay.

    Args:
        dry_run: Only show what would be deleted.
        place: Which runtime.
    """
    site = locate(place.folder, place.state_dir)
    if not dry_run:
        writable(site)
    found = ask(site, lambda api: api.collect(dry=dry_run), Without.MOMENT)
    if place.json:
        answer(found)
    else:
        _say(found)
    return ExitCode.OK


def _say(found: Collected) -> None:
    for item in found.items:
        say(item)
    counted = {"revision": found.revisions, "state": found.states, "row": found.rows, "dead letter": found.letters}
    what = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counted.items() if count)
    verb = "would be deleted" if found.dry else "deleted"
    say(f"{what or 'nothing'} {verb}: {format_size(found.bytes)}")
