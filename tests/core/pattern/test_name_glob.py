"""Globs over components and programs, and topics."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.pattern.name_glob import (
    check_command_glob,
    check_component_glob,
    check_topic,
    check_variable,
    command_contains,
    command_matches,
    component_contains,
    component_matches,
    topic_contains,
)

words = st.sampled_from(["a", "b", "*"])
topics = st.builds(
    lambda parts, rest: ".".join([*parts, *rest]) or "a", st.lists(words, max_size=4), st.sampled_from([[], ["#"]])
)
concrete = st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=5).map(".".join)


@pytest.mark.parametrize(
    ("pattern", "component", "matched"),
    [
        ("counter", "counter", True),
        ("counter", "local/counter", True),
        ("local/counter", "counter", True),
        ("counter", "shop/counter", False),
        ("*", "counter", True),
        ("*", "shop/cart", False),
        ("*/*", "shop/cart", True),
        ("shop/*", "shop/cart", True),
        ("shop/*", "shopping/cart", False),
        ("c{art,ount}r", "counter", False),
        ("c{art,ount}er", "counter", True),
    ],
)
def test_components(pattern: str, component: str, *, matched: bool) -> None:
    check_component_glob(pattern)
    assert component_matches(pattern, component) is matched


@pytest.mark.parametrize(
    ("pattern", "program", "names", "matched"),
    [
        ("git", "/usr/bin/git", ("git",), True),
        ("git", "/usr/libexec/git-2.40", ("git", "git-2.40"), True),
        ("git", "git", (), True),
        ("git", "/tmp/git", (), False),
        ("git", "/usr/bin/git-shell", ("git-shell",), False),
        ("git*", "/usr/bin/git-shell", ("git-shell",), True),
        ("git", "./git", (), False),
        ("git", "", (), False),
        ("git", "/tmp/x", ("../git",), False),
        ("/opt/tools/*", "/opt/tools/run", (), True),
        ("/opt/tools/*", "/opt/tools/../../bin/sh", (), False),
        ("/opt/tools/*", "run", (), False),
        ("/opt/tools/*", "/home/run", ("/opt/tools/run",), False),
        ("*", "/usr/bin/env", ("env",), True),
        ("*", "/home/me/env", (), False),
    ],
)
def test_programs(pattern: str, program: str, names: tuple[str, ...], *, matched: bool) -> None:
    check_command_glob(pattern)
    assert command_matches(pattern, program, names) is matched


@pytest.mark.parametrize(
    ("wider", "narrower", "contained"),
    [
        ("git*", "git", True),
        ("git", "/usr/bin/git", False),
        ("*", "/usr/bin/git", False),
        ("/usr/bin/*", "git", False),
        ("/usr/bin/*", "/usr/bin/git", True),
    ],
)
def test_a_program_by_name_and_one_by_path_are_two_things(wider: str, narrower: str, *, contained: bool) -> None:
    assert command_contains(wider, narrower) is contained


def test_a_glob_over_components_contains_another_one() -> None:
    assert component_contains("*/*", "shop/c*")
    assert component_contains("*", "counter")
    assert not component_contains("*", "shop/c*")


@given(topics, topics, concrete)
def test_a_topic_that_contains_another_one_stands_for_all_of_it(wider: str, narrower: str, topic: str) -> None:
    if topic_contains(wider, narrower) and topic_contains(narrower, topic):
        assert topic_contains(wider, topic)


@given(topics, concrete)
def test_topics_by_the_definition(pattern: str, topic: str) -> None:
    def slowly(wide: list[str], found: list[str]) -> bool:
        if not wide:
            return not found
        if wide[0] == "#":
            return True
        return bool(found) and wide[0] in {"*", found[0]} and slowly(wide[1:], found[1:])

    assert topic_contains(pattern, topic) == slowly(pattern.split("."), topic.split("."))


@pytest.mark.parametrize("text", ["", "a b", "**", "a/**", "a/b/c", "A", "a" * 257])
def test_what_is_no_glob_over_components(text: str) -> None:
    with pytest.raises(ValueError, match=r"component|bytes"):
        check_component_glob(text)


@pytest.mark.parametrize("text", ["git status", "**", "bin/git", "../git", "/usr/../git", "a" * 257, "git\0"])
def test_what_is_no_glob_over_programs(text: str) -> None:
    with pytest.raises(ValueError, match=r"program|absolute|segment|bytes|cannot"):
        check_command_glob(text)


@pytest.mark.parametrize("text", ["", "a..b", "#.a", "a.#.b", "a.b*", "a" * 257])
def test_what_is_no_topic(text: str) -> None:
    with pytest.raises(ValueError, match=r"topic|bytes"):
        check_topic(text)


@pytest.mark.parametrize("text", ["", "1A", "A=B", "A*", "A" * 257])
def test_what_is_no_variable(text: str) -> None:
    with pytest.raises(ValueError, match=r"variable|bytes"):
        check_variable(text)
