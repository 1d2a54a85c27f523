"""``undo``: take back the operator's last action."""

from __future__ import annotations

from airssys_tui.api.commands import Undo
from airssys_tui.cli.reaching.options import HERE, Place
from airssys_tui.cli.reaching.orders import carry_out


def undo(*, place: Place = HERE) -> int:
    """Undo the operator's last action.

    It can be a rollback, a restored state, a stop, a start, a pin, a note, or a change of what is stable.

    Args:
        place: Which runtime.
    """
    return carry_out(Undo(), place)
