"""A section of a page of the documentation, followed by a person with two terminals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Final

from tests.support.places import ROOT
from tests.support.terminal.readme import Command, Walk, matches, tour

PATIENCE: Final = 150.0
ELSEWHERE: Final = "in the other terminal: "
OF_ITS_OWN: Final = "in a terminal of its own"


class Reader:
    """A person who does what a page says.

    Args:
        place: An empty folder.
        page: The page, in ``docs``.
        ready: Components that have to serve, in the runtime's own terminal, before the next command is given.
        instead: Words of the page, such as a port, with what is to stand in their place.
        again: Ends of commands that are given again until they print what the page says, as something is under way.
    """

    def __init__(
        self,
        place: Path,
        page: str,
        ready: tuple[str, ...],
        instead: Mapping[str, str] | None = None,
        again: tuple[str, ...] = (),
    ) -> None:
        self.walk = Walk(place, [], {})
        self.walk.prepare()
        self._ready = ready
        self._again = again
        self._text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        for word, other in (instead or {}).items():
            self._text = self._text.replace(word, other)

    def follow(self, section: str) -> None:
        """Run every command of a section, and compare what it prints with what the page says."""
        commands = [item for item in tour(self._text, section) if isinstance(item, Command)]
        assert len(commands) > 4
        for command in commands:
            self._do(command)

    def _do(self, command: Command) -> None:
        if command.outcome == OF_ITS_OWN:
            self.walk.begin(str(self.walk.place / ".venv" / "bin" / "airssys-tui"), *command.line.split()[1:])
            self._see(self._serve, f"{self._ready} to serve")
        elif command.outcome.startswith(ELSEWHERE):
            assert self.walk.run(command.line).returncode == 0
            outcome = command.outcome.removeprefix(ELSEWHERE)
            self._see(lambda text: any(matches(line, outcome) for line in text.splitlines()), outcome)
        elif command.outcome:
            self._compare(command, again=bool(self._again) and command.line.endswith(self._again))
        else:
            assert self.walk.run(command.line).returncode == 0

    def _compare(self, command: Command, *, again: bool) -> None:
        end = monotonic() + PATIENCE
        while True:
            try:
                self.walk.follow(iter([command]))
            except AssertionError:
                if not again or monotonic() > end:
                    raise
            else:
                return

    def _serve(self, text: str) -> bool:
        told = [line for line in text.splitlines() if "switched to r" in line]
        return all(any(f" {name} " in line for line in told) for name in self._ready)

    def _see(self, seen: Callable[[str], bool], what: str) -> None:
        self.walk.first.wait(seen, what, PATIENCE)
