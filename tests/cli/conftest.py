"""The command line as a user has it: a folder, a state directory of its own, and the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Desk, program_on


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A desk with an empty folder; nothing of the user's own is read or written."""
    folder, state_dir = tmp_path / "components", tmp_path / "state"
    folder.mkdir()
    return Desk(folder, state_dir, program_on(folder, state_dir, monkeypatch, capsys))
