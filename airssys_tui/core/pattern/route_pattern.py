"""Routes: which requests a component answers, by the host that the client names and by the path.

A path is exact, such as ``/health``, or ends in ``/*`` and covers what comes before that and everything below:
``/api/*`` covers ``/api``, ``/api/`` and ``/api/a/b``, and not ``/apis``. ``/*`` covers every path. A host is a name,
an address, or ``*.example.com`` for all names below that; without a host a route is for any.
"""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.core.pattern.hosts import host_pattern_of
from airssys_tui.core.pattern.request_path import request_path_of

MOST_ROUTE: Final = 512
"""Characters of the path of a route."""

EVERYTHING_BELOW: Final = "/*"


class Route(msgspec.Struct, frozen=True, order=True):
    """One host and one path, each perhaps a pattern.

    Attributes:
        path: The path, in the one spelling; it ends in ``/*`` if it covers everything below.
        host: The host, as :func:`~airssys_tui.core.pattern.hosts.host_pattern_of` returns it; empty for any.
    """

    path: str
    host: str = ""

    def __str__(self) -> str:
        """Return host and path as one text, such as ``api.example.com/v1/*``."""
        return f"{self.host}{self.path}"


def route_path_of(text: str) -> str:
    """Return the one spelling of the path of a route.

    Raises:
        ValueError: With what was expected.
    """
    if not text.startswith("/") or len(text) > MOST_ROUTE:
        raise ValueError(f"expected a path such as /api/*, which starts with / and has at most {MOST_ROUTE} characters")
    covers_below = text.endswith(EVERYTHING_BELOW)
    before = text.removesuffix(EVERYTHING_BELOW) if covers_below else text
    if "*" in before:
        raise ValueError("a * stands alone at the end of a path: /api/* covers /api and everything below")
    if "?" in before or "#" in before:
        raise ValueError("a route has a path only, no query")
    if "//" in text:
        raise ValueError("a route has no empty segments")
    try:
        path = request_path_of(before.encode()) if before else ""
    except ValueError as error:
        raise ValueError(f"{error}; encode other characters, such as a space as %20") from error
    return path + (EVERYTHING_BELOW if covers_below else "")


def route_host_of(text: str) -> str:
    """Return the one spelling of the host of a route.

    Raises:
        ValueError: With what was expected.
    """
    return host_pattern_of(text)


def routes_of(paths: tuple[str, ...], hosts: tuple[str, ...]) -> tuple[Route, ...]:
    """Return every path at every host; at any host if there are none."""
    return tuple(Route(path, host) for path in paths for host in hosts or ("",))
