"""``mark-stable``: make a revision a target of rollbacks."""

from __future__ import annotations

from airssys_tui.api.commands import MarkStable
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.orders import carry_out


def mark_stable(name: NameArgument, revision: RevisionArgument, /, *, remove: bool = False, place: Place = HERE) -> int:
    """Declare a revision stable, so that a rollback can go back to it.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        remove: Declare it not stable.
        place: Which runtime.
    """
    return carry_out(MarkStable(component_name(name), revision, stable=not remove), place)
