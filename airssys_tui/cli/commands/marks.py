"""``pin``, ``note``, ``mark-stable``, ``release`` and ``undo``: what operators say of revisions, and taking it back.

They change the history, not what serves. While nothing runs they are written at once all the same: the command becomes
the owner of the state directory for a moment.
"""

from __future__ import annotations

from airssys_tui.api.commands import Annotate, LiftQuarantine, MarkStable, Pin, Undo
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.orders import carry_out


def pin(name: NameArgument, revision: RevisionArgument, /, *, remove: bool = False, place: Place = HERE) -> int:
    """Keep a revision, its code and its states, whatever the rules of retention say.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        remove: Let it go again.
        place: Which runtime.
    """
    return carry_out(Pin(component_name(name), revision, pinned=not remove), place)


def note(name: NameArgument, revision: RevisionArgument, text: str, /, *, place: Place = HERE) -> int:
    """Write a note on a revision, in place of the one it has.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        text: The note; "" takes it away.
        place: Which runtime.
    """
    return carry_out(Annotate(component_name(name), revision, text), place)


def mark_stable(name: NameArgument, revision: RevisionArgument, /, *, remove: bool = False, place: Place = HERE) -> int:
    """Say that a revision is stable, so that a rollback goes back to it.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        remove: Say that it is not.
        place: Which runtime.
    """
    return carry_out(MarkStable(component_name(name), revision, stable=not remove), place)


def release(name: NameArgument, revision: RevisionArgument, /, *, place: Place = HERE) -> int:
    """Lift the quarantine of a revision: it may be deployed and rolled back to again.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        place: Which runtime.
    """
    return carry_out(LiftQuarantine(component_name(name), revision), place)


def undo(*, place: Place = HERE) -> int:
    """Undo the operator's last action that can be undone: a rollback, restored state, stop, start, pin, note or mark.

    Args:
        place: Which runtime.
    """
    return carry_out(Undo(), place)
