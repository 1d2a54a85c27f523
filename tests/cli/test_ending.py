"""How the process ends: everything is written, the exit code is the command's, and what waits for the end is told."""

from __future__ import annotations

import subprocess
import sys

import pytest

from airssys_tui import __version__


def ended(*words: str, before: str = "") -> subprocess.CompletedProcess[str]:
    code = (
        f"import sys\nsys.argv = {['airssys-tui', *words]!r}\n{before}\nfrom airssys_tui.cli.main import enter\nenter()"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--version"], 0, __version__),
        (["frobnicate-nothing", "x"], 2, "usage error"),
        (["completion", "bash"], 0, "}"),
    ],
)
def test_what_was_said_is_written_and_the_code_is_the_command_s(words: list[str], code: int, said: str) -> None:
    done = ended(*words)
    assert done.returncode == code
    assert said in done.stdout + done.stderr


def test_what_asked_to_be_told_of_the_end_is_told() -> None:
    assert ended("--version", before="import atexit; atexit.register(print, 'the end')").stdout.endswith("the end\n")


def test_a_thread_that_runs_on_ends_first() -> None:
    wait = "lambda: (threading.main_thread().join(), print('last'))"
    before = f"import threading\nthreading.Thread(target={wait}).start()"
    assert ended("--version", before=before).stdout.endswith("last\n")
