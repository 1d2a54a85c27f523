"""Components on probation: crafted revisions, and waiting for their fall."""

from __future__ import annotations

from typing import Any

from airssys_tui.api.commands import MarkStable
from airssys_tui.core.lifecycle import State
from airssys_tui.core.traps import GuestTrap
from tests.support.components import Crafted
from tests.support.world import World

QUICK = '[supervision]\nbackoff = {initial = "1ms", factor = 1.0, jitter = 0.0}\n'


STRICT = QUICK + '[deployment]\ntraps = 0\nprobation = "10m"\n'


ONE, TWO, THREE = (Crafted(salt=salt) for salt in "123")


def trap(world: World, export: str = "trap") -> None:
    assert isinstance(world.runtime.invoke("c", export).exception(30), GuestTrap)


def updated(world: World, second: Crafted = TWO, manifest: str = STRICT) -> World:
    """Have `c` count to 5 in 1.0.0, which is stable, and be updated to 2.0.0, which is on probation."""
    world.put("c", ONE, manifest, version="1.0.0")
    world.open()
    world.call("c", "add", 5)
    world.do(MarkStable("c", 1))
    world.install("c", second, manifest, version="2.0.0")
    return world


def fallen(world: World, revision: int = 3) -> Any:
    return world.wait_row("c", lambda row: row.revision == revision and row.state is State.RUNNING)
