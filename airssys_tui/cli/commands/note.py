"""``note``: write a note on a revision."""

from __future__ import annotations

from airssys_tui.api.commands import Annotate
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.orders import carry_out


def note(name: NameArgument, revision: RevisionArgument, text: str, /, *, place: Place = HERE) -> int:
    """Write a note on a revision; it replaces the one before.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        text: The note; "" removes it.
        place: Which runtime.
    """
    return carry_out(Annotate(component_name(name), revision, text), place)
