"""Interfaces that the WIT packages define and this host does not offer."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.interface import unversioned

CLOSED: Final[dict[str, str]] = {
    "airssys:core-host/messaging": "messages between components",
    "airssys:core-host/requests": "requests between components",
    "airssys:core-host/pubsub": "topics between components",
}
"""The access that each such interface would give, by prefix of the interface's name."""


def closed_door(name: str) -> str | None:
    """Return the access that an import would give if this host does not offer its interface; otherwise None."""
    interface = unversioned(name.partition("#")[0])
    return next((behind for door, behind in CLOSED.items() if interface.startswith(door)), None)
