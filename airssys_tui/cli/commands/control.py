"""``start``, ``stop``, ``restart``, ``reload`` and ``rollback``.

A runtime that runs carries them out. While none does, what an operator wants is written into the catalog and takes
effect at the next start, and what has to be tried on a living component is done at once: the command becomes the owner
for a moment, on a runtime that watches nothing.
"""

from __future__ import annotations

from airssys_tui.api.commands import Reload, Restart, Rollback, Start, Stop
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, RevisionArgument, component_name
from airssys_tui.cli.reaching.orders import carry_out
from airssys_tui.cli.reaching.reach import Without
from airssys_tui.core.revision import StatePolicy


def start(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Start a component; while nothing runs, want it running from the next start of the runtime on.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    return carry_out(Start(component_name(name)), place, Without.RECORD)


def stop(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Stop a component; while nothing runs, want it stopped from the next start of the runtime on.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    return carry_out(Stop(component_name(name)), place, Without.RECORD)


def restart(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Replace a component's instance by a fresh one of the same revision; its state goes along.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    return carry_out(Restart(component_name(name)), place)


def reload(name: NameArgument, /, *, force: bool = False, place: Place = HERE) -> int:
    """Deploy what is on disk now, lifting holds and remembered refusals.

    Args:
        name: The component, as `name` or `namespace/name`.
        force: Accept a breaking change of its exports.
        place: Which runtime.
    """
    return carry_out(Reload(component_name(name), force=force), place)


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
    """Go back to an earlier revision; what is rolled back from is held and not deployed again by itself.

    Args:
        name: The component, as `name` or `namespace/name`.
        to: Number of the revision; without it, the previous stable one.
        state: What happens to its state: keep it, restore the one saved with that revision, or start fresh.
        force: Also to a quarantined or failed revision.
        note: Why, for the history.
        place: Which runtime.
    """
    return carry_out(Rollback(component_name(name), to=to, state=state, force=force, note=note), place)
