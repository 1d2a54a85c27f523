"""The command line as a user has it: a folder, a state directory of its own, and the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.cli.main import main
from tests.support.command_line import Answer, Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A desk with an empty folder; nothing of the user's own is read or written."""
    folder, state_dir = tmp_path / "components", tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("AIRSSYS_TUI_FOLDER", str(folder))
    monkeypatch.setenv("AIRSSYS_TUI_STATE_DIR", str(state_dir))
    monkeypatch.setenv("AIRSSYS_TUI_CONFIG", str(tmp_path / "config.toml"))

    def run(*words: object) -> Answer:
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return Desk(folder, state_dir, run)
