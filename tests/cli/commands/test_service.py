"""``service``: the unit that it prints, by the rules of systemd, and by systemd itself where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.cli.commands.service.systemd_unit import quoted, unit
from airssys_tui.core.errors import UsageError
from tests.support.command_line import Desk

PLAIN = st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")
WORDS = st.text(st.sampled_from("%$\"'\\ \n\t") | PLAIN)

AWKWARD = ["a b", "50%", "$HOME", 'say "no"', "it's", "back\\slash", "tab\tline\nend", "ünï\u202ex", ";", "{}", "#", ""]


def unquoted(text: str) -> list[str]:
    """Read words as systemd.syntax(7) and systemd.unit(5) say: quotes, C escapes as bytes, doubled percent signs."""
    words = []
    for match in re.finditer(r'"((?:[^"\\]|\\.)*)"|([^\s"\']+)', text):
        raw = match[1] if match[1] is not None else match[2]
        read = re.sub(
            rb'\\(x[0-9a-f]{2}|["\\])',
            lambda found: bytes([int(found[1][1:], 16)]) if found[1][:1] == b"x" else found[1],
            raw.encode(),
        )
        assert "%" not in read.decode().replace("%%", "")
        words.append(read.decode().replace("%%", "%"))
    return words


@given(WORDS)
def test_a_quoted_word_is_read_as_it_was(word: str) -> None:
    assert quoted(word).isprintable()
    assert unquoted(quoted(word)) == [word]


def test_what_is_not_utf_8_is_refused() -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        quoted("bad\udcff")


def test_the_command_line_names_everything_from_the_root(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.folder.parent)
    answer = desk.run(
        "service", desk.folder.name, "--state-dir", "kept", "--metrics", "127.0.0.1:9464", "--policy", "p.toml"
    )
    assert answer.code == 0, answer.err
    line = next(line for line in answer.out.splitlines() if line.startswith("ExecStart=:"))
    here = Path.cwd()
    assert unquoted(line.removeprefix("ExecStart=:")) == [
        sys.executable, "-m", "airssys_tui", "run", str(here / desk.folder.name), "--headless", "--log-format",
        "journal", "--state-dir", str(here / "kept"), "--metrics", "127.0.0.1:9464", "--policy", str(here / "p.toml"),
    ]  # fmt: skip
    assert f"Environment=AIRSSYS_TUI_CONFIG={here / 'config.toml'}" in answer.out


def test_a_program_that_systemd_cannot_name_is_started_by_env() -> None:
    assert 'ExecStart=:/usr/bin/env "/opt/it\'s/python"' in unit(["/opt/it's/python", "-m", "airssys_tui"], "x")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """All awkward words at once, as arguments; the title with what a path can have."""
    file = tmp_path / "components.service"
    file.write_text(unit(["/usr/bin/env", *AWKWARD], "/srv/50% {of} $HOME\\", "/etc/a b%.toml"), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", str(file)],
        capture_output=True, text=True, check=False, timeout=60,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_that_is_not_there_is_an_error(desk: Desk) -> None:
    assert desk.run("service", "/nowhere/at/all").code == 2
