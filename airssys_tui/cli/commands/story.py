"""``explain`` and ``diff``: what a change was, in sentences and line by line."""

from __future__ import annotations

import textwrap
from typing import Final

from airssys_tui.api.views.revisions import DiffLine, RevisionDiff, RevisionView
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, say, say_table, terminal_width
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.identity import short_digest

WIDEST: Final = 100
"""Columns of text that are read with ease."""

DIFF_COLUMNS: Final = (PlainColumn("WHAT"), PlainColumn("CHANGE"), PlainColumn("FROM → TO", least=12))


def explain(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Tell the last change of a component in sentences: what serves now, since when, why, and what can be done.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    name = component_name(name)
    site = locate(place.folder, place.state_dir, must_exist=False)
    story = ask(site, lambda api: api.explain(name), Without.RECORD)
    if place.json:
        answer(story)
        return ExitCode.OK
    width = min(WIDEST, terminal_width() or WIDEST)
    for sentence in story.sentences:
        say("\n".join(textwrap.wrap(sentence, width, subsequent_indent="  ")))
    return ExitCode.OK


def diff(
    name: NameArgument, revision: RevisionArgument, against: RevisionArgument | None = None, /, *, place: Place = HERE
) -> int:
    """Compare a revision of a component with another one, or with the one that is active.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        against: Number of the other revision; without it, the active one.
        place: Which runtime.
    """
    name = component_name(name)
    site = locate(place.folder, place.state_dir, must_exist=False)
    found = ask(site, lambda api: api.diff(name, revision, against), Without.RECORD)
    if place.json:
        answer(found)
    else:
        _say_diff(found)
    return ExitCode.OK


def _say_diff(found: RevisionDiff) -> None:
    now = "nothing" if found.now is None else _label(found.now)
    say(f"{found.component}: from {now} to {_label(found.then)}")
    same = [line for line in found.lines if line.change == "same"]
    changed = [line for line in found.lines if line.change != "same"]
    if changed:
        say_table(DIFF_COLUMNS, [_row(line) for line in changed])
    if same:
        say(f"the same: {', '.join(line.subject for line in same)}")


def _label(view: RevisionView) -> str:
    return f"r{view.number} {view.version or NOTHING} {short_digest(view.digest)}"


def _row(line: DiffLine) -> tuple[str, str, str]:
    return (line.subject, line.change, line.text)
