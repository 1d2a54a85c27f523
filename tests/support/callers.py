"""Callers that call a component without pause and count what was acknowledged."""

from __future__ import annotations

import threading

from tests.support.world import World

CALLERS = 4


class Callers:
    """Threads that increment a counter one call after the other, each remembering what was acknowledged.

    Args:
        world: Where the counter runs.
        name: The component.
        export: What adds to it.
    """

    def __init__(self, world: World, name: str, export: str) -> None:
        self._world = world
        self._name, self._export = name, export
        self._stop = threading.Event()
        self._moved = threading.Condition()
        self.acknowledged = [0] * CALLERS
        self.errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def _call(self, number: int) -> None:
        seen = 0
        while not self._stop.is_set():
            try:
                count = self._world.call(self._name, self._export, 1)
            except BaseException as error:  # noqa: BLE001 - told to the test
                self.errors.append(error)
                return
            if count <= seen:
                self.errors.append(AssertionError(f"the count went from {seen} to {count}"))
                return
            seen = count
            with self._moved:
                self.acknowledged[number] += 1
                self._moved.notify_all()

    def everyone_moves(self) -> None:
        """Wait until each caller got one more acknowledgement: all of them call while it is swapped."""
        with self._moved:
            before = list(self.acknowledged)
            moved = self._moved.wait_for(
                lambda: self.errors or all(now > was for now, was in zip(self.acknowledged, before, strict=True)), 30
            )
        assert moved, "a caller is stuck"

    def end(self) -> int:
        """Let them finish; return how many increments were acknowledged."""
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        assert self.errors == []
        return sum(self.acknowledged)
