"""Which addresses came from which names: an address is used by the right to the name that it was found by.

A component that may reach ``api.example.com`` looks the name up and names the address afterwards. Nothing is looked up
again then, and no other address of the name is used: what was found is what is decided about and connected to.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from airssys_tui.core.pattern.hosts import Address

MOST_ADDRESSES: Final = 256
"""Addresses that are kept for one instance; the ones found longest ago are forgotten first."""

MOST_NAMES: Final = 8
"""Names that are kept for one address; the one that found it longest ago is forgotten first."""


class LookedUp:
    """The names that one instance looked up, by the addresses that were found. Used on the thread of the call.

    Args:
        most: How many addresses are kept.
    """

    def __init__(self, most: int = MOST_ADDRESSES) -> None:
        self._most = most
        self._names: OrderedDict[Address, tuple[str, ...]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many addresses are kept."""
        return len(self._names)

    def keep(self, name: str, addresses: Sequence[Address]) -> None:
        """Note that a name led to some addresses."""
        for address in addresses:
            others = [other for other in self._names.pop(address, ()) if other != name]
            self._names[address] = (name, *others[: MOST_NAMES - 1])
        while len(self._names) > self._most:
            self._names.popitem(last=False)

    def names(self, address: Address) -> tuple[str, ...]:
        """Return the names that led to an address, the latest first; none if it was never found."""
        return self._names.get(address, ())
