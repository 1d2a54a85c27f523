"""Where metrics are served, and who may ask: other machines only where that was allowed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from airssys_tui.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Address:
    """The address to listen on, and whether other machines may connect."""

    host: str
    port: int
    public: bool = False


def read_address(text: str, *, public: bool = False) -> Address:
    """Read ``127.0.0.1:9464``, ``[::1]:9464``, ``localhost:9464`` or a port alone, which means this machine.

    Args:
        text: The address as written.
        public: Whether other machines may connect.

    Raises:
        UsageError: The text is not an address, or other machines can reach it and ``public`` is false.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isdecimal() or int(port) > 65_535:
        raise UsageError(
            f"{text!r} is not a valid address", remedy="write it as 127.0.0.1:9464; port 0 picks a free one"
        )
    if not public and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached from other machines, and metrics name every component",
            remedy=f"listen on 127.0.0.1:{port}, or add --metrics-public to allow it",
        )
    return Address(host, int(port), public)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str:
    """Return the host of a ``Host`` header, without its port."""
    return header.partition("]")[0].removeprefix("[") if header.startswith("[") else header.partition(":")[0]
