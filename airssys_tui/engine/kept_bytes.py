"""What the host keeps for one instance in the values that the guest has handles of: counted, and bounded together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from airssys_tui.core.errors import HostFault
from airssys_tui.core.units import MIB

MOST_KEPT: Final = 16 * MIB
"""Bytes that are kept for one instance, such as header fields and bodies that nobody has taken yet."""


class Holder(Protocol):
    """Keeps data for a guest."""

    @property
    def kept(self) -> int:
        """Bytes that it keeps now, or may keep without being asked again."""
        ...


class HandleLimit(HostFault):
    """The guest holds as many of the host's values as it may; carries which limit, and what it asked for."""

    title = "too many handles"


class KeptBytes:
    """Bounds what is kept for one instance.

    What is added is summed up, and what is dropped is not: only when the sum passes the limit is everything counted.
    So nothing has to tell that it goes, and adding is cheap as long as little is kept.
    """

    __slots__ = ("_sum",)

    def __init__(self) -> None:
        self._sum = 0

    def keep(self, count: int, holders: Callable[[], Iterable[Holder]]) -> int:
        """Check that more may be kept, before it is.

        Args:
            count: Bytes.
            holders: Returns all that keeps data now.

        Returns:
            How many of them had to be looked at.

        Raises:
            HandleLimit: If all together would keep more than :data:`MOST_KEPT`.
        """
        self._sum += count
        if self._sum <= MOST_KEPT:
            return 0
        kept, looked = kept_by(holders())
        if kept + count > MOST_KEPT:
            self._sum = kept
            raise HandleLimit(f"no room for {count} bytes: the host keeps {kept} for handles, at most {MOST_KEPT}")
        self._sum = kept + count
        return looked


def kept_by(holders: Iterable[Holder]) -> tuple[int, int]:
    """Return the bytes that these keep, and how many they are; one that is there twice counts once."""
    different = {id(holder): holder for holder in holders}
    return sum(holder.kept for holder in different.values()), len(different)
