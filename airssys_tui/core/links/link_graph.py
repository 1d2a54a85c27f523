"""The graph of links: no circles, and no chain that is too long. Pure rules.

A chain of links runs on one native stack where it can, and each member of it holds the call of the one before. So a
circle would wait for itself, and a chain has at most :data:`MOST_DEPTH` links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

MOST_DEPTH: Final = 8
"""Links of a chain at most: from the first consumer to the last provider."""

Links = Callable[[str], Iterable[str]]
"""Returns the providers of a component, or its consumers, by name; asked only of components that are reached."""


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
            trails += [(other, (*trail, other)) for other in sorted(links(name))]
    return ()


def longest_chain(consumer: str, providers: Iterable[str], links: Links, consumers: Links) -> tuple[str, ...]:
    """Return the longest chain of names through a consumer with these providers, which close no circle.

    Args:
        consumer: The consumer.
        providers: Its providers.
        links: The providers of the others; those that the consumer has until now do not count.
        consumers: The same links the other way.
    """
    ahead = _longest(consumer, lambda name: providers if name == consumer else links(name), {})
    before = _longest(consumer, lambda name: {*consumers(name)} - {consumer}, {})
    return (*reversed(before[1:]), *ahead)


def _longest(name: str, steps: Links, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    found = known.get(name)
    if found is None:
        known[name] = (name,)  # ends a circle elsewhere, which two candidates at the same time may have closed
        rest = [_longest(other, steps, known) for other in sorted(steps(name))]
        found = known[name] = (name, *max(rest, key=len, default=()))
    return found
