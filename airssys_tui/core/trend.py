"""Linear trend of a series: a line fitted through its last values, if they allow one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec

FEWEST: Final = 10
"""Minimum number of values for a trend."""

FEWEST_RISES: Final = 3
"""Minimum number of rises; fewer are a step, not a trend."""

FIT: Final = 0.8
"""Minimum coefficient of determination of an accepted line."""

HORIZON: Final = 24 * 3600.0
"""Maximum forecast in seconds."""


class Trend(msgspec.Struct, frozen=True):
    """A rising series: its last value, and its growth per second."""

    value: float
    rate: float

    def reaches(self, limit: float) -> float | None:
        """Return the seconds until a limit is reached; None beyond :data:`HORIZON`."""
        seconds = max(0.0, limit - self.value) / self.rate
        return seconds if seconds <= HORIZON else None


def trend_of(values: Sequence[float], step: float) -> Trend | None:
    """Return the trend of rising values by least squares, or None if there is no credible one.

    A line is accepted if it fits (see :data:`FIT`), if the values never fell back by more than half of their growth,
    and if they rose at least :data:`FEWEST_RISES` times, most recently within the newest third: values that grew once
    and then stay are no trend.

    Args:
        values: Equidistant values, oldest first.
        step: Seconds between two values.
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
