"""Collection: what no rule of retention keeps is taken away, in small steps between everything else."""

from __future__ import annotations

from airssys_tui.api.disk import Collected
from airssys_tui.runtime.floor import Floor


class Retention:
    """Takes away what is not kept.

    Args:
        floor: The machinery.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    async def collect(self, *, dry: bool) -> Collected:
        """Take away what no retention rule keeps, or say what that would be."""
        return Collected(dry=dry)
