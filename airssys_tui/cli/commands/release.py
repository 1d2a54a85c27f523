"""``release``: lift the quarantine of a revision."""

from __future__ import annotations

from airssys_tui.api.commands import LiftQuarantine
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.orders import carry_out


def release(name: NameArgument, revision: RevisionArgument, /, *, place: Place = HERE) -> int:
    """Lift the quarantine of a revision, so that it can be deployed and rolled back to again.

    Args:
        name: The component, as `name` or `namespace/name`.
        revision: Number of the revision.
        place: Which runtime.
    """
    return carry_out(LiftQuarantine(component_name(name), revision), place)
