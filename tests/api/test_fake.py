"""The fake keeps the contract."""

from __future__ import annotations

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.api.played.meters import Load
from airssys_tui.api.played.runtime import FakeRuntime
from airssys_tui.core.lifecycle import State
from tests.api.contract import Bench, Contract


class FakeBench(Bench):
    def __init__(self):
        component = scenes.played("counter", Load(fuel=10), now=scenes.NOON, release=scenes.COUNTER["1.0.0"])
        self.api = FakeRuntime(scenes.still).add([component])
        self.arrive("1.1.0")

    def arrive(self, version):
        self.api.deploy("counter", scenes.COUNTER[version])


@pytest.fixture
def bench():
    return FakeBench()


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
