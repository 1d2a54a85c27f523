"""A revision is named by its number, its version, or what it is."""

from __future__ import annotations

import pytest
from cyclopts import Token

from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.cli.reaching.named_revision import named
from airssys_tui.cli.reaching.options import revision_word
from airssys_tui.core.revision import Cause, Outcome
from airssys_tui.core.text import GuestText, Verbatim


def revision(number, version, outcome, *, activated=None, stable=False):
    return RevisionView(
        number=number,
        version=version,
        digest="",
        outcome=outcome,
        stable=stable,
        cause=Cause.RELOAD,
        who=GuestText("watcher"),
        note=Verbatim(""),
        at=float(number),
        activated_at=activated,
    )


TIMELINE = (
    revision(6, "1.2.0", Outcome.FAILED),
    revision(5, "1.0.0", Outcome.ACTIVE, activated=50.0),
    revision(4, "1.2.0", Outcome.SUPERSEDED, activated=40.0),
    revision(3, "1.1.0", Outcome.FAILED),
    revision(2, "1.1.0", Outcome.SUPERSEDED, activated=20.0, stable=True),
    revision(1, "1.0.0", Outcome.SUPERSEDED, activated=10.0, stable=True),
)


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("active", 5),
        ("stable", 2),
        ("previous", 4),
        ("1.2.0", 4),
        ("1.1.0", 2),
        ("1.0.0", 5),
        ("1.3.0", None),
    ],
)
def test_a_version_or_a_role_means_one_revision(word, number):
    found = named(TIMELINE, word)
    assert (None if found is None else found.number) == number


@pytest.mark.parametrize("word", ["active", "stable", "previous", "1.0.0"])
def test_nothing_is_meant_where_there_is_none(word):
    assert named((), word) is None


def test_a_version_that_never_served_is_found_too():
    assert named(TIMELINE[:1], "1.2.0") is TIMELINE[0]


def read(text):
    return revision_word(str, [Token(value=text)])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("2", "2"),
        ("r2", "2"),
        ("R2", "2"),
        ("9223372036854775807", "9223372036854775807"),
        ("1.1.0", "1.1.0"),
        ("v1.1.0-rc.1+b", "1.1.0-rc.1+b"),
        ("Active", "active"),
        ("stable", "stable"),
    ],
)
def test_every_way_to_write_a_revision_is_read(text, word):
    assert read(text) == word


@pytest.mark.parametrize("text", ["", "r", "two", "-1", "r-1", "1.1", "9223372036854775808", "latest", "2 x"])
def test_anything_else_is_refused_with_how_to_write_one(text):
    with pytest.raises(ValueError, match=r"r2, 1\.1\.0, active, stable or previous"):
        read(text)
