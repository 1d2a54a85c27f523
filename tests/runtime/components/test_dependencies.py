"""Components that need others: let in when those are there, in versions that fit, and started after them."""

from __future__ import annotations

import pytest

from airssys_tui.api.commands import Reload
from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.events import EventAction
from airssys_tui.core.lifecycle import State
from tests.support.components import Crafted


def needing(**needs):
    return "[dependencies]\n" + "".join(f'{name} = "{requirement}"\n' for name, requirement in needs.items())


def refused(world, name):
    row = world.row(name)
    assert "refused at dependencies" in row.note.text
    return row.note.text


def test_what_is_needed_lets_its_dependents_in(world):
    world.open()
    world.install("web", Crafted(), needing(api="^1.0"))
    assert "web needs api ^1.0, which is not installed" in refused(world, "web")
    world.install("api", Crafted(), needing(base="*"), version="1.4.0")
    assert "api needs base *, which is not installed" in refused(world, "api")
    world.install("base", Crafted())
    assert {name: world.row(name).state for name in ("web", "api", "base")} == dict.fromkeys(
        ("web", "api", "base"), State.RUNNING
    )


def test_one_scan_lets_everybody_in_whatever_the_order_of_names(world):
    world.put("a", Crafted(), needing(b="*"))
    world.put("b", Crafted(), needing(c="*"))
    world.put("c", Crafted())
    world.open()
    assert {row.id: row.state for row in world.runtime.snapshot().components} == dict.fromkeys("abc", State.RUNNING)


def test_a_version_that_does_not_fit(world):
    world.open()
    world.install("api", Crafted(), version="1.0.0")
    world.install("web", Crafted(), needing(api="^2.0"))
    assert "web needs api ^2.0; its version is 1.0.0" in refused(world, "web")
    world.install("api", Crafted(), version="2.1.0")
    assert world.row("web").state is State.RUNNING


def test_a_candidate_that_leaves_another_without(world):
    world.open()
    world.install("api", Crafted(), version="1.0.0")
    world.install("web", Crafted(), needing(api="^1.0"), version="1.0.0")
    world.install("api", Crafted(), version="2.0.0")
    assert "web needs api ^1.0; this is 2.0.0" in refused(world, "api")
    assert (world.row("api").version, world.row("api").state) == ("1.0.0", State.RUNNING)
    with pytest.raises(GateRefusal):
        world.do(Reload("api"))
    world.install("web", Crafted(), needing(api="^2.0"), version="2.0.0")
    assert "web needs api ^2.0; its version is 1.0.0" in refused(world, "web")


def test_a_forced_reload_does_not_ask(world):
    world.open()
    world.install("web", Crafted(), needing(api="^1.0"))
    world.do(Reload("web", force=True))
    assert world.row("web").state is State.RUNNING


def test_a_circle_is_named(world):
    world.open()
    world.install("a", Crafted(), needing(b="*"))
    world.install("b", Crafted(), needing(a="*"))
    assert "circular dependency: b -> a -> b" in refused(world, "b")
    world.install("b", Crafted())
    assert {world.row(name).state for name in "ab"} == {State.RUNNING}


def test_what_is_needed_starts_first_after_a_restart(world):
    world.open()
    world.install("z", Crafted())
    world.install("m", Crafted(), needing(z="*"))
    world.install("a", Crafted(), needing(m="*"))
    world.reopen()
    started = [
        event.component
        for event in world.runtime.events(limit=1000).events
        if event.action == EventAction.STARTED and event.component in {"a", "m", "z"}
    ]
    assert started == ["z", "m", "a"]
