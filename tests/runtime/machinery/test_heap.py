"""The collector's figures while runtimes start: changed for the block, and put back by the last one."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_tui.runtime.machinery import heap
from tests.support.components import Crafted
from tests.support.world import World

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
    gc.set_threshold(2_000_000, 5, 5)
    with heap.growing():
        assert gc.get_threshold() == (2_000_000, 5, 5)
    assert gc.get_threshold() == (2_000_000, 5, 5)


def test_the_objects_of_a_large_start_are_left_alone_until_as_much_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heap, "MANY", 2)
    world = World(tmp_path)
    try:
        for name in "ab":
            world.put(name, Crafted(exports=frozenset({"get"})))
        world.open()
        kept = [gc.get_freeze_count() > 0]
        for salt in "xy":
            world.install("a", Crafted(exports=frozenset({"get"}), salt=salt))
            kept.append(gc.get_freeze_count() > 0)
        assert kept == [True, True, False]
    finally:
        world.close()


def test_the_objects_of_a_small_start_are_collected_as_usual(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        world.put("a", Crafted(exports=frozenset({"get"})))
        world.open()
        assert gc.get_freeze_count() == 0
    finally:
        world.close()
