"""A mailbox is bounded by the calls that wait in it, not by those that were taken back."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import MailboxFull
from airssys_tui.runtime.actors import actor as actors
from tests.support.components import Crafted
from tests.support.world import World


def test_a_call_that_was_taken_back_keeps_nobody_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "TURN_NS", 0)
    world.put("c", Crafted(), "[resources]\nmailbox = 2\n")
    world.open()
    actor = world.runtime.probe.system.router.find("c").actor
    actor.pause().result()
    first, second = (world.runtime.invoke("c", "add", 1) for _ in range(2))
    with pytest.raises(MailboxFull):
        world.runtime.invoke("c", "add", 1)
    assert first.cancel()
    third = world.runtime.invoke("c", "add", 1)
    with pytest.raises(MailboxFull):
        world.runtime.invoke("c", "add", 1)
    actor.resume()
    assert (second.result(30), third.result(30)) == (1, 2)
    assert actor.counters.dropped == 2
