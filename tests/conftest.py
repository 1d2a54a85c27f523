"""What tests of the whole tree share: a world to run components in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a scratch folder whose runtime is opened by the test and closed after it."""
    made = World(tmp_path)
    yield made
    made.close()
