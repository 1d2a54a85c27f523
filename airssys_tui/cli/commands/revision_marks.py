"""``pin``, ``note``, ``mark-stable`` and ``release``: what operators say about a revision."""

from __future__ import annotations

from airssys_tui.api.commands import Annotate, LiftQuarantine, MarkStable, Pin
from airssys_tui.cli.reaching.named_revision import revision_number
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.orders import carry_out


def pin(name: NameArgument, revision: RevisionArgument, /, *, remove: bool = False, place: Place = HERE) -> int:
    """Keep a revision with its code and states, whatever the retention rules say.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: The revision: 2, r2, a version (1.1.0), "active", "stable" or "previous".
        remove: Unpin it.
        place: Which runtime.
    """
    name = component_name(name)
    return carry_out(Pin(name, revision_number(name, revision, place), pinned=not remove), place)


def note(name: NameArgument, revision: RevisionArgument, text: str, /, *, place: Place = HERE) -> int:
    """Write a note on a revision; it replaces the one before.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: The revision: 2, r2, a version (1.1.0), "active", "stable" or "previous".
        text: The note; "" removes it.
        place: Which runtime.
    """
    name = component_name(name)
    return carry_out(Annotate(name, revision_number(name, revision, place), text), place)


def mark_stable(name: NameArgument, revision: RevisionArgument, /, *, remove: bool = False, place: Place = HERE) -> int:
    """Declare a revision stable, so that a rollback can go back to it.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: The revision: 2, r2, a version (1.1.0), "active", "stable" or "previous".
        remove: Declare it not stable.
        place: Which runtime.
    """
    name = component_name(name)
    return carry_out(MarkStable(name, revision_number(name, revision, place), stable=not remove), place)


def release(name: NameArgument, revision: RevisionArgument, /, *, place: Place = HERE) -> int:
    """Lift the quarantine of a revision, so that it can be deployed and rolled back to again.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: The revision: 2, r2, a version (1.1.0), "active", "stable" or "previous".
        place: Which runtime.
    """
    name = component_name(name)
    return carry_out(LiftQuarantine(name, revision_number(name, revision, place)), place)
