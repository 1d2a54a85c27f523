"""Identities have one text form, and nothing else passes for one."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.errors import IdentityError
from airssys_tui.core.identity import (
    DEFAULT_NAMESPACE,
    MAX_SEGMENT,
    ComponentId,
    digest_of,
    name_from_stem,
    parse_version,
    short_digest,
)

SEGMENT = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)


@given(SEGMENT, SEGMENT)
def test_the_text_form_reads_back(namespace: str, name: str) -> None:
    identity = ComponentId(namespace, name)
    assert ComponentId.parse(str(identity)) == identity
    assert ComponentId.parse(f"{namespace}/{name}") == identity


@given(SEGMENT)
def test_the_default_namespace_is_not_shown(name: str) -> None:
    assert str(ComponentId(DEFAULT_NAMESPACE, name)) == name
    assert ComponentId.parse(name).namespace == DEFAULT_NAMESPACE


@pytest.mark.parametrize(
    "text",
    ["", "/", "a/", "/a", "a/b/c", "A", "1a", "a--b", "a-", "-a", "a_b", "a b", "a\n", "é", "a" * 65, "..", "a/../b"],
)
def test_what_is_not_an_identity_is_refused(text: str) -> None:
    with pytest.raises(IdentityError) as caught:
        ComponentId.parse(text)
    assert caught.value.remedy


def test_the_longest_segment_is_accepted() -> None:
    assert ComponentId.parse("a" * MAX_SEGMENT).name == "a" * MAX_SEGMENT


@given(st.text(max_size=200))
def test_a_stem_gives_a_name_or_an_error(stem: str) -> None:
    try:
        name = name_from_stem(stem)
    except IdentityError:
        assert not any("a" <= char <= "z" for char in stem.lower()[:1])
    else:
        assert ComponentId(DEFAULT_NAMESPACE, name).name == name


@pytest.mark.parametrize(("stem", "name"), [("echo", "echo"), ("My Component_v2", "my-component-v2"), ("--x--", "x")])
def test_stems_become_names(stem: str, name: str) -> None:
    assert name_from_stem(stem) == name


def test_versions_are_semantic() -> None:
    assert parse_version("1.2.3-rc.1+build") > parse_version("1.2.2")


@pytest.mark.parametrize("text", ["", "1", "1.2", "v1.2.3", "1.2.3\n", " 1.2.3", "01.2.3", "1.2.3.4"])
def test_what_is_not_a_version_is_refused(text: str) -> None:
    with pytest.raises(IdentityError):
        parse_version(text)


@given(st.binary())
def test_a_digest_names_its_bytes(data: bytes) -> None:
    digest = digest_of(data)
    assert digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert digest.startswith(f"sha256:{short_digest(digest, 12)}")
    assert len(short_digest(digest)) == 8
