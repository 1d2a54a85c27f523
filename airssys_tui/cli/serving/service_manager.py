"""Tell the service manager about this process: the protocol of sd_notify(3), which systemd and others speak.

The manager names a datagram socket in the environment. One datagram holds variables, one ``NAME=value`` a line:

* ``READY=1``: what was there at the start is running; ``EXTEND_TIMEOUT_USEC`` asks for more time until then;
* ``STATUS``: one line for people, which ``systemctl status`` shows;
* ``WATCHDOG=1``: the process is alive; without it for ``WATCHDOG_USEC`` the manager kills the process;
* ``STOPPING=1``: the process has begun to end.

Without a socket in the environment, nothing is sent. The variables are taken out of the environment, so that no child
process speaks for this one.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import MutableMapping
from typing import Final

from airssys_tui.core.text import one_line

SOCKET: Final = "NOTIFY_SOCKET"
INTERVAL: Final = "WATCHDOG_USEC"
WATCHED: Final = "WATCHDOG_PID"

PATIENCE: Final = 1.0
"""Seconds that a datagram waits for room in the manager's queue."""

STATUS: Final = 300
"""Characters of a status at most."""


class ServiceManager:
    """The manager that started this process.

    Attributes:
        watchdog: Seconds within which the manager wants to hear that the process is alive; None if it does not.
        unsent: Datagrams that could not be sent.

    Args:
        address: The path of the socket; ``@`` in front of it means one of the abstract namespace.
        watchdog: See above.
    """

    def __init__(self, address: str, watchdog: float | None = None) -> None:
        self.watchdog = watchdog
        self.unsent = 0
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def tell(self, **variables: str | int) -> bool:
        """Send variables as one datagram; return whether it was sent.

        A manager that has gone away, or does not read, is no reason to end: the loss is counted.
        """
        lines = [f"{name}={one_line(str(value), STATUS)}" for name, value in variables.items()]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(PATIENCE)
                channel.sendto("\n".join(lines).encode(errors="replace"), self._address)
        except OSError:
            self.unsent += 1
            return False
        return True


def service_manager(environment: MutableMapping[str, str] | None = None) -> ServiceManager | None:
    """Return the manager that the environment names, and remove its variables; None if it names none.

    Args:
        environment: The environment; if None, that of this process.
    """
    found = os.environ if environment is None else environment
    address, interval, watched = (found.pop(name, "") for name in (SOCKET, INTERVAL, WATCHED))
    if not address.startswith(("/", "@")):  # of other families only containers of whole machines know
        return None
    watchdog = None
    if watched in {"", str(os.getpid())}:
        with contextlib.suppress(ValueError):
            watchdog = int(interval) / 1_000_000
    return ServiceManager(address, watchdog if watchdog and watchdog > 0 else None)
