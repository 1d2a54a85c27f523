"""Whether the control loop of a runtime answers: asked with the cheapest question, one at a time."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.views.http import HttpView


class Heartbeat:
    """Asks; while a question is unanswered no other one is asked, so a loop that hangs collects none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: Future[HttpView] | None = None

    def answers(self, runtime: RuntimeApi, seconds: float) -> bool:
        """Return whether the control loop answers in time.

        Args:
            runtime: The runtime.
            seconds: How long to wait at most.

        Raises:
            UsageError: The runtime is closed.
        """
        with self._lock:
            asked = self._asked
            if asked is None or asked.done():
                asked = self._asked = runtime.http(requests=0)
        return bool(wait((asked,), seconds).done)
