"""A copy of the samples with a state directory of its own, and the program on it in terminals and without one."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from airssys_tui.store.directory import StateDirectory
from tests.support.places import RELEASES
from tests.support.terminal.harness import Terminal

PROGRAM = [sys.executable, "-m", "airssys_tui"]


@dataclass(frozen=True)
class Scratch:
    """A copy of the samples and a state directory of its own."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "components"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AIRSSYS_TUI_FOLDER": str(self.folder),
            "AIRSSYS_TUI_STATE_DIR": str(self.state),
            "AIRSSYS_TUI_CONFIG": str(self.root / "none.toml"),
        }

    def screen(self, *options: str, columns: int = 200, lines: int = 36) -> Terminal:
        """Open the screen on the folder."""
        return Terminal([*PROGRAM, *options], env=self.environment, columns=columns, lines=lines)

    def install(self, release: str) -> None:
        """Copy a release of the counter over the one that is there, wasm and manifest."""
        for file in (RELEASES / release).iterdir():
            shutil.copy(file, self.folder / "counter" / file.name)

    def ask(self, *words: str) -> str:
        """Run a command beside the screen and return what it prints."""
        done = subprocess.run(
            [*PROGRAM, *words],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={**os.environ, **self.environment},
        )
        return done.stdout

    def saved_state(self) -> str:
        """Return the counter's last saved state, which every switch and every stop writes."""
        with StateDirectory.open_readonly(self.state) as state:
            snapshot = state.catalog.latest_snapshot("counter")
        assert snapshot is not None
        return snapshot.data.decode()


def point_at(term: Terminal, name: str) -> None:
    """Move the pointer of the table row by row until it is on a component's row: keys act on that one."""
    for _ in range(20):
        text = term.wait(lambda text: pointed(text) and name in listed(text), f"a pointer, and a row of {name}")
        before, names = pointed(text), listed(text)
        if before == name:
            return
        term.send("j" if names.index(name) > names.index(before) else "k")
        term.wait(lambda text, before=before: pointed(text) not in {"", before}, "the pointer to move")
    raise AssertionError(f"the pointer never came to {name}:\n{term.text}")


def listed(text: str) -> list[str]:
    """Return the names in the table, from above."""
    return re.findall(r"^[▸ ][ ■]([a-z-]+) ", text, re.MULTILINE)


def pointed(text: str) -> str:
    """Return the name in the row with the pointer; empty when there is none."""
    found = re.search(r"^▸ +([a-z-]+) ", text, re.MULTILINE)
    return found[1] if found else ""


@contextlib.contextmanager
def headless(scratch: Scratch) -> Iterator[subprocess.Popen[str]]:
    """A runtime alone, whose first components serve."""
    runtime = subprocess.Popen(
        [*PROGRAM, "run", "--headless"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **scratch.environment},
    )
    try:
        assert runtime.stdout is not None
        for line in runtime.stdout:
            if line.rstrip().endswith(" components"):  # the first scan is through
                break
        else:
            raise AssertionError("the runtime ended before its components were up")
        yield runtime
    finally:
        runtime.kill()
        runtime.communicate(timeout=20)
