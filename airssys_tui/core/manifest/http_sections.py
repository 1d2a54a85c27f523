"""``[http]``: in a manifest the requests that a component answers, in the folder's configuration where they come in.

::

    [http]                                # in Component.toml
    routes = ["/api/*", "/health"]
    hosts = ["api.example.com"]           # any host without it
    max_body = "10MiB"
    requests_per_instance = 1             # a fresh instance for each request; one for all of them without it

    [http]                                # in airssys.toml
    listen = "127.0.0.1:8080"             # or several
    queue_time = "10s"                    # how long a request waits for its component
    access_log = true
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from airssys_tui.core.limits import Bound
from airssys_tui.core.manifest.capabilities import MAX_PORT
from airssys_tui.core.manifest.scalars import ExpectationError, read_text, shown
from airssys_tui.core.manifest.structure import HttpService
from airssys_tui.core.manifest.table_reader import Table
from airssys_tui.core.pattern.hosts import AddressClass, address_class, address_of, host_of
from airssys_tui.core.pattern.route_pattern import route_host_of, route_path_of
from airssys_tui.core.units import GIB

MOST_ROUTES: Final = 64
"""Paths of one component."""

MOST_HOSTS: Final = 16
"""Hosts of one component."""

MOST_LISTENERS: Final = 8
"""Addresses at which one runtime takes requests."""

QUEUE_TIME: Final = 10.0
"""Seconds that a request waits for its component, unless the configuration says otherwise."""


class ListenAddress(msgspec.Struct, frozen=True, order=True):
    """An address of this machine at which requests are taken.

    Attributes:
        host: An address, without brackets.
        port: The port; 0 for any free one.
    """

    host: str
    port: int

    def __str__(self) -> str:
        """Return the text form, which :func:`listen_address_of` reads."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine reach it."""
        return address_class(self.host) is AddressClass.LOOPBACK


class HttpServing(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how a runtime takes requests for its components.

    Attributes:
        listen: The addresses; none for not at all.
        queue_time: Seconds that a request waits at most for a component that is busy, is replaced or restarts.
        access_log: Whether a line about each request goes to the component's log.
    """

    listen: tuple[ListenAddress, ...] = ()
    queue_time: float = QUEUE_TIME
    access_log: bool = True


def listen_address_of(text: str) -> ListenAddress:
    """Read an address with a port, such as ``127.0.0.1:8080``, ``[::1]:8080`` or ``localhost:8080``.

    Raises:
        ValueError: With what was expected.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdecimal() or len(port) > 5 or int(port) > MAX_PORT:
        raise ExpectationError(f"expected an address with a port, such as 127.0.0.1:8080, got {shown(text)}")
    host = "127.0.0.1" if host == "localhost" else host
    if ":" in host and not host.startswith("["):
        raise ExpectationError(f"write an IPv6 address in brackets, such as [::1]:8080, got {shown(text)}")
    found = address_of(host_of(host))
    if found is None:
        raise ExpectationError(f"expected an address of this machine and not a name, got {shown(text)}")
    return ListenAddress(str(found), int(port))


def read_http_service(table: Table) -> HttpService:
    """Read ``[http]`` of a manifest."""
    service = HttpService(
        routes=_patterns(table, "routes", route_path_of, MOST_ROUTES),
        hosts=_patterns(table, "hosts", route_host_of, MOST_HOSTS),
        max_body=table.size("max_body", HttpService().max_body, Bound(0, GIB)),
        requests_per_instance=table.integer("requests_per_instance", 0, Bound(1, 1_000_000)),
    )
    if service.hosts and not table.raw("routes"):
        table.problem("hosts", 'has no effect without routes, such as routes = ["/*"]')
    table.close()
    return service


def read_http_serving(table: Table) -> HttpServing:
    """Read ``[http]`` of a folder's configuration."""
    serving = HttpServing(
        listen=_listeners(table),
        queue_time=table.duration("queue_time", QUEUE_TIME, Bound(0.1, 300.0)),
        access_log=table.boolean("access_log", True),
    )
    table.close()
    return serving


def _patterns(table: Table, key: str, read: Callable[[str], str], most: int) -> tuple[str, ...]:
    found = table.items(key, lambda value: read(read_text(value)))
    if len(found) > most:
        table.problem(key, f"expected at most {most} {key}, got {len(found)}")
        return ()
    return tuple(sorted(set(found)))


def _listeners(table: Table) -> tuple[ListenAddress, ...]:
    def read(value: Any) -> ListenAddress:
        return listen_address_of(read_text(value))

    given = table.raw("listen")
    if isinstance(given, str):
        single: list[ListenAddress] = []
        table.attempt("listen", lambda: single.append(read(given)))
        return tuple(single)
    found = table.items("listen", read)
    if len(found) > MOST_LISTENERS:
        table.problem("listen", f"expected at most {MOST_LISTENERS} addresses, got {len(found)}")
        return ()
    return tuple(dict.fromkeys(found))
