"""What tests of the whole tree share: a world to run components in."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.world import World

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
"""A property is about values: how long an example takes on a busy machine is no failure."""

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control starts what runs in its background with ctrl+c ignored, and every process that a test
    # starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


gc.disable()  # until all tests are collected: what is made by then stays


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking over every module and every test for each test: a third of the suite."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the code that commands compile out of the user's own cache."""
    os.environ["AIRSSYS_TUI_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a scratch folder whose runtime is opened by the test and closed after it."""
    made = World(tmp_path)
    yield made
    made.close()
