"""Work that several want at the same time and that is done once: the first one starts it, the others join."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Flight(Generic[T]):
    __slots__ = ("passengers", "task")

    def __init__(self, task: asyncio.Task[T]) -> None:
        self.task = task
        self.passengers = 0


class Flights(Generic[T]):
    """Work under way, by key. Used on one loop only."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}

    def __len__(self) -> int:
        """Return how many are under way."""
        return len(self._flights)

    async def join(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of the work of a key, which is begun unless it is under way.

        Who cancels the wait leaves the others their result; when nobody waits any more, the work is cancelled.

        Args:
            key: What the work is about.
            work: Begins it.

        Raises:
            Exception: Whatever the work raises, in everyone who waits for it.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._begin(key, work)
        flight.passengers += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.passengers -= 1
            if not flight.passengers and not flight.task.done():
                flight.task.cancel()
                self._forget(key, flight)  # who comes now begins anew instead of joining what is being cancelled

    def _begin(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> _Flight[T]:
        flight = _Flight(asyncio.ensure_future(work()))
        self._flights[key] = flight

        def ended(task: asyncio.Task[T]) -> None:
            self._forget(key, flight)
            if not task.cancelled():
                task.exception()  # raised in everyone who waits; after a cancellation that is nobody

        flight.task.add_done_callback(ended)
        return flight

    def _forget(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
