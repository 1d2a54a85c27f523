"""Shell completion: the scripts are whole, and names come from the catalog alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import Desk

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


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_the_name_of_a_component(desk: Desk) -> None:
    desk.install("counter")
    assert desk.run("call", "--live", "counter", "get").code == 0
    script = (
        'eval "$(airssys-tui completion bash)"; COMP_WORDS=(airssys-tui describe cou); COMP_CWORD=2; '
        '_airssys_tui; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script],
        env={**desk.environment, "PATH": f"{BIN}:{desk.environment['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["counter"]
