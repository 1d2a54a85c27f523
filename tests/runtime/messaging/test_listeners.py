"""Listening from outside: bounded, counted, and over when nobody asks."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import CapacityError, UsageError
from airssys_tui.core.types.values import Variant
from airssys_tui.runtime.messaging.listeners import LEASE, MOST_BYTES_HEARD, MOST_HEARD, MOST_PATTERNS_HEARD, Listeners
from tests.support.postmen import body


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def listeners(clock: Clock) -> Listeners:
    return Listeners(clock)


def texts(listeners: Listeners, pattern: str, after: int | None) -> list[str | None]:
    return [each.body.text for each in listeners.page(pattern, after, 1_000).publications]


def test_only_what_comes_later_and_matches_is_heard(listeners: Listeners) -> None:
    listeners.hear("news.old", body("before"), "ann", "t")
    begun = listeners.page("news.*", None, 10)
    listeners.hear("news.today", body("one"), "ann", "t")
    listeners.hear("sport", body("other"), "ann", "t")
    listeners.hear("news.today", body("two"), "", "t")
    page = listeners.page("news.*", begun.last, 10)
    assert [(each.body.text, each.sender, each.topic) for each in page.publications] == [
        ("one", "ann", "news.today"),
        ("two", "", "news.today"),
    ]
    assert (page.last, page.missed) == (2, 0)
    assert texts(listeners, "news.*", page.last) == []


def test_a_page_has_the_oldest_first_and_the_next_one_the_rest(listeners: Listeners) -> None:
    listeners.page("a", None, 1)
    for number in range(5):
        listeners.hear("a", body(str(number)), "", "t")
    page = listeners.page("a", 0, 2)
    assert ([each.body.text for each in page.publications], page.last) == (["0", "1"], 2)
    assert texts(listeners, "a", page.last) == ["2", "3", "4"]


def test_what_is_kept_is_bounded_and_what_is_dropped_is_counted(listeners: Listeners) -> None:
    listeners.page("a", None, 1)
    for _ in range(MOST_HEARD + 7):
        listeners.hear("a", body("x"), "", "t")
    page = listeners.page("a", 0, 1_000)
    assert (len(page.publications), page.missed) == (MOST_HEARD, 7)
    large = {"codec": None, "body": Variant("binary", b"x" * (MOST_BYTES_HEARD // 2 + 1))}
    for _ in range(2):
        listeners.hear("a", large, "", "t")
    assert len(listeners.page("a", 0, 1_000).publications) == 1


def test_who_waits_is_woken_once(listeners: Listeners) -> None:
    woken: list[str] = []
    last = listeners.page("a", None, 1).last
    listeners.page("a", last, 1, lambda: woken.append("one"))
    given_up = lambda: woken.append("two")  # noqa: E731 - it is compared by identity
    listeners.page("a", last, 1, given_up)
    listeners.give_up("a", given_up)
    for _ in range(3):
        listeners.hear("a", body("x"), "", "t")
    assert woken == ["one"]


def test_who_does_not_ask_listens_no_more(listeners: Listeners, clock: Clock) -> None:
    listeners.page("a", None, 1)
    clock.now = LEASE + 1
    listeners.hear("a", body("x"), "", "t")
    assert len(listeners) == 0


def test_so_many_patterns_are_listened_to(listeners: Listeners, clock: Clock) -> None:
    for number in range(MOST_PATTERNS_HEARD):
        listeners.page(f"a.x{number}", None, 1)
    with pytest.raises(CapacityError):
        listeners.page("b", None, 1)
    clock.now = LEASE + 1
    listeners.page("b", None, 1)
    assert len(listeners) == 1


@pytest.mark.parametrize(("pattern", "limit"), [("a.#.b", 1), ("A", 1), ("a", 0), ("a", 1_001)])
def test_what_cannot_be_meant_is_an_error(listeners: Listeners, pattern: str, limit: int) -> None:
    with pytest.raises(UsageError):
        listeners.page(pattern, None, limit)
    assert len(listeners) == 0
