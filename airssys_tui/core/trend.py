"""Where a figure is going: a straight line through its last values, when they let one be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

FEWEST: Final = 10
"""Values without which nothing is said."""

FEWEST_RISES: Final = 3
"""Rises without which growth is a step, not a trend."""

FIT: Final = 0.8
"""Least coefficient of determination of a line that is believed."""

HORIZON: Final = 24 * 3600.0
"""Seconds beyond which nothing is foretold."""


class Trend(msgspec.Struct, frozen=True):
    """A figure that rises: the last value, and by how much a second."""

    value: float
    rate: float

    def reaches(self, limit: float) -> float | None:
        """Return the seconds until a limit is reached; nothing beyond :data:`HORIZON`."""
        seconds = max(0.0, limit - self.value) / self.rate
        return seconds if seconds <= HORIZON else None


def trend_of(values: Sequence[float], step: float) -> Trend | None:
    """Return the trend of values that rise, by least squares; nothing when they do not, or not credibly.

    Believed is a line that fits (see :data:`FIT`), that never fell to less than half of what it had grown, that rose
    at least :data:`FEWEST_RISES` times, the last time within the newest third: what grew once and stays is no trend.

    Args:
        values: At equal distances, oldest first.
        step: Seconds between two of them.
    """
    count = len(values)
    rises = [place for place, (before, after) in enumerate(pairwise(values), 1) if after > before]
    if count < FEWEST or step <= 0 or len(rises) < FEWEST_RISES or rises[-1] < count - max(1, count // 3):
        return None
    if values[-1] - values[0] < (max(values) - min(values)) / 2:
        return None
    middle, mean = (count - 1) / 2, sum(values) / count
    spread = count * (count * count - 1) / 12
    slope = sum((place - middle) * (value - mean) for place, value in enumerate(values)) / spread
    variance = sum((value - mean) ** 2 for value in values)
    if slope <= 0 or variance <= 0 or slope * slope * spread / variance < FIT:
        return None
    return Trend(values[-1], slope / step)
