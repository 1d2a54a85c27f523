"""A compile bomb in the folder: the others answer and are deployed meanwhile, and a newer change ends it."""

from __future__ import annotations

import contextlib
from concurrent.futures import CancelledError
from typing import Any

from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import Outcome
from airssys_tui.engine.settings import EngineSettings
from tests.support.components import Crafted
from tests.support.engine import bombs
from tests.support.world import PATIENCE, World

BOMB = bombs.nested_loops(10_000, functions=10)


def ignite(world: World, *names: str) -> list[Any]:
    for name in names:
        world.put(name, BOMB)
    started = [world.notice_later(name) for name in names]
    world.wait_for(lambda _: all(world.events(name, "accepted") for name in names))
    return started


def test_others_answer_and_are_deployed_while_bombs_compile(world: World):
    world.open()
    world.install("counter", Crafted())
    burning = ignite(world, "bomb-1", "bomb-2", "bomb-3")
    assert [world.call("counter", "add", 1) for _ in range(20)] == list(range(1, 21))
    world.install("other", Crafted(salt="other"))
    assert world.call("other", "add", 1) == 1
    assert not any(bomb.done() for bomb in burning)


def test_a_newer_change_ends_the_compilation_of_an_older_one(world: World):
    world.open()
    (burning,) = ignite(world, "changing")
    world.install("changing", Crafted())
    assert world.call("changing", "add", 1) == 1
    with contextlib.suppress(CancelledError):
        burning.result(PATIENCE)
    assert world.outcomes("changing") == {1: Outcome.FAILED, 2: Outcome.ACTIVE}
    queue = world.runtime.probe.floor._children._work_queue  # noqa: SLF001 - an executor does not tell what waits
    assert not queue.qsize()


def test_a_bomb_is_refused_at_the_compile_gate_and_not_tried_again(world: World):
    world.open(engine=EngineSettings(compile_cpu=1))
    row = world.install("bomb", BOMB)
    assert row.state is State.FAILED
    assert "refused at compile: it took more than 1.0s of CPU time" in row.note.text
    world.notice("bomb")
    assert len(world.history("bomb")) == 1
