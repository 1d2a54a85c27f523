"""Needs of components: requirements, conflicts, circles, order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.manifest.dependencies import (
    Graph,
    Node,
    circle,
    conflicts,
    is_requirement,
    satisfies,
    start_order,
    unmet,
)
from airssys_tui.core.manifest.structure import Dependency


def node(name, version="1.0.0", **needs):
    return Node(name, version, tuple(Dependency(other, requirement) for other, requirement in needs.items()))


def by_name(*nodes):
    return Graph(nodes)


@pytest.mark.parametrize(
    ("requirement", "yes", "no"),
    [
        ("^1.0", "1.9.9", "2.0.0"),
        ("^0.2", "0.2.9", "0.3.0"),
        ("~1.2", "1.2.9", "1.3.0"),
        (">=1.2, <2", "1.2.0", "2.0.0"),
        (">= 1.2 , < 2", "1.5.0", "1.1.9"),
        ("1.*", "1.0.0", "2.0.0"),
        ("=1.2.3", "1.2.3", "1.2.4"),
        ("1.2.3", "1.2.3", "1.2.2"),
        ("^1.0", "1.0.0", "1.0.0-rc.1"),
    ],
)
def test_requirements(requirement, yes, no):
    assert is_requirement(requirement)
    assert satisfies(yes, requirement)
    assert not satisfies(no, requirement)


def test_no_version_satisfies_anything_only():
    assert satisfies(None, "*")
    assert not satisfies(None, "^1.0")


@pytest.mark.parametrize("text", ["", "one", "^", ">=1 <2 nonsense", "^1.0.0.0"])
def test_what_is_no_requirement(text):
    assert not is_requirement(text)


def test_a_need_that_is_not_here_and_one_of_another_version():
    web = node("web", counter="^2.0", greeter="^1.0")
    found = unmet(web, by_name(node("counter", "1.1.0")))
    assert found == (
        "web needs counter ^2.0; its version is 1.1.0",
        "web needs greeter ^1.0, which is not installed",
    )


def test_a_candidate_that_leaves_another_without_its_need():
    others = by_name(node("counter", "1.0.0"), node("web", counter="^1.0"))
    assert conflicts(node("counter", "2.0.0"), others) == ("web needs counter ^1.0; this is 2.0.0",)
    assert conflicts(node("counter", "1.5.0"), others) == ()


def test_a_need_that_was_not_met_before_is_no_conflict_of_the_candidate():
    others = by_name(node("counter", "3.0.0"), node("web", counter="^1.0"))
    assert conflicts(node("counter", "2.0.0"), others) == ()


def test_a_circle_is_named_once_around():
    others = by_name(node("a", b="*"), node("b", c="*"))
    found = circle(node("c", a="*"), others)
    assert found[0] == found[-1]
    assert set(found) == {"a", "b", "c"}
    assert circle(node("c"), others) == ()


def test_a_circle_of_others_is_not_the_candidates():
    others = by_name(node("a", b="*"), node("b", a="*"))
    assert circle(node("c", a="*"), others) == ()


def test_a_component_that_needs_itself():
    assert circle(node("a", a="*"), Graph()) == ("a", "a")


def test_namespaces_count():
    assert unmet(Node("web", "1.0.0", (Dependency("other/db", "*"),)), by_name(node("db"))) == (
        "web needs other/db *, which is not installed",
    )


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.sets(st.sampled_from("abcdefgh")), max_size=8))
def test_order_puts_needs_first_and_loses_nobody(graph):
    nodes = [node(name, **dict.fromkeys(needs, "*")) for name, needs in graph.items()]
    order = start_order(nodes)
    assert sorted(order) == sorted(graph)
    in_circles = {each.name for each in nodes if circle(each, by_name(*nodes))}
    for each in nodes:
        for need in graph[each.name] & graph.keys():
            if not in_circles:
                assert order.index(need) < order.index(each.name)
