"""Events about a way through the gates that takes long: where it is, for how long, and how large the artifact is."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from airssys_tui.core.events import EventAction
from airssys_tui.runtime.components.component import Component

TOLD_AFTER: Final = (2.0, 10.0, 30.0, 60.0)
"""Seconds from the beginning after which an event says how far it has come; after the last, again every such time."""


class telling_slowness:  # noqa: N801 - a block, such as those of contextlib
    """Tell from time to time how far a component's progress has come, until the block ends; on the control loop.

    Args:
        component: The component.
    """

    __slots__ = ("_component", "_told", "_waiting")

    def __init__(self, component: Component) -> None:
        self._component = component
        self._told = 0
        self._waiting: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        """Begin to wait."""
        self._wait()

    def __exit__(self, *_: object) -> None:
        """Stop waiting."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _wait(self) -> None:
        self._waiting = asyncio.get_running_loop().call_later(_pause(self._told), self._tell)

    def _tell(self) -> None:
        progress = self._component.update.progress
        if progress is not None:
            text = f"still {progress.told(time.monotonic())}"
            self._component.teller.decision(text, EventAction.PROGRESS, revision=progress.revision)
        self._told += 1
        self._wait()


def _pause(told: int) -> float:
    """Return the seconds between two events."""
    if told >= len(TOLD_AFTER):
        return TOLD_AFTER[-1]
    return TOLD_AFTER[told] - (TOLD_AFTER[told - 1] if told else 0.0)
