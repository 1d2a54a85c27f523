"""Collects the metrics of a runtime that may be opened later; asks the control loop, and never a guest."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Final

from prometheus_client.core import Metric

from airssys_tui.cli.serving.metric_families import custom_families, families, http_families
from airssys_tui.core.errors import AirssysError

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.api.socket.frames import ServingReport
    from airssys_tui.api.views.metering import MeterDetail
    from airssys_tui.api.views.runtime import Snapshot

ANSWER: Final = 1.0
"""Seconds that the runtime may take to return the custom metrics."""


class MetricCollector:
    """Collects the metrics.

    Attributes:
        runtime: The runtime, once it is open.
        serving: Returns the usage of its control socket, if it has one.
    """

    def __init__(self) -> None:
        self.runtime: RuntimeApi | None = None
        self.serving: Callable[[], ServingReport] | None = None

    def collect(self) -> Iterator[Metric]:
        """Return all metric families."""
        runtime = self.runtime
        seen = runtime.snapshot() if runtime is not None else None
        yield from families(seen, self._traffic())
        if runtime is not None and seen is not None:
            yield from custom_families(_measured(runtime, seen))
            with contextlib.suppress(AirssysError, TimeoutError, CancelledError):  # it is busy, or closing
                yield from http_families(runtime.http(requests=0).result(ANSWER))

    def _traffic(self) -> ServingReport | None:
        if self.serving is None:
            return None
        try:
            return self.serving()
        except (TimeoutError, RuntimeError, futures.CancelledError):  # its loop is busy or ending
            return None


def _measured(runtime: RuntimeApi, seen: Snapshot) -> list[MeterDetail]:
    """Request the meters of the components with custom metrics; late answers are omitted."""
    asked, found = [], []
    with contextlib.suppress(AirssysError):  # it is closed
        asked = [runtime.meters(row.id) for row in seen.components if row.custom_series]
    deadline = time.monotonic() + ANSWER
    for answer in asked:
        # If a component was removed meanwhile or the runtime is closing, only those series are missing.
        with contextlib.suppress(AirssysError, TimeoutError, CancelledError):
            found.append(answer.result(max(0.0, deadline - time.monotonic())))
    return found
