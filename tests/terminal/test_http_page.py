"""The page on HTTP cannot lie: the steps of its samples are followed, at a free port."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.terminal.page import Reader
from tests.support.toolchains import has_python_toolchain

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl"),
]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Reader(tmp_path, "http.md", ("visitors",), {"8080": str(port)})
    yield made
    made.walk.end()


def test_the_steps_of_the_sample_are_followed(reader: Reader) -> None:
    reader.follow("A sample")


@pytest.mark.slow
@pytest.mark.skipif(not has_python_toolchain(), reason="componentize-py is missing: install the extra `build`")
def test_the_steps_of_the_sample_in_python_are_followed(reader: Reader) -> None:
    place = reader.walk.place
    shutil.copytree(ROOT / "wit", place / "wit")
    reader.follow("A sample")
    reader.follow("A sample in Python")
