"""The embedded runtime keeps the contract, with the sample ``counter`` and its releases."""

from __future__ import annotations

import pytest

from tests.support.api.contract import Contract
from tests.support.api.embedded_bench import EmbeddedBench


@pytest.fixture
def bench(world):
    return EmbeddedBench(world)


class TestEmbedded(Contract):
    pass
