"""Paths of requests: one spelling of each, and none that two programs could read as two paths."""

from __future__ import annotations

import posixpath
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.pattern.request_path import MOST_PATH, request_path_of


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"//", "//"),
        (b"/api", "/api"),
        (b"/api/", "/api/"),
        (b"/%61pi/%7euser", "/api/~user"),
        (b"/a%2fb/%c3%a9", "/a%2Fb/%C3%A9"),
        (b"/.well-known/a..b/c.", "/.well-known/a..b/c."),
        (b"/a;b=c,d:e@f!$&'()*+", "/a;b=c,d:e@f!$&'()*+"),
        (b'/"<>[]^`{|}', '/"<>[]^`{|}'),
        (b"/...", "/..."),
        (b"/%2f..%2f", "/%2F..%2F"),
    ],
)
def test_a_path_has_one_spelling(raw: bytes, path: str) -> None:
    assert request_path_of(raw) == path
    assert request_path_of(path.encode()) == path


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"*",
        b"api",
        b"/a b",
        b"/a\tb",
        b"/a\x00",
        b"/a\x7f",
        b"/\xc3\xa9",
        b"/a#b",
        b"/a?b",
        b"/a\\b",
        b"/%",
        b"/%4",
        b"/%zz",
        b"/.",
        b"/..",
        b"/a/../b",
        b"/a/./b",
        b"/%2e%2E/b",
        b"/a/.%2e",
        b"/" + b"a" * MOST_PATH,
    ],
)
def test_a_path_that_could_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="a path"):
        request_path_of(raw)


def test_the_longest_path_is_a_path() -> None:
    longest = b"/" + b"a" * (MOST_PATH - 1)
    assert request_path_of(longest).encode() == longest


@given(st.binary(max_size=40).map(lambda data: b"/" + data))
def test_whatever_is_accepted_is_the_same_path_for_everybody(raw: bytes) -> None:
    try:
        path = request_path_of(raw)
    except ValueError:
        return
    assert request_path_of(path.encode()) == path
    assert unquote(path, "latin-1") == unquote(raw.decode(), "latin-1")
    decoded = unquote(path.replace("%2F", "_"), "latin-1")
    assert posixpath.normpath(decoded).lstrip("/") == decoded.strip("/").replace("//", "/") or "//" in decoded


@given(st.lists(st.text(min_size=1, max_size=5), max_size=5))
def test_every_name_can_be_a_segment_once_it_is_encoded(names: list[str]) -> None:
    segments = [quote(name, safe="", errors="surrogatepass") for name in names if name not in {".", ".."}]
    raw = "/" + "/".join(segments)
    assert request_path_of(raw.encode()) == raw
