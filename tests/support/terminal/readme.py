"""The README's tour as items: prose that is covered by promises, and commands with their outcomes.

Nothing in the tour goes unread. Every paragraph has to be, word for word, a row of fragments that the test knows, each
with what it checks; every command has to have an outcome behind ``#``, or a check of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.places import ROOT
from tests.support.terminal.harness import Terminal

ON_SCREEN: Final = "on the screen: "
FAILED: Final = ("error: ", "refused ")
"""How outcomes of commands begin that exit with 1."""


@dataclass(frozen=True)
class Prose:
    """A paragraph, in one line."""

    text: str


@dataclass(frozen=True)
class Command:
    """A command line, and what the README says that comes of it; empty when it says nothing."""

    line: str
    outcome: str


def tour(readme: str, section: str = "The tour") -> Iterator[Prose | Command]:
    """Yield the paragraphs and commands of the tour, or of another section of a page, in order."""
    text = readme.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    assert text, "there is such a section"
    for index, part in enumerate(re.split(r"^ *```\n", text, flags=re.MULTILINE)):
        if index % 2:
            yield from (_command(line.strip()) for line in part.splitlines() if line.strip())
        else:
            words = (" ".join(paragraph.split()) for paragraph in part.split("\n\n"))
            yield from (Prose(re.sub(r"^\d+\. ", "", text)) for text in words if text)


def _command(line: str) -> Command:
    written, _, outcome = line.partition(" # ")
    return Command(written.strip(), outcome.strip())


def matches(said: str, outcome: str) -> bool:
    """Return whether a line is what the README says; ``…`` stands for anything, and blanks are not counted."""
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in outcome.split("…"))
    return re.fullmatch(pattern.replace(r"\ .*", r" ?.*"), " ".join(said.split())) is not None


@dataclass
class Walk:
    """A person with two terminals in a clean copy of what the tour needs.

    Attributes:
        place: The copy, where commands are run.
        commands: Checks of commands that print nothing to compare, by their text.
        promises: Fragments of prose in the order of the README, each with what it promises.
    """

    place: Path
    promises: list[tuple[str, Callable[[Walk], None] | None]]
    commands: dict[str, Callable[[Walk], None]]
    environment: dict[str, str] = field(default_factory=dict)
    _first: Terminal | None = None

    def prepare(self) -> None:
        """Copy what the tour's commands name, and have the program where it says it is."""
        shutil.copytree(ROOT / "sample_components", self.place / "sample_components")
        for name in ("Makefile", "README.md"):
            shutil.copy(ROOT / name, self.place / name)
        (self.place / "pyproject.toml").touch()
        program = self.place / ".venv" / "bin" / "airssys-tui"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m airssys_tui "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        python = program.with_name("python")
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
        python.chmod(0o755)
        (self.place / ".venv" / ".installed").touch()  # newer than what it depends on: nothing is installed
        # The size of the terminal comes from the terminal: test runners set these variables for their workers.
        foreign = ("AIRSSYS_TUI_", "COLUMNS", "LINES", "NO_COLOR")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self.environment = {**clean, "PYTHONPATH": str(ROOT), "AIRSSYS_TUI_CONFIG": str(self.place / "none.toml")}

    @property
    def first(self) -> Terminal:
        """The first terminal, in which something runs."""
        assert self._first is not None, "nothing runs in the first terminal"
        return self._first

    def open(self, *words: str) -> Terminal:
        """Run something in a terminal of the usual size."""
        return Terminal(words, cwd=self.place, env={**self.environment}, columns=120, lines=30)

    def begin(self, *words: str) -> None:
        """Run something in the first terminal, in which nothing runs any more."""
        self.end()
        self._first = self.open(*words)

    def end(self) -> None:
        """Close the first terminal."""
        if self._first is not None:
            self._first.close()
        self._first = None

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a command line in the second terminal, whose variables last."""
        mark = "variables of the shell:"
        script = f"{line}\ncode=$?\necho '{mark}'\nenv -0\nexit $code"
        words = ["bash", "-c", script]
        done = subprocess.run(
            words, cwd=self.place, env=self.environment, capture_output=True, text=True, timeout=180, check=False
        )
        done.stdout, _, variables = done.stdout.partition(f"{mark}\n")
        self.environment = dict(pair.split("=", 1) for pair in variables.split("\0") if "=" in pair)
        return done

    def follow(self, items: Iterator[Prose | Command]) -> None:
        """Do and check everything, in order, and expect that nothing is left."""
        for item in items:
            if isinstance(item, Prose):
                self._read(item.text)
            else:
                self._do(item)
        assert not self.promises, f"the README does not say this any more: {self.promises[0][0]!r}"

    def _read(self, text: str) -> None:
        while text:
            assert self.promises, f"nothing is known of this in the README: {text!r}"
            fragment, check = self.promises.pop(0)
            assert text.startswith(fragment), f"the README says {text!r}\nwhere the test knows {fragment!r}"
            if check is not None:
                check(self)
            text = text.removeprefix(fragment).lstrip()

    def _do(self, command: Command) -> None:
        if command.line in self.commands and not command.outcome:
            self.commands[command.line](self)
            return
        assert command.outcome, f"nothing is expected of this in the README: {command.line}"
        done = self.run(command.line)
        if command.outcome.startswith(ON_SCREEN):
            assert done.returncode == 0, done.stderr
            self.first.wait_text(command.outcome.removeprefix(ON_SCREEN))
            return
        said = [*done.stdout.splitlines(), *done.stderr.splitlines()]
        assert any(matches(line, command.outcome) for line in said), f"{command}\n{done.stdout}{done.stderr}"
        assert done.returncode == (1 if command.outcome.startswith(FAILED) else 0), command
