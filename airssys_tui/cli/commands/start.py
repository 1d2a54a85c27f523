"""``start``, ``stop``, ``restart`` and ``reload``.

Without a runtime, a start or stop is written into the catalog. A restart has to be tried on a running component: the
command runs the folder for a moment, without watching it.
"""

from __future__ import annotations

from airssys_tui.api.commands import Reload, Restart, Start, Stop
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.orders import carry_out
from airssys_tui.cli.reaching.reach import Without


def start(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Start a component.

    While no runtime runs, this is recorded and takes effect at its next start.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    return carry_out(Start(component_name(name)), place, Without.RECORD)


def stop(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Stop a component.

    While no runtime runs, this is recorded and takes effect at its next start.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    return carry_out(Stop(component_name(name)), place, Without.RECORD)


def restart(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Restart a component: a fresh instance of the same revision, with its state.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    return carry_out(Restart(component_name(name)), place)


def reload(name: NameArgument, /, *, force: bool = False, place: Place = HERE) -> int:
    """Deploy the files that are in the folder now; this lifts holds and forgets refusals.

    Args:
        name: The component, as `name` or `namespace/name`.
        force: Accept a breaking change of the exports.
        place: Which runtime.
    """
    return carry_out(Reload(component_name(name), force=force), place)
