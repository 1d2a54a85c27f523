"""Which folder and state directory are meant, and where that comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.cli.reaching.program_settings import read_settings
from airssys_tui.core.errors import UsageError
from tests.support.command_line import Desk


def shown(desk: Desk, *words: object) -> dict[str, tuple[str, str]]:
    return {row["name"]: (row["value"], row["source"]) for row in desk.run("config", "show", "--json", *words).json}


def test_an_option_wins_over_a_variable(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    settings = shown(desk, "--folder", other)
    assert settings["folder"] == (str(other), "option")
    assert settings["state-dir"] == (str(desk.state_dir), "AIRSSYS_TUI_STATE_DIR")


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = tmp_path / "filed"
    filed.mkdir()
    (tmp_path / "config.toml").write_text(f'folder = "{filed}"\nreadonly = true\n')
    assert shown(desk)["folder"] == (str(desk.folder), "AIRSSYS_TUI_FOLDER")
    monkeypatch.delenv("AIRSSYS_TUI_FOLDER")
    assert shown(desk)["folder"] == (str(filed), "config file")
    assert shown(desk)["readonly"] == ("true", "config file")
    (tmp_path / "config.toml").unlink()
    monkeypatch.chdir(desk.folder)
    assert shown(desk)["folder"] == (str(desk.folder), "current directory")


def test_without_a_name_the_state_directory_is_made_from_the_real_path(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRSSYS_TUI_STATE_DIR")
    link = tmp_path / "link"
    link.symlink_to(desk.folder)
    direct, linked = shown(desk)["state-dir"], shown(desk, "--folder", link)["state-dir"]
    assert direct == linked
    assert direct[1] == "made from the folder"


def test_the_log_is_in_the_state_directory(desk: Desk) -> None:
    assert shown(desk)["log"][0] == str(desk.state_dir / "logs" / "tui.log")


@pytest.mark.parametrize("text", ["folder = 3", "colour = true", "folder = ["], ids=["type", "unknown", "syntax"])
def test_a_file_that_cannot_be_used_names_itself(desk: Desk, tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    answer = desk.run("list")
    assert answer.code == 2
    assert "config.toml" in answer.err
    with pytest.raises(UsageError):
        read_settings(tmp_path / "config.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".".join("a" * 9_000) + " = 1\n", "line 1: a key has more than"),
        ("folder = 'x'\nkeys = " + "[" * 40_000, "line 2: tables and arrays are nested more than"),
        ("[screen]\n" + "".join(f"k{i} = 1\n" for i in range(20_000)), "a table has more than"),
        ("#" * 2_000_000, "at most 1048576 "),
    ],
    ids=["dots", "nesting", "keys", "size"],
)
def test_a_file_made_to_cost_too_much_is_refused_before_it_is_parsed(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_settings(path)


def test_config_path_says_whether_the_file_is_there(desk: Desk, tmp_path: Path) -> None:
    assert desk.run("config", "path", "--json").json == {"path": str(tmp_path / "config.toml"), "exists": False}
    (tmp_path / "config.toml").write_text("")
    assert desk.run("config", "path", "--json").json["exists"] is True
    assert desk.run("config", "path").out.strip() == str(tmp_path / "config.toml")
