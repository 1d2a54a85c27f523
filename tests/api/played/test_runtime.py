"""The fake keeps the contract."""

from __future__ import annotations

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.core.lifecycle import State
from tests.support.api.contract import Contract
from tests.support.api.demonstration_bench import PlayedBench


@pytest.fixture
def bench():
    return PlayedBench()


class TestFake(Contract):
    pass


def test_meters_move_with_the_clock_and_with_nothing_else():
    now = [scenes.NOON]
    runtimes = [scenes.mixed(lambda: now[0]) for _ in range(2)]
    first = runtimes[0].snapshot()
    assert runtimes[0].snapshot().components == first.components
    now[0] += 5
    later = [runtime.snapshot() for runtime in runtimes]
    assert later[0] == later[1]
    assert later[0].components != first.components
    changed = runtimes[0].snapshot(first.generation).components
    assert {view.id for view in changed} == {view.id for view in first.components if view.state is State.RUNNING}


def test_patience_holds_answers_back():
    runtime = scenes.mixed()
    runtime.patience = True
    future = runtime.versions("counter")
    assert not future.done()
    runtime.settle()
    assert future.result(0)


@pytest.mark.parametrize("name", scenes.SCENES)
def test_every_scene_answers(name):
    runtime = scenes.SCENES[name](scenes.still)
    for view in runtime.snapshot().components:
        assert runtime.describe(view.id).result(0).view == view
        assert runtime.versions(view.id).result(0)
