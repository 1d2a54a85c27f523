"""The log: everything that is written to file descriptor 2 goes there, and it does not grow for ever."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

from airssys_tui.cli.serving.log import rotate

SCRIBBLE = """
import os, pathlib, sys
from airssys_tui.cli.serving.log import standard_error_to
with standard_error_to(pathlib.Path(sys.argv[1])):
    os.write(2, b"native\\n")
    print("python", file=sys.stderr)
os.write(2, b"after\\n")
"""


def test_native_and_python_text_go_to_the_log_and_come_back_afterwards(tmp_path: Path) -> None:
    log = tmp_path / "state" / "logs" / "tui.log"
    done = subprocess.run(
        [sys.executable, "-c", SCRIBBLE, str(log)], capture_output=True, text=True, check=True, timeout=60
    )
    assert log.read_text() == "native\npython\n"
    assert done.stderr == "after\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_large_log_is_put_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    log = tmp_path / "tui.log"
    for number in range(6):
        log.write_text(f"{number}" * 11)
        rotate(log, max_size=10, kept=2)
    assert not log.exists()
    assert {path.name: path.read_text()[0] for path in tmp_path.iterdir()} == {"tui.log.1": "5", "tui.log.2": "4"}


def test_a_small_log_stays(tmp_path: Path) -> None:
    log = tmp_path / "tui.log"
    rotate(log)
    log.write_text("x" * 10)
    rotate(log, max_size=10)
    assert log.exists()


HUNG_UP = """
import os, pathlib, pty, sys
from airssys_tui.cli.serving.log import standard_error_to
master, slave = pty.openpty()
said = os.dup(1)
os.dup2(slave, 1)
os.close(slave)
with standard_error_to(pathlib.Path(sys.argv[1])):
    os.close(master)
    for _ in range(100):
        sys.__stderr__.write("paint" * 100)
        sys.__stderr__.flush()
os.write(said, b"left")
"""


def test_painting_on_a_terminal_that_is_gone_does_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HUNG_UP, str(tmp_path / "logs" / "tui.log")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        start_new_session=True,
    )
    assert done.stdout == "left"
