"""``explain``: the last change of a component, in sentences."""

from __future__ import annotations

import textwrap
from typing import Final

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, say, terminal_width
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import Without, ask
from airssys_tui.cli.reaching.site import locate

WIDEST: Final = 100
"""Maximum width of the text, in columns, for easy reading."""


def explain(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Explain a component's last change: what serves now, since when, why, and what you can do.

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
