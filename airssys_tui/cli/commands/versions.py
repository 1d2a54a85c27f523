"""``versions``: the revisions of a component, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, moment, say, say_table
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.identity import short_digest
from airssys_tui.core.units import format_size

REVISION_COLUMNS: Final = (
    PlainColumn("REV", right=True),
    PlainColumn("VERSION"),
    PlainColumn("OUTCOME", toned=True),
    PlainColumn("CAUSE", rank=3),
    PlainColumn("DIGEST", rank=4),
    PlainColumn("WHEN", rank=2),
    PlainColumn("WHO", rank=6),
    PlainColumn("SIZE", right=True, rank=7),
    PlainColumn("STATE", right=True, rank=5),
    PlainColumn("REASON", rank=1, least=20),
)


def versions(name: NameArgument, /, *, place: Place = HERE) -> int:
    """List the revisions of a component, newest first, with cause and outcome.

    Of a long history: the newest 200, and older ones that are pinned, in quarantine or targets of a rollback.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    name = component_name(name)
    site = locate(place.folder, place.state_dir, must_exist=False)
    revisions = ask(site, lambda runtime: runtime.versions(name), Without.RECORD)
    if place.json:
        answer(revisions)
    else:
        say_revisions(revisions)
    return ExitCode.OK


def say_revisions(revisions: Sequence[RevisionView], indent: str = "") -> None:
    """Print revisions as a table, and the number of older ones that it omits."""
    say_table(REVISION_COLUMNS, [_revision_row(revision) for revision in revisions], indent=indent)
    left_out = revisions[0].number - len(revisions) if revisions else 0  # numbers begin at 1 and have no gaps
    if left_out > 0:
        say(f"{indent}and {left_out} older ones; `airssys-tui diff` can compare each of them")


def standing_of(shown: RevisionView | ComponentView) -> str:
    """Return ``stable`` or ``untried``; empty for a revision that is neither."""
    return "stable" if shown.stable else "untried" if shown.untried else ""


def _revision_row(revision: RevisionView) -> Sequence[str]:
    cause = f"{revision.cause} of r{revision.origin}" if revision.origin is not None else str(revision.cause)
    remarks = [text for text in (revision.reason, revision.note) if text]
    return (
        f"r{revision.number}",
        revision.version or NOTHING,
        f"{revision.outcome} ({standing})" if (standing := standing_of(revision)) else str(revision.outcome),
        cause,
        short_digest(revision.digest),
        moment(revision.at),
        revision.who,
        NOTHING if revision.size is None else format_size(revision.size),
        NOTHING if revision.state_bytes is None else format_size(revision.state_bytes),
        " · ".join(remarks),
    )
