from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import airssys_tui
from airssys_tui.core.errors import UsageError
from airssys_tui.store.disk import failpoint as module
from airssys_tui.store.disk.failpoint import NAMES, VARIABLE, failpoint, parse, registered

PROGRAM = """
from airssys_tui.store.disk.failpoint import failpoint
for turn in range(5):
    failpoint("deploy/paused")
    failpoint("deploy/switched")
    print(turn, flush=True)
"""


def run(setting: str | None) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != VARIABLE}
    if setting is not None:
        environment[VARIABLE] = setting
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_without_the_variable_nothing_happens() -> None:
    done = run(None)
    assert (done.returncode, done.stdout.split()) == (0, ["0", "1", "2", "3", "4"])


@pytest.mark.parametrize(("setting", "turns"), [("deploy/paused", []), ("deploy/switched:3", ["0", "1"])])
def test_the_process_dies_at_the_hit_that_is_asked_for(setting: str, turns: list[str]) -> None:
    done = run(setting)
    assert (done.returncode, done.stdout.split()) == (-signal.SIGKILL, turns)


def test_a_hit_that_never_comes_kills_nothing() -> None:
    assert run("deploy/paused:6").returncode == 0


def test_a_setting_that_names_no_failpoint_is_refused_at_the_start() -> None:
    done = run("deploy/hold")
    assert done.returncode == 1
    assert "names no failpoint" in done.stderr


@pytest.mark.parametrize("setting", ["deploy/paused:0", "deploy/paused:-1", "deploy/paused:x", "nothing"])
def test_bad_settings_are_refused(setting: str) -> None:
    with pytest.raises(UsageError):
        parse(setting)


def test_a_failpoint_that_is_not_declared_is_a_mistake_in_the_program() -> None:
    with pytest.raises(LookupError):
        failpoint("no/such/point")


def test_the_table_is_what_the_program_uses() -> None:
    package = Path(airssys_tui.__file__).parent
    source = "\n".join(path.read_text() for path in package.rglob("*.py") if path.name != "failpoint.py")
    called = set(re.findall(r'failpoint\("([^"]+)"\)', source))
    transactions = set(re.findall(r'\.transaction\("([^"]+)"\)', source))
    files = set(re.findall(r'points="([^"]+)"', source))
    assert called <= NAMES
    assert transactions == {*module.TRANSACTIONS, *module.MAIL_TRANSACTIONS}
    assert {name for name in NAMES if name.startswith(("blobs/put", "code/put"))} == {
        f"{prefix}/{step}" for prefix in files for step in ("before-write", "before-rename", "after-rename")
    }
    assert {name for name in NAMES if "/remove/" in name and not name.startswith(module.MAIL)} == {
        name for name in called if "/remove/" in name
    }
    assert registered() == tuple(sorted(NAMES))
