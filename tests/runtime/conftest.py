"""The program beside a world whose runtime a test has opened."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.command_line import Answer, program_on
from tests.support.world import World


@pytest.fixture
def command(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run the program on the world's folder; it answers with exit code, standard output and standard error."""
    return program_on(world.folder, world.state_dir, monkeypatch, capsys)
