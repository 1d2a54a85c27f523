"""The page on messages cannot lie: the steps of its samples are followed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminal.page import Reader

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash"),
]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    ready = ("ping", "pong", "flaky", "gatherer", "shouter", "splitter")
    made = Reader(tmp_path, "messages.md", ready, again=("call gatherer gathered",))
    yield made
    made.walk.end()


def test_the_steps_of_the_samples_are_followed(reader: Reader) -> None:
    reader.follow("Samples")
