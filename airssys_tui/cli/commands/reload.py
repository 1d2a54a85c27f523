"""``reload``: deploy the files that are in the folder now."""

from __future__ import annotations

from airssys_tui.api.commands import Reload
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.orders import carry_out


def reload(name: NameArgument, /, *, force: bool = False, place: Place = HERE) -> int:
    """Deploy the files that are in the folder now; this lifts holds and forgets refusals.

    Args:
        name: The component, as `name` or `namespace/name`.
        force: Accept a breaking change of the exports.
        place: Which runtime.
    """
    return carry_out(Reload(component_name(name), force=force), place)
