"""The collector's figures while runtimes start: changed for the block, and put back by the last one."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from airssys_tui.runtime.machinery import heap

USUAL = (700, 10, 10)


@pytest.fixture(autouse=True)
def usual_figures() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*USUAL)
    yield
    gc.set_threshold(*before)


def test_the_collector_looks_less_often_until_the_last_start_is_over() -> None:
    with heap.growing():
        with heap.growing():
            assert gc.get_threshold() == (heap.YOUNG, *USUAL[1:])
        assert gc.get_threshold() == (heap.YOUNG, *USUAL[1:])
    assert gc.get_threshold() == USUAL


def test_a_start_that_fails_puts_them_back() -> None:
    with pytest.raises(OSError, match="gone"), heap.growing():
        raise OSError("gone")
    assert gc.get_threshold() == USUAL


def test_who_asks_for_fewer_collections_keeps_that() -> None:
    gc.set_threshold(50_000, 5, 5)
    with heap.growing():
        assert gc.get_threshold() == (50_000, 5, 5)
    assert gc.get_threshold() == (50_000, 5, 5)
