"""What is shipped beside the program: a manual page and a recipe for an image."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib

import pytest

from airssys_tui.cli.application import COMMANDS, build
from airssys_tui.cli.reaching.program_settings import FOLDER_VARIABLE, STATE_DIR_VARIABLE
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "airssys-tui.1"

PATH = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
CHECKERS = {
    "man": ("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(PAGE)),
    "mandoc": ("mandoc", "-T", "lint", "-W", "warning", str(PAGE)),
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_the_manual_page_is_well_formed(checker: str) -> None:
    if shutil.which(checker) is None:
        pytest.skip(f"{checker} is not installed")
    done = subprocess.run(
        CHECKERS[checker], capture_output=True, text=True, check=False, timeout=60, env={"LC_ALL": "C.UTF-8", **PATH}
    )
    said = done.stderr if checker == "man" else done.stdout + done.stderr
    assert [line for line in said.splitlines() if "missing date" not in line] == []


def test_the_manual_page_has_every_command_and_a_wheel_carries_it() -> None:
    headings = re.findall(r'^\.SS "(.*)"$', PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [heading.replace("\\", "") for heading in headings] == [entry.name for entry in COMMANDS]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert shared == {"docs/airssys-tui.1": "share/man/man1/airssys-tui.1"}


def test_the_image_starts_the_program_with_words_that_it_takes() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    instructions = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith(("#", " "))]
    names = {name for name, _ in instructions}
    assert names == {
        "FROM", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    last = dict(instructions)
    assert json.loads(last["ENTRYPOINT"]) == ["airssys-tui"]
    words = json.loads(last["CMD"])
    _, bound, _ = build(words).parse_args(words, exit_on_error=False, print_error=False)
    assert bound.arguments["unattended"].headless
    assert int(last["USER"]) >= 1_000, "not root"
    variables = dict(part.split("=", 1) for part in last["ENV"].split())
    assert words[1] == variables[FOLDER_VARIABLE]
    assert json.loads(last["VOLUME"]) == [variables[STATE_DIR_VARIABLE]]
    assert bound.arguments["reporting"].metrics.endswith(f":{last['EXPOSE']}")


def test_the_image_gets_what_its_wheel_is_built_of() -> None:
    taken = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    kept = [line[1:] for line in taken if line.startswith("!")]
    assert all((ROOT / name).exists() for name in kept)
    assert {"airssys_tui", "wit", "pyproject.toml", "README.md", "LICENSE", "docs/airssys-tui.1"} == set(kept)
