"""Which component answers a request: the most specific host decides, and then the longest path.

A host that is named goes before ``*.example.com``, the longer of two such names before the shorter, and any host comes
last. Where no route at one host fits, the next one is looked at. At one host an exact path goes before a pattern, and a
longer pattern before a shorter one.

A table never changes. It is made anew from the claims of all components, in the order of their precedence: of two
components that claim the same route, the first one has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from airssys_tui.core.pattern.route_pattern import EVERYTHING_BELOW, Route


class Claim(msgspec.Struct, frozen=True):
    """What one component wants to answer.

    Attributes:
        owner: The component.
        routes: Its routes.
    """

    owner: str
    routes: tuple[Route, ...]


class Taken(msgspec.Struct, frozen=True):
    """A route that a component claims and another one has.

    Attributes:
        route: The route.
        by: The component that has it.
    """

    route: Route
    by: str


class Found(msgspec.Struct, frozen=True):
    """Who answers a request, and by which route."""

    owner: str
    route: Route


class _Paths:
    """The routes at one host."""

    __slots__ = ("_deepest", "_exact", "_prefixes")

    def __init__(self) -> None:
        self._exact: dict[str, Found] = {}
        self._prefixes: dict[str, Found] = {}
        self._deepest = 0

    def claim(self, owner: str, route: Route) -> Found:
        """Give a route to a component unless another one has it; return who has it."""
        if not route.path.endswith(EVERYTHING_BELOW):
            return self._exact.setdefault(route.path, Found(owner, route))
        before = route.path.removesuffix(EVERYTHING_BELOW)
        self._deepest = max(self._deepest, before.count("/"))
        return self._prefixes.setdefault(before, Found(owner, route))

    def find(self, path: str) -> Found | None:
        exact = self._exact.get(path)
        if exact is not None:
            return exact
        return next((self._prefixes[before] for before in self._befores(path) if before in self._prefixes), None)

    def _befores(self, path: str) -> Iterator[str]:
        """Yield what may come before ``/*``, the longest first; no more than there are segments in any route."""
        segments = path.split("/", self._deepest + 1)
        for count in range(min(len(segments), self._deepest + 1), 0, -1):
            yield "/".join(segments[:count])


_ANY: Final = ""


class RouteTable:
    """The routes of all components. Immutable, so any thread may read it.

    Args:
        claims: What each component claims, in the order of precedence.

    Attributes:
        taken: The routes that a component does not have because another one does, by component.
    """

    def __init__(self, claims: Iterable[Claim] = ()) -> None:
        self._hosts: dict[str, _Paths] = {}
        taken: dict[str, tuple[Taken, ...]] = {}
        for claim in claims:
            for route in dict.fromkeys(claim.routes):
                has = self._hosts.setdefault(route.host, _Paths()).claim(claim.owner, route)
                if has.owner != claim.owner:
                    taken[claim.owner] = (*taken.get(claim.owner, ()), Taken(route, has.owner))
        self.taken: Mapping[str, tuple[Taken, ...]] = taken
        self._named = any(host != _ANY for host in self._hosts)

    def find(self, host: str, path: str) -> Found | None:
        """Return who answers a request, or None if nobody does.

        Args:
            host: As :func:`~airssys_tui.core.pattern.hosts.host_of` returns it; empty if the client named none.
            path: As :func:`~airssys_tui.core.pattern.request_path.request_path_of` returns it.
        """
        for pattern in _patterns_of(host) if self._named and host else ():
            paths = self._hosts.get(pattern)
            if paths is not None and (found := paths.find(path)) is not None:
                return found
        paths = self._hosts.get(_ANY)
        return None if paths is None else paths.find(path)


def _patterns_of(host: str) -> Iterator[str]:
    """Yield the hosts of routes that cover a host, the most specific first."""
    if ":" in host:
        yield f"[{host}]"
        return
    yield host
    _, dot, below = host.partition(".")
    while dot:
        yield f"*.{below}"
        _, dot, below = below.partition(".")
