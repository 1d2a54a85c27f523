"""Path globs: what they match, compared with a slow reference and a second implementation, and what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.pattern.glob import MAX_PATH, Glob, check_path_glob, glob, is_normal_path
from airssys_tui.core.pattern.glob_tokens import MAX_ALTERNATIVES, escaped

pieces = st.sampled_from(["a", "b", ".", "*", "?", "[ab]", "[!a]", "[a-c]", "{a,b}", "{ab,*}", "{a?,b}", "-", ","])
segments = st.lists(pieces, min_size=1, max_size=4).map("".join) | st.just("**")
names = st.text("abc.-,", min_size=1, max_size=4).filter(lambda name: name not in {".", ".."})
paths = st.lists(names, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


@st.composite
def patterns(draw: st.DrawFn) -> str:
    pattern = "/" + "/".join(draw(st.lists(segments, min_size=1, max_size=4)))
    try:
        glob(pattern)
    except ValueError:
        return "/" + re.sub(r"[^a-z/]", "x", pattern[1:])
    return pattern


def slowly(pattern: str, path: str) -> bool:
    """Match by the definition, trying everything; braces are written out first."""
    brace = re.search(r"\{([^}]*)\}", pattern)
    if brace:
        return any(slowly(pattern.replace(brace[0], each, 1), path) for each in brace[1].split(","))
    return _slow_segments(pattern[1:].split("/"), path[1:].split("/"))


def _slow_segments(wide: list[str], found: list[str]) -> bool:
    if not wide:
        return not found
    if wide[0] == "**":
        rest = wide[1:]
        if not rest:
            return bool(found)
        return any(_slow_segments(rest, found[at:]) for at in range(len(found) + 1))
    return bool(found) and _slow_text(wide[0], found[0]) and _slow_segments(wide[1:], found[1:])


def _slow_text(wide: str, found: str) -> bool:
    if not wide:
        return not found
    if wide[0] == "*":
        return any(_slow_text(wide[1:], found[at:]) for at in range(len(found) + 1))
    if not found:
        return False
    if wide[0] == "[":
        end = wide.index("]")
        return bool(re.match(wide[: end + 1].replace("[!", "[^"), found[0])) and _slow_text(wide[end + 1 :], found[1:])
    return wide[0] in {"?", found[0]} and _slow_text(wide[1:], found[1:])


@given(patterns(), paths)
def test_it_matches_by_the_definition(pattern: str, path: str) -> None:
    assert glob(pattern).matches(path) == slowly(pattern, path)


@given(patterns(), paths)
def test_a_second_implementation_agrees(pattern: str, path: str) -> None:
    second = pytest.importorskip("wcmatch.glob")
    flags = second.GLOBSTAR | second.BRACE | second.DOTGLOB | second.CASE | second.FORCEUNIX
    assert glob(pattern).matches(path) == bool(second.globmatch(path, pattern, flags=flags))


@given(patterns(), patterns(), paths)
def test_what_a_pattern_contains_it_matches(wider: str, narrower: str, path: str) -> None:
    if glob(wider).contains(glob(narrower)) and glob(narrower).matches(path):
        assert glob(wider).matches(path)


@given(st.text(max_size=20).filter(lambda text: "/" not in text and text not in {"", ".", ".."}))
def test_an_escaped_name_is_matched_by_its_pattern(name: str) -> None:
    assert glob("/" + escaped(name)).matches("/" + name)


@given(st.text(alphabet="ab *?[]{}\\\n\x7f\u00e9\u2028", max_size=8))
def test_a_name_is_escaped_where_a_pattern_cannot_hold_it(name: str) -> None:
    expected = [
        "?" if char in "[\\" or not char.isprintable() else f"[{char}]" if char in "*?{}" else char for char in name
    ]
    assert escaped(name) == "".join(expected)


@pytest.mark.parametrize(
    ("wider", "narrower", "contained"),
    [
        ("/data/**", "/data/a/*.txt", True),
        ("/data/**", "/data/**", True),
        ("/data/**", "/data", False),
        ("/data/*", "/data/**", False),
        ("/data/*", "/database", False),
        ("/**", "/etc/passwd", True),
        ("/a/**/z", "/a/b/**/z", True),
        ("/a/**/z", "/a/z", True),
        ("/{a,b}/*", "/{b,a}/x", True),
        ("/{a,b}/*", "/[abc]/x", False),
        ("/[a-c]x", "/[ab]x", True),
        ("/[!a]", "/[b-z]", True),
        ("/[!a]", "/[a-z]", False),
        ("/[!ab]", "/[!abc]", True),
        ("/[!abc]", "/[!ab]", False),
        ("/?", "/[!a]", True),
        ("/a*z", "/ab*cz", True),
        ("/a*z", "/a*", False),
    ],
)
def test_containment(wider: str, narrower: str, *, contained: bool) -> None:
    assert glob(wider).contains(glob(narrower)) is contained


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("data/**", "must be absolute"),
        ("/data/../etc", "'..'"),
        ("/data/{.,x}./y", "'..'"),
        ("/data/./x", "'.'"),
        ("/data//x", "empty segment"),
        ("/data/", "empty segment"),
        ("/data/x**", "segment of its own"),
        ("/data/***", "segment of its own"),
        ("/{a,{b,c}}", "nested"),
        ("/{1..3}", "alone"),
        ("/{a", "not closed"),
        ("/a}", "alone"),
        ("/[a", "not closed"),
        ("/[]", "not a set"),
        ("/[^a]", "not a set"),
        ("/[a/b]", "not a set"),
        ("/[+-9]", "not a range"),
        ("/[z-a]", "not a range"),
        ("/a\\*", "patterns cannot"),
        ("/a\0", "patterns cannot"),
        ("/a\n", "patterns cannot"),
        ("/" + "a" * 1024, "at most 1024 bytes"),
        ("/" + "{a,b}" * 7, f"more than {MAX_ALTERNATIVES} texts"),
        ("/" + "x" * 900 + "{a,b,c,d,e}", "longer than 4096"),
    ],
)
def test_what_is_refused(pattern: str, expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        check_path_glob(pattern)


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/", True),
        ("/a/b", True),
        ("/a/...", True),
        ("/.a/..b/c..", True),
        ("/.", False),
        ("/..", False),
        ("/../a", False),
        ("/a/\udcff", True),
        ("", False),
        ("a", False),
        ("/a/", False),
        ("//a", False),
        ("/a/./b", False),
        ("/a/../b", False),
        ("/a\0", False),
        ("/\ud800", False),
        ("/" + "a" * 256, False),
        ("/a" * (MAX_PATH // 2) + "/b", False),
    ],
)
def test_only_one_spelling_of_a_path_is_normal(path: str, *, normal: bool) -> None:
    assert is_normal_path(path) is normal


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/" + "*a" * 100 + "b", "/" + "a" * 255),
        ("/" + "**/*a*a*/" * 60 + "b", "/aaaa" * 800),
        ("/" + "**/a/" * 150 + "b", "/a" * 2000),
        ("/" + "?*" * 100 + "b", "/" + "a" * 255),
        ("/**/" + "{a,aa}*" * 6 + "b", "/" + "/".join(["a" * 255] * 15)),
    ],
)
def test_a_hostile_pattern_costs_no_more_than_its_length_times_that_of_the_path(pattern: str, path: str) -> None:
    # One that backtracks would not come back within the age of the universe: the time limit of every test is the bound.
    assert not Glob(pattern).matches(path)
