"""Shell completion: the scripts are whole, and names come from the catalog alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import Desk
from tests.support.terminal.harness import Terminal

BIN = Path(sys.executable).parent


def offered(desk: Desk, *words: str) -> list[str]:
    """Return what the tab key offers after these words; the last one is being written."""
    answer = desk.run("__complete", *words)
    assert answer.code == 0, answer
    return [line.split("\t")[0] for line in answer.out.split("\x1fbegin\n", 1)[1].splitlines()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_that_knows_every_command(desk: Desk, shell: str) -> None:
    answer = desk.run("completion", shell)
    assert answer.code == 0, answer
    for word in ("rollback", "doctor", "completion", "--state-dir", "__complete"):
        assert word in answer.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_itself_can_read_its_script(desk: Desk, tmp_path: Path, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(desk.run("completion", shell).out)
    subprocess.run([program, "-n", str(script)], check=True, timeout=60)


def test_names_and_revisions_come_from_the_catalog(desk: Desk) -> None:
    assert offered(desk, "describe", "") == [], "nothing is recorded yet, and nothing is said"
    desk.install("counter")
    desk.install("primes")
    assert desk.run("call", "--live", "counter", "get").code == 0
    assert offered(desk, "describe", "") == ["counter", "primes"]
    assert offered(desk, "describe", "--folder", "nowhere", "") == []


def test_what_can_be_called_is_offered_with_its_exports(
    recorded: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "counted").mkdir()
    (tmp_path / "counts.wasm").touch()
    (tmp_path / "counts.txt").touch()
    monkeypatch.chdir(tmp_path)
    assert offered(recorded, "call", "count") == ["counter", "counted", "counts.wasm"]
    exports = offered(recorded, "call", "counter", "")
    assert exports[:3] == ["increment", "get", "reset"]
    assert not [export for export in exports if export.endswith(("#init", "#shutdown", "#load", "#save"))]
    assert offered(recorded, "call", "nothing", "") == []


def test_a_path_is_offered_where_nothing_is_recorded_yet(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "counts.wasm").touch()
    monkeypatch.chdir(tmp_path)
    assert offered(desk, "call", "count") == ["counts.wasm"]


@pytest.fixture
def recorded(desk: Desk) -> Desk:
    desk.install("counter")
    assert desk.run("call", "--live", "counter", "get").code == 0
    return desk


def _ran(desk: Desk, *words: str) -> str:
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    environment = {**desk.environment, "PATH": f"{BIN}:{desk.environment['PATH']}", "TERM": "dumb"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def test_bash_completes_by_the_tab_key(recorded: Desk) -> None:
    script = (
        'eval "$(airssys-tui completion bash)"; complete -p airssys-tui >/dev/null || exit 1; '
        "for words in 'describe cou' 'call counter incr' 'rollba'; do "
        "COMP_WORDS=(airssys-tui $words); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
        '_airssys_tui; echo "${COMPREPLY[@]}"; done'
    )
    assert _ran(recorded, "bash", "-c", script).split() == ["counter", "increment", "rollback"]


def test_fish_completes_by_the_tab_key(recorded: Desk) -> None:
    asked = ("describe cou", "call counter incr", "rollba")
    lines = "; ".join(f"complete -C 'airssys-tui {words}'" for words in asked)
    out = _ran(recorded, "fish", "--no-config", "-c", f"airssys-tui completion fish | source; {lines}")
    assert [line.split("\t")[0] for line in out.splitlines()] == ["counter", "increment", "rollback"]


LOADING = "autoload -U compinit; compinit -u -D"
EVALUATED = f'{LOADING}; eval "$(airssys-tui completion zsh)"'
WHOLE = {"describe cou": "describe counter", "call counter incr": "call counter increment", "rollba": "rollback"}


@pytest.mark.parametrize("loading", [LOADING, EVALUATED], ids=["fpath", "eval"])
def test_zsh_completes_by_the_tab_key(recorded: Desk, tmp_path: Path, loading: str) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    place = tmp_path / "functions"
    place.mkdir()
    if loading == LOADING:
        (place / "_airssys-tui").write_text(recorded.run("completion", "zsh").out)
    environment = {**recorded.environment, "PATH": f"{BIN}:{recorded.environment['PATH']}"}
    with Terminal(["zsh", "-f", "-i"], env=environment, columns=120, lines=30) as term:
        term.send(f"PS1='$ '; fpath=({place} $fpath); {loading}; print rea''dy", "enter")
        term.wait_text("ready", timeout=30)
        for words, whole in WHOLE.items():
            term.send(f"airssys-tui {words}", "tab")
            term.wait_text(f"$ airssys-tui {whole}", timeout=30)
            term.send("ctrl+u")
