"""The sample that runs git, with the door and the rules of the host."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.core.types.values import Err, Ok
from tests.support.program_desk import Probes, ProgramDesk, refusal
from tests.support.rule_guard import RuleGuard

LOOK = "airssys:git-status/status@1.0.0#look"
GIT = shutil.which("git", path="/usr/bin:/bin:/usr/local/bin")


@pytest.fixture(scope="module")
def probes() -> Iterator[Probes]:
    made = Probes()
    yield made
    made.close()


@pytest.fixture
def guard() -> RuleGuard:
    return RuleGuard("process:spawn:git")


@pytest.fixture
def desk(probes: Probes, guard: RuleGuard) -> Iterator[ProgramDesk]:
    yield probes.desk(guard, "git-status")
    probes.end_instances()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    if GIT is None:
        pytest.skip("this machine has no git where programs are searched")
    folder = tmp_path / "copy"
    git(tmp_path, "init", "-q", "-b", "trunk", str(folder))
    (folder / "kept").write_text("one\n")
    git(folder, "add", "kept")
    git(folder, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-q", "-m", "first")
    return folder


def git(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run([str(GIT), *arguments], cwd=folder, env=environment, check=True)


def look(desk: ProgramDesk, folder: object) -> Any:
    return desk.call(LOOK, str(folder))


def test_a_working_copy_is_looked_at(desk: ProgramDesk, copy: Path) -> None:
    assert look(desk, copy) == Ok({"branch": "trunk", "changes": []})
    (copy / "kept").write_text("two\n")
    (copy / "new").touch()
    (copy / "staged").touch()
    git(copy, "add", "staged")
    assert look(desk, copy) == Ok(
        {
            "branch": "trunk",
            "changes": [
                {"code": " M", "path": "kept"},
                {"code": "A ", "path": "staged"},
                {"code": "??", "path": "new"},
            ],
        }
    )
    git(copy, "checkout", "-q", "--detach")
    assert look(desk, copy).value["branch"] == "(detached)"


def test_what_is_no_working_copy_is_said_by_git(desk: ProgramDesk, tmp_path: Path, copy: Path) -> None:
    assert copy.exists()
    case, text = refusal(look(desk, tmp_path))
    assert case == "failed"
    assert "not a git repository" in text


def test_it_is_denied_with_what_would_allow_it(desk: ProgramDesk, guard: RuleGuard) -> None:
    guard.revoke()
    answer = look(desk, "/")
    assert isinstance(answer, Err)
    assert refusal(answer) == (
        "denied",
        "not-granted: airssys-tui grant local/probe process:spawn:git would allow it",
    )


@pytest.mark.parametrize("directory", ["-C /", "--exec-path=/tmp", "x; touch y", "/tmp/../etc", "", "/a\0b"])
def test_a_directory_is_never_an_argument(desk: ProgramDesk, directory: str) -> None:
    assert refusal(look(desk, directory))[0] == "invalid-input"
