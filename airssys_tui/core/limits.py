"""What a component may use: limits with units, defaults and hard bounds."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.core.units import GIB, KIB, MIB

UNLIMITED_FUEL: Final = 2**63 - 1
"""Fuel budget of a component that asked for ``unlimited`` in so many words."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Resource limits of one component instance.

    Attributes:
        memory: Bytes over all linear memories of the instance together.
        table_elements: Elements in each table.
        fuel_per_call: Fuel units for one call; it is set anew before every call.
        deadline: Seconds of wall time for one call.
        storage: Bytes of key-value storage.
        mailbox: Calls that may wait.
        message_size: Bytes of one message.
        messages_per_second: Messages per second and sender.
        replicas: Instances of the component.
    """

    memory: int = 64 * MIB
    table_elements: int = 100_000
    fuel_per_call: int = 100_000_000
    deadline: float = 1.0
    storage: int = 10 * MIB
    mailbox: int = 1_000
    message_size: int = MIB
    messages_per_second: int = 1_000
    replicas: int = 1

    @property
    def fuel_unlimited(self) -> bool:
        """Whether a call may use as much fuel as it likes."""
        return self.fuel_per_call >= UNLIMITED_FUEL


class Bound(msgspec.Struct, frozen=True):
    """The least and the most that a manifest may ask for, both included."""

    least: float
    most: float


BOUNDS: Final[dict[str, Bound]] = {
    "memory": Bound(64 * KIB, 4 * GIB),
    "table_elements": Bound(0, 10_000_000),
    "fuel_per_call": Bound(1_000, 10_000_000_000_000),
    "deadline": Bound(0.020, 3600.0),
    "storage": Bound(0, 64 * GIB),
    "mailbox": Bound(1, 1_000_000),
    "message_size": Bound(1, 2 * MIB),
    "messages_per_second": Bound(1, 1_000_000),
    "replicas": Bound(1, 1_000),
}
"""Hard bounds per limit. A manifest past one is refused, never clamped in silence."""
