"""``pin``: keep a revision whatever the retention rules say."""

from __future__ import annotations

from airssys_tui.api.commands import Pin
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.orders import carry_out


def pin(name: NameArgument, revision: RevisionArgument, /, *, remove: bool = False, place: Place = HERE) -> int:
    """Keep a revision with its code and states, whatever the retention rules say.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        remove: Unpin it.
        place: Which runtime.
    """
    return carry_out(Pin(component_name(name), revision, pinned=not remove), place)
