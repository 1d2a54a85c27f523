"""``diff``: what differs between two revisions."""

from __future__ import annotations

from typing import Final

from airssys_tui.api.views.revisions import DiffLine, RevisionDiff, RevisionView
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, say, say_table
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.named_revision import revision_numbers
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.identity import short_digest

DIFF_COLUMNS: Final = (PlainColumn("WHAT"), PlainColumn("CHANGE"), PlainColumn("FROM → TO", least=12))


def diff(name: NameArgument, old: RevisionArgument, new: RevisionArgument = "active", /, *, place: Place = HERE) -> int:
    """Compare two revisions of a component: what changed from the first to the second.

    A revision is a number (2 or r2), a version (1.1.0), "active", "stable" or "previous".

    Args:
        name: The component, as `name` or `namespace/name`.
        old: The revision to begin with.
        new: The revision that it became. Default: the active one.
        place: Which runtime.
    """
    name = component_name(name)
    site = locate(place.folder, place.state_dir, must_exist=False)
    first, second = revision_numbers(name, (old, new), place)
    found = ask(site, lambda api: api.diff(name, second, first), Without.RECORD)
    if place.json:
        answer(found)
    else:
        say_diff(found)
    return ExitCode.OK


def say_diff(found: RevisionDiff) -> None:
    """Print what two revisions differ in."""
    now = "nothing" if found.now is None else _label(found.now)
    say(f"{found.component}: from {now} to {_label(found.then)}")
    same = [line for line in found.lines if line.change == "same"]
    changed = [line for line in found.lines if line.change != "same"]
    if changed:
        say_table(DIFF_COLUMNS, [_row(line) for line in changed])
    if same:
        say(f"unchanged: {', '.join(line.subject for line in same)}")


def _label(view: RevisionView) -> str:
    return f"r{view.number} {view.version or NOTHING} {short_digest(view.digest)}"


def _row(line: DiffLine) -> tuple[str, str, str]:
    return (line.subject, line.change, line.text)
