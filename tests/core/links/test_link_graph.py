"""Circles and chains of links."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.links.link_graph import link_circle, longest_chain

NODES = "abcdefgh"
GRAPHS = st.dictionaries(st.sampled_from(NODES), st.frozensets(st.sampled_from(NODES), max_size=3), max_size=8)


Graph = Mapping[str, frozenset[str]]


def ahead(links: Graph) -> Callable[[str], frozenset[str]]:
    return lambda name: links.get(name, frozenset())


def chain(consumer: str, providers: str | frozenset[str], links: Graph) -> tuple[str, ...]:
    def behind(name: str) -> set[str]:
        return {each for each, others in links.items() if name in others}

    return longest_chain(consumer, providers, ahead(links), behind)


def test_a_circle_is_named_from_the_candidate_on() -> None:
    links = {"b": frozenset("c"), "c": frozenset("a")}
    assert link_circle("a", "b", ahead(links)) == ("a", "b", "c", "a")
    assert link_circle("a", "a", ahead({})) == ("a", "a")
    assert link_circle("d", "b", ahead(links)) == ()


def test_the_longest_chain_goes_through_the_candidate() -> None:
    links = {"a": frozenset("b"), "c": frozenset("de"), "e": frozenset("f"), "x": frozenset("y")}
    assert chain("b", "c", links) == ("a", "b", "c", "e", "f")
    assert chain("z", "f", links) == ("z", "f")


def test_only_what_is_reached_is_asked() -> None:
    links = {"a": frozenset("b"), "b": frozenset("c"), "x": frozenset("y")}
    asked: set[str] = set()

    def told(name: str) -> frozenset[str]:
        asked.add(name)
        return links.get(name, frozenset())

    assert link_circle("a", "b", told) == ()
    assert longest_chain("a", "b", told, lambda _: ()) == ("a", "b", "c")
    assert asked == {"b", "c"}


def test_a_circle_elsewhere_ends() -> None:
    links = {"b": frozenset("c"), "c": frozenset("b")}
    assert link_circle("a", "b", ahead(links)) == ()
    assert chain("a", "b", links) == ("a", "b", "c", "b")


@given(links=GRAPHS, providers=st.frozensets(st.sampled_from(NODES), min_size=1, max_size=3))
def test_a_circle_is_one_and_without_it_the_chain_is_simple(
    links: dict[str, frozenset[str]], providers: frozenset[str]
) -> None:
    graph = {**links, "a": providers}
    circle = link_circle("a", providers, ahead(links))
    if circle:
        assert circle[0] == circle[-1] == "a"
        assert all(there in graph[here] for here, there in itertools.pairwise(circle))
    if any(link_circle(name, others, ahead(graph)) for name, others in graph.items()):
        return
    found = chain("a", providers, links)
    assert "a" in found
    assert len(set(found)) == len(found)
    assert all(there in graph[here] for here, there in itertools.pairwise(found))
