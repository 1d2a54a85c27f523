"""The command line as a user has it: a folder, a state directory of its own, and the program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from airssys_tui.cli.main import main
from tests.support.places import SAMPLES

LIMIT = 60.0
"""Seconds after which a condition that has not come true fails the test; never what a test that passes waits for."""


def eventually(wanted: Callable[[], object]) -> None:
    """Look again and again, leaving the processor to the others between two looks, until it is so."""
    pause, deadline = threading.Event(), time.monotonic() + LIMIT
    while not wanted():
        assert time.monotonic() < deadline, "it did not come true"
        pause.wait(0.05)


class Answer(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output as one JSON document."""
        return json.loads(self.out)


def program_on(
    folder: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """Return what runs the program in this process on a folder; nothing of the user's own is read or written."""
    monkeypatch.setenv("AIRSSYS_TUI_FOLDER", str(folder))
    monkeypatch.setenv("AIRSSYS_TUI_STATE_DIR", str(state_dir))
    monkeypatch.setenv("AIRSSYS_TUI_CONFIG", str(folder.parent / "config.toml"))

    def run(*words: object) -> Answer:
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run


@dataclass(frozen=True)
class Desk:
    """A scratch folder of components, its state directory, and how the program is run on them.

    Attributes:
        run: Runs the program in this process.
        variables: The environment of a process that is to work on this folder; None if it is that of this process.
    """

    folder: Path
    state_dir: Path
    run: Callable[..., Answer]
    variables: Mapping[str, str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that is to work on this folder."""
        return {**(os.environ if self.variables is None else self.variables)}

    def install(self, name: str, source: Path | None = None) -> Path:
        """Copy a sample, or another component folder, over the one of that name; sources stay behind."""
        target = self.folder / name
        target.mkdir(exist_ok=True)
        for file in sorted((source or SAMPLES / name).iterdir()):
            if file.name == "Component.toml" or file.suffix == ".wasm":
                shutil.copy(file, target / file.name)
        return target

    def spawn(self, *words: str) -> subprocess.Popen[str]:
        """Start the program as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "airssys_tui", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
