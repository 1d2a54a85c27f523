"""Events about a way through the gates that takes long: where it is, for how long, and how large the artifact is."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Final

from airssys_tui.core.events import EventAction
from airssys_tui.runtime.components.component import Component

TOLD_AFTER: Final = (2.0, 10.0, 30.0, 60.0)
"""Seconds from the beginning after which an event says how far it has come; after the last, again every such time."""


@contextlib.contextmanager
def telling_slowness(component: Component) -> Iterator[None]:
    """Tell from time to time how far a component's progress has come, until the block ends; on the control loop."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.TimerHandle | None = None

    def tell(told: int) -> None:
        nonlocal waiting
        progress = component.update.progress
        if progress is not None:
            text = f"still {progress.told(time.monotonic())}"
            component.teller.decision(text, EventAction.PROGRESS, revision=progress.revision)
        waiting = loop.call_later(_pause(told + 1), tell, told + 1)

    waiting = loop.call_later(_pause(0), tell, 0)
    try:
        yield
    finally:
        waiting.cancel()


def _pause(told: int) -> float:
    """Return the seconds between two events."""
    if told >= len(TOLD_AFTER):
        return TOLD_AFTER[-1]
    return TOLD_AFTER[told] - (TOLD_AFTER[told - 1] if told else 0.0)
