"""A gate that a test opens."""

from __future__ import annotations

import threading
from typing import Any

from airssys_tui.runtime.actors.reply import Reply
from tests.support.world import World


class Gate:
    """Keeps a component's calls waiting: a piece of work that occupies its instance until it is opened."""

    def __init__(self, world: World, name: str) -> None:
        self._open = threading.Event()
        self._entered = threading.Event()
        actor = world.runtime.probe.component(name).actor
        self.done: Reply[Any] = actor.post(lambda _: self._wait())
        assert self._entered.wait(30), "it was never reached"

    def _wait(self) -> None:
        self._entered.set()
        assert self._open.wait(30), "it was never opened"

    def open(self) -> None:
        self._open.set()
        self.done.result(30)
