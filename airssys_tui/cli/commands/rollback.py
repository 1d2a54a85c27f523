"""``rollback``: go back to an earlier revision."""

from __future__ import annotations

from airssys_tui.api.commands import Rollback
from airssys_tui.cli.reaching.named_revision import revision_number
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.orders import carry_out
from airssys_tui.core.revision import StatePolicy


def rollback(
    name: NameArgument,
    /,
    *,
    to: RevisionArgument | None = None,
    state: StatePolicy = StatePolicy.KEEP,
    force: bool = False,
    note: str = "",
    place: Place = HERE,
) -> int:
    """Roll back to an earlier revision.

    The version rolled back from is held: neither the watcher nor a restart deploys it until you reload.

    Args:
        name: The component, as `name` or `namespace/name`.
        to: The revision: 2, r2, a version (1.1.0), "stable" or "previous". Default: the previous stable one, else the
            previous one.
        state: State to go on with: the current one, the one saved with that revision, or a fresh one.
        force: Allow a failed or quarantined revision.
        note: The reason, for the history.
        place: Which runtime.
    """
    name = component_name(name)
    number = None if to is None else revision_number(name, to, place)
    return carry_out(Rollback(name, to=number, state=state, force=force, note=note), place)
