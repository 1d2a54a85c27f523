"""``--demo``: a first look without components, that leaves nothing behind."""

from __future__ import annotations

import re
from pathlib import Path

from airssys_tui.core.gates import Gate
from tests.support.terminal.harness import terminal
from tests.support.terminal.scratch import PROGRAM


def test_the_demo_moves_says_that_it_is_one_and_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "XDG_STATE_HOME": None, "AIRSSYS_TUI_STATE_DIR": None, "TMPDIR": str(tmp_path)}
    with terminal([*PROGRAM, "--demo"], columns=120, lines=40, env=environment) as term:
        term.wait_text("DEMO", "counter", "crasher", "pipeline/parse")
        first = fuel(term.row("primes"))
        term.wait(lambda _: fuel(term.row("primes")) != first, "the meters to move")
        term.send("v")
        term.wait_text("superseded", Gate.COMPATIBILITY)
        term.send("escape")
        term.wait_text("pipeline/parse")
        term.send("q")
        assert term.wait_exit() == 0
        assert term.is_restored()
    assert [path.name for path in tmp_path.iterdir()] == ["home"], "the scratch directory is gone"
    assert not list(home.rglob("*.db"))


def test_the_demo_for_reading_has_no_dangerous_action(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    with terminal([*PROGRAM, "--demo", "--readonly"], columns=120, lines=40, env=environment) as term:
        term.wait_text("DEMO", "READ-ONLY", "counter")
        term.send("ctrl+q")
        assert term.wait_exit() == 0


def fuel(row: str) -> str:
    """Return the figures of a row."""
    return re.sub(r"\s+", " ", row)
