"""The internals of an embedded runtime, for tests and benchmarks.

Tests and benchmarks read facts that no front end may rely on: which instance serves, what the catalog contains, how
many threads wait. This module exposes them under its own name, so that the rest of a runtime stays private. Front ends
use ``api.RuntimeApi``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.system import System

T = TypeVar("T")


class Probe:
    """Looks into one runtime, and runs work on its control loop.

    Args:
        floor: Its machinery.
        system: The objects on its control loop; use them there, with :meth:`run`.
        loop: The control loop.
    """

    def __init__(self, floor: Floor, system: System, loop: asyncio.AbstractEventLoop) -> None:
        self.floor = floor
        self.system = system
        self._loop = loop

    def component(self, name: str) -> Component:
        """Return a component.

        Raises:
            UnknownComponent: If there is no component of that name.
        """
        return self.system.router.find(name)

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Run a coroutine on the control loop."""
        return asyncio.run_coroutine_threadsafe(work(), self._loop)
