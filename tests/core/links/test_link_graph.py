"""Circles and chains of links."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.links.link_graph import link_circle, longest_chain

NODES = "abcdefgh"
GRAPHS = st.dictionaries(st.sampled_from(NODES), st.frozensets(st.sampled_from(NODES), max_size=3), max_size=8)


def test_a_circle_is_named_from_the_candidate_on() -> None:
    links = {"b": frozenset("c"), "c": frozenset("a")}
    assert link_circle("a", ["b"], links) == ("a", "b", "c", "a")
    assert link_circle("a", ["a"], {}) == ("a", "a")
    assert link_circle("d", ["b"], links) == ()


def test_the_longest_chain_goes_through_the_candidate() -> None:
    links = {"a": frozenset("b"), "c": frozenset("de"), "e": frozenset("f"), "x": frozenset("y")}
    assert longest_chain("b", ["c"], links) == ("a", "b", "c", "e", "f")
    assert longest_chain("z", ["f"], links) == ("z", "f")


@given(links=GRAPHS, providers=st.frozensets(st.sampled_from(NODES), min_size=1, max_size=3))
def test_a_circle_is_one_and_without_it_the_chain_is_simple(
    links: dict[str, frozenset[str]], providers: frozenset[str]
) -> None:
    graph = {**links, "a": providers}
    circle = link_circle("a", providers, links)
    if circle:
        assert circle[0] == circle[-1] == "a"
        assert all(there in graph[here] for here, there in itertools.pairwise(circle))
    if any(link_circle(name, others, graph) for name, others in graph.items()):
        return
    chain = longest_chain("a", providers, links)
    assert "a" in chain
    assert len(set(chain)) == len(chain)
    assert all(there in graph[here] for here, there in itertools.pairwise(chain))
