"""The graph of links: no circles, and no chain that is too long. Pure rules.

A chain of links runs on one native stack where it can, and each member of it holds the call of the one before. So a
circle would wait for itself, and a chain has at most :data:`MOST_DEPTH` links.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

MOST_DEPTH: Final = 8
"""Links of a chain at most: from the first consumer to the last provider."""

Links = Mapping[str, frozenset[str]]
"""The providers of each consumer, by name."""


def link_circle(consumer: str, providers: Iterable[str], links: Links) -> tuple[str, ...]:
    """Return the circle that a consumer with these providers would close, from it and back to it; empty without one."""
    trails: list[tuple[str, tuple[str, ...]]] = [(name, (consumer, name)) for name in sorted(providers)]
    seen: set[str] = set()
    while trails:
        name, trail = trails.pop()
        if name == consumer:
            return trail
        if name not in seen:
            seen.add(name)
            trails += [(other, (*trail, other)) for other in sorted(links.get(name, ()))]
    return ()


def longest_chain(consumer: str, providers: Iterable[str], links: Links) -> tuple[str, ...]:
    """Return the longest chain of names through a consumer with these providers. There must be no circle."""
    graph = {**links, consumer: frozenset(providers)}
    behind: dict[str, set[str]] = {}
    for name, others in graph.items():
        for other in others:
            behind.setdefault(other, set()).add(name)
    ahead = _longest(consumer, {name: set(others) for name, others in graph.items()}, {})
    before = _longest(consumer, behind, {})
    return (*reversed(before[1:]), *ahead)


def _longest(name: str, steps: Mapping[str, set[str]], known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    found = known.get(name)
    if found is None:
        rest = [_longest(other, steps, known) for other in sorted(steps.get(name, ()))]
        found = known[name] = (name, *max(rest, key=len, default=()))
    return found
