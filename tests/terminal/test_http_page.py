"""The page on HTTP cannot lie: the steps of its samples are followed, at a free port."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.terminal.readme import Command, Walk, matches, tour
from tests.support.toolchains import has_python_toolchain

RUN = "airssys-tui run .scratch/web --headless --http 127.0.0.1:{port}"
PATIENCE = 150.0
ELSEWHERE = "in the other terminal: "

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl"),
]


class Reader:
    """A person who does what the page says.

    Args:
        place: An empty folder.
    """

    def __init__(self, place: Path) -> None:
        self.walk = Walk(place, [], {})
        self.walk.prepare()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]

    def follow(self, section: str) -> None:
        """Run every command of a section, and compare what it prints with what the page says."""
        page = (ROOT / "docs" / "http.md").read_text(encoding="utf-8").replace("8080", str(self._port))
        commands = [item for item in tour(page, section) if isinstance(item, Command)]
        assert len(commands) > 4
        for command in commands:
            self._do(command)

    def _do(self, command: Command) -> None:
        if command.line == RUN.format(port=self._port):
            self.walk.begin(str(self.walk.place / ".venv" / "bin" / "airssys-tui"), *command.line.split()[1:])
            self._see(lambda line: "visitors r1" in line and "switched to r1" in line, "visitors to serve")
        elif command.outcome.startswith(ELSEWHERE):
            assert self.walk.run(command.line).returncode == 0
            outcome = command.outcome.removeprefix(ELSEWHERE)
            self._see(lambda line: matches(line, outcome), outcome)
        elif command.outcome:
            self.walk.follow(iter([command]))
        else:
            assert self.walk.run(command.line).returncode == 0

    def _see(self, seen: Callable[[str], bool], what: str) -> None:
        """Wait for a line in the other terminal."""
        self.walk.first.wait(lambda text: any(map(seen, text.splitlines())), what, PATIENCE)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path)
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
