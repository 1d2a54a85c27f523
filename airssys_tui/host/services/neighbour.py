"""One component as every other may see it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from airssys_tui.core.identity import ComponentId
from airssys_tui.core.lifecycle import Health, State

MAX_INTERFACES: Final = 64


class Neighbour(msgspec.Struct, frozen=True):
    """What any component may know of another.

    Attributes:
        id: Its identity.
        version: Its version as a WIT record; none when it has none.
        state: Where it stands.
        health: How it goes.
        interfaces: Names of the interfaces it exports, at most :data:`MAX_INTERFACES`.
    """

    id: ComponentId
    version: dict[str, Any] | None
    state: State
    health: Health
    interfaces: tuple[str, ...]
