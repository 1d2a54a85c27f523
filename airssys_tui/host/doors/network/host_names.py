"""The one spelling of a host, as the guard, the resolver and a server are told it."""

from __future__ import annotations

from airssys_tui.core.pattern.hosts import host_of
from airssys_tui.host.doors.network.network_errors import NetworkRefusal


def host_name(text: str) -> str:
    """Return the one spelling of a host that a component wrote.

    Raises:
        NetworkRefusal: ``invalid-input`` for whatever could be read in two ways.
    """
    try:
        return host_of(text)
    except ValueError as error:
        raise NetworkRefusal("invalid-input", str(error)) from error
