"""``impact``: what stopping a component would do."""

from __future__ import annotations

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import answer, in_one_row, say
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import ask
from airssys_tui.cli.reaching.site import locate


def impact(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Show what stopping a component would do to it and to others; nothing is stopped.

    The components that depend on it over links, the calls that run or wait, the topics that it is subscribed to, and
    whether it comes back by itself. Further to the right is further away.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    name = component_name(name)
    found = ask(locate(place.folder, place.state_dir), lambda api: api.impact(name))
    if place.json:
        answer(found)
        return ExitCode.OK
    say(f"If {found.component} is stopped:")
    for effect in found.effects:
        say(in_one_row(f"{'  ' * (effect.depth + 1)}{effect.text}"))
    if found.omitted:
        say(f"  and {found.omitted} more")
    return ExitCode.OK
