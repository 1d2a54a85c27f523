"""``pin``, ``note``, ``mark-stable`` and ``release``: what operators say about a revision."""

from __future__ import annotations

from airssys_tui.api.commands import Annotate, LiftQuarantine, MarkStable, Pin
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


def note(name: NameArgument, revision: RevisionArgument, text: str, /, *, place: Place = HERE) -> int:
    """Write a note on a revision; it replaces the one before.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        text: The note; "" removes it.
        place: Which runtime.
    """
    return carry_out(Annotate(component_name(name), revision, text), place)


def mark_stable(name: NameArgument, revision: RevisionArgument, /, *, remove: bool = False, place: Place = HERE) -> int:
    """Declare a revision stable, so that a rollback can go back to it.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        remove: Declare it not stable.
        place: Which runtime.
    """
    return carry_out(MarkStable(component_name(name), revision, stable=not remove), place)


def release(name: NameArgument, revision: RevisionArgument, /, *, place: Place = HERE) -> int:
    """Lift the quarantine of a revision, so that it can be deployed and rolled back to again.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        place: Which runtime.
    """
    return carry_out(LiftQuarantine(component_name(name), revision), place)
