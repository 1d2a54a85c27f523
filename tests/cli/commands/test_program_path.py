"""Where programs for components are searched: the operator's configuration file, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Desk


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "config.toml"
    monkeypatch.setenv("AIRSSYS_TUI_CONFIG", str(made))
    return made


def test_the_configuration_file_says_where_programs_are_searched(desk: Desk, file: Path) -> None:
    assert "/usr/bin, /bin, /usr/local/bin  (default)" in desk.run("config", "show").out
    file.write_text('[process]\npath = ["/opt/tools", "/usr/bin"]\n')
    assert "/opt/tools, /usr/bin  (config file)" in desk.run("config", "show").out


@pytest.mark.parametrize("path", ['["bin"]', '[""]', '["/usr/../bin"]', '"/usr/bin"', "[1]"])
def test_it_names_absolute_directories(desk: Desk, file: Path, path: str) -> None:
    file.write_text(f"[process]\npath = {path}\n")
    answer = desk.run("config", "show")
    assert answer.code == 2
    assert str(file) in answer.err
