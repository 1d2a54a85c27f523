"""What there is to tell about the links of a component: who provides its imports and why, and who depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airssys_tui.api.views.impact import Effect, EffectKind
from airssys_tui.core.text import Verbatim, bounded, whole
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.linking.link_book import LinkBook
from airssys_tui.runtime.linking.link_edge import Edge

WIDTH: Final = 1_000
"""Longest sentence, in characters."""

NAMED: Final = 5
"""Components that are named when there are more."""


def link_sentences(book: LinkBook, router: Router, component: Component) -> tuple[Verbatim, ...]:
    """Tell which provider satisfies each import and why, what a component waits for, and who is linked to it."""
    return tuple(bounded(whole(text), WIDTH) for text in _sentences(book, router, component))


def _sentences(book: LinkBook, router: Router, component: Component) -> Iterator[str]:
    for edge in book.net.of(component.name).values():
        label = _label(router, edge)
        if edge.provider.accepts_calls:
            yield f"Its import {edge.wanted.name} is provided by {label}: {book.why(edge)}."
        else:
            yield f"Its import {edge.wanted.name} was provided by {label}, which does not run."
    waits = book.waits(component.name)
    if waits is not None:
        reason, remedy = waits
        yield f"It waits for its links: {reason}. To go on: {remedy}."
    consumers = sorted(book.net.consumers_of(component.name))
    if consumers:
        more = f" and {len(consumers) - NAMED} more" if len(consumers) > NAMED else ""
        one = len(consumers) == 1
        yield f"{', '.join(consumers[:NAMED])}{more} {'is' if one else 'are'} linked to it."


def _label(router: Router, edge: Edge) -> str:
    name = edge.provider.component
    component = router.named(name)
    if component is None or component.active is None:
        return name
    version = f" ({component.version})" if component.version else ""
    return f"{name} r{component.active.revision}{version}"


def link_effects(book: LinkBook, component: Component) -> Iterator[Effect]:
    """Yield what becomes of the components that depend on one over links when it stops, the nearest first."""
    depths = {component.name: 0}
    for each in book.net.dependants(component.name):
        depth = depths[each.name] = depths[each.via] + 1
        names = ", ".join(edge.wanted.name for edge in each.edges)
        calls = sum(edge.calls for edge in each.edges)
        direct = "its next call over the link fails, and then it waits for that component"
        what = direct if depth == 1 else f"its calls fail where they go on to {component.name}"
        text = (
            f"{each.name} is linked to {each.via} for {names} ({calls} call{'s' if calls != 1 else ''} so far): {what}"
        )
        yield Effect(kind=EffectKind.LINK, component=each.name, text=bounded(whole(text), WIDTH), depth=depth)
