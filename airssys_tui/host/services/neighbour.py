"""The public view of one component, for all others."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from airssys_tui.core.identity import ComponentId
from airssys_tui.core.lifecycle import Health, State

MAX_INTERFACES: Final = 64


class Neighbour(msgspec.Struct, frozen=True):
    """What every component may know about another.

    Attributes:
        id: Its identity.
        version: Its version as a WIT record, or None.
        state: Its lifecycle state.
        health: Its health.
        interfaces: Names of its exported interfaces, at most :data:`MAX_INTERFACES`.
    """

    id: ComponentId
    version: dict[str, Any] | None
    state: State
    health: Health
    interfaces: tuple[str, ...]
