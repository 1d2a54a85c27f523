"""Code at hand: found again, bounded, the longest unused goes first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from airssys_tui.core.identity import digest_of
from airssys_tui.core.revision import Tier
from airssys_tui.runtime.machinery.loaded_code import Shelf

ONE, TWO, THREE = (digest_of(text) for text in (b"one", b"two", b"three"))


def code() -> Any:
    return SimpleNamespace(tier=Tier.OPTIMISED)


def test_what_was_put_is_found() -> None:
    shelf, kept = Shelf(), code()
    assert shelf.take(ONE) is None
    shelf.put(ONE, kept, 10)
    assert shelf.take(ONE) is kept


def test_the_longest_unused_goes_first() -> None:
    shelf = Shelf(20)
    shelf.put(ONE, code(), 10)
    shelf.put(TWO, code(), 10)
    shelf.take(ONE)
    shelf.put(THREE, code(), 10)
    assert shelf.take(TWO) is None
    assert shelf.take(ONE) is not None
    assert shelf.take(THREE) is not None


def test_there_is_room_for_so_many() -> None:
    shelf = Shelf(max_artifacts=2)
    for digest in (ONE, TWO, THREE):
        shelf.put(digest, code(), 1)
    assert shelf.take(ONE) is None
    assert shelf.take(TWO) is not None


def test_what_is_put_twice_counts_once() -> None:
    shelf = Shelf(20)
    for _ in range(5):
        shelf.put(ONE, code(), 10)
    shelf.put(TWO, code(), 10)
    assert shelf.take(ONE) is not None


def test_what_is_too_large_is_not_kept() -> None:
    shelf = Shelf(20)
    shelf.put(TWO, code(), 20)
    shelf.put(ONE, code(), 21)
    assert shelf.take(ONE) is None
    assert shelf.take(TWO) is not None


def test_code_of_each_tier_has_a_place_of_its_own() -> None:
    shelf, optimised, baseline = Shelf(), code(), SimpleNamespace(tier=Tier.BASELINE)
    shelf.put(ONE, optimised, 10)
    assert shelf.take(ONE, Tier.BASELINE) is None
    shelf.put(ONE, baseline, 10)  # type: ignore[arg-type]
    assert shelf.take(ONE) is optimised
    assert shelf.take(ONE, Tier.BASELINE) is baseline
