"""The README's tour, driven as a person does: the real program, a real terminal, real keys, files copied meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from airssys_tui.core.gates import Gate
from airssys_tui.store.directory import StateDirectory
from tests.support.places import HOSTILE
from tests.support.terminal.harness import Terminal
from tests.support.terminal.scratch import PROGRAM, Scratch, point_at

COUNT = 41

pytestmark = pytest.mark.timeout(180)


def quit_by_keys(term: Terminal) -> None:
    """Leave as a person does: `q`, then say yes to the question."""
    term.send("q")
    term.wait_text("Quit?", "Cancel")
    term.send("tab", "enter")
    assert term.wait_exit() == 0
    assert term.is_restored()


def test_the_tour(scratch: Scratch) -> None:
    assert scratch.ask("call", "--live", "counter", "increment", str(COUNT)).strip() == str(COUNT)

    with scratch.screen() as term:
        for name in ("clockwork", "counter", "crasher", "greeter", "hoarder", "ledger", "primes"):
            term.wait_row(name, "running", "1.0.0")
        term.wait_row("wasi-hello", "1.0.0")

        scratch.install("1.1.0")
        term.wait_row("counter", "running", "1.1.0 r2")
        assert f"count={COUNT};" in scratch.saved_state(), "the count went over"

        scratch.install("1.2.0")
        term.wait_row("counter", "1.1.0 r2", "refused", "probe")
        scratch.install("1.3.0")
        term.wait_row("counter", "running", "1.1.0 r2", "refused", Gate.COMPATIBILITY)

        point_at(term, "counter")
        term.send("z")
        term.wait_text("Roll back counter to r1", "Cancel", "1.0.0")
        term.send("tab", "enter")
        term.wait_row("counter", "running", "1.0.0", "held")
        quit_by_keys(term)

    assert f"count={COUNT};" in scratch.saved_state(), "the count was kept"
    with scratch.screen() as term:
        term.wait_row("counter", "running", "1.0.0", "held")
        quit_by_keys(term)
    assert scratch.ask("call", "--live", "counter", "get").strip() == str(COUNT)

    with scratch.screen() as term:
        term.wait_row("counter", "running", "1.0.0", "held")
        scratch.install("1.4.0")
        term.wait(
            lambda text: any("counter" in row and "1.4.0" in row and "held" not in row for row in text.splitlines()),
            "1.4.0 serving and nothing held",
        )
        quit_by_keys(term)
    (row,) = [row for row in json.loads(scratch.ask("list", "--json")) if row["id"] == "counter"]
    assert (row["version"], row["held"]) == ("1.4.0", [])
    assert scratch.ask("call", "--live", "counter", "get").strip() == str(COUNT)


def test_cancel_has_the_focus_and_changes_nothing(scratch: Scratch) -> None:
    with scratch.screen() as term:
        term.wait_row("counter", "running", "1.0.0")
        scratch.install("1.1.0")
        term.wait_row("counter", "1.1.0 r2")
        point_at(term, "counter")
        term.send("z")
        term.wait_text("Roll back counter to r1", "Cancel")
        term.send("enter")
        term.wait(lambda text: "Roll back counter" not in text, "the question to go")
        assert "1.1.0 r2" in term.wait_row("counter", "running")
        term.send("ctrl+q")
        assert term.wait_exit() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_gives_the_terminal_back_and_saves_the_state(scratch: Scratch, number: signal.Signals) -> None:
    with scratch.screen() as term:
        term.wait_row("counter", "running", "1.0.0")
        term.signal(number)
        assert term.wait_exit() == 0
        assert term.is_restored()
        assert b"\x1b[?1049l" in term.raw, "the screen that was there before is shown again"
    assert scratch.saved_state() == "count=0;"
    assert not (scratch.state / "owner.json").exists(), "left in good order"


def test_a_terminal_that_goes_away_ends_the_program_in_good_order(scratch: Scratch) -> None:
    with scratch.screen() as term:
        term.wait_row("counter", "running", "1.0.0")
        term.hang_up()
        term.process.wait(timeout=20)
    assert scratch.saved_state() == "count=0;"
    assert not (scratch.state / "owner.json").exists()


def test_nothing_is_written_over_the_screen_and_the_log_is_where_doctor_says(scratch: Scratch) -> None:
    with scratch.screen() as term:
        term.wait_row("counter", "running", "1.0.0")
        findings = {row["name"]: row["value"] for row in json.loads(scratch.ask("doctor", "--json"))}
        assert str(term.process.pid) in findings["owner"]
        log = Path(findings["log"])
        assert log == scratch.state / "logs" / "tui.log"
        assert log.stat().st_ino == Path(f"/proc/{term.process.pid}/fd/2").stat().st_ino
        term.send("ctrl+q")
        assert term.wait_exit() == 0


def test_a_folder_that_is_in_use_is_said_on_the_terminal_and_exits_1(scratch: Scratch) -> None:
    with StateDirectory.open(scratch.state, folder=scratch.folder), scratch.screen() as term:
        term.wait_text("in use", str(os.getpid()))
        term.send("ctrl+q")
        assert term.wait_exit() == 1
        assert "error: state directory in use" in term.text


def test_readonly_leaves_out_what_changes_the_system(scratch: Scratch) -> None:
    with scratch.screen("--readonly") as term:
        term.wait_row("counter", "running", "1.0.0")
        term.wait_text("READ-ONLY")
        point_at(term, "counter")
        term.send("x", "z", "r", "v")
        term.wait_text("versions")
        term.send("escape")
        assert "running" in term.wait_row("counter", "1.0.0 r1")
        term.send("ctrl+q")
        assert term.wait_exit() == 0
    revisions = json.loads(scratch.ask("versions", "counter", "--json"))
    assert [revision["number"] for revision in revisions] == [1]


def test_a_hostile_component_is_seen_and_not_obeyed(scratch: Scratch) -> None:
    shutil.copytree(HOSTILE, scratch.folder / "hostile", ignore=shutil.ignore_patterns("src", "wit"))
    with scratch.screen() as term:
        term.wait_row("hostile", "running", "1.0.0")
        term.send("5")
        term.wait_text("[/foo]", "␛[2J")
        term.send("1")
        term.wait_row("hostile", "running")
        term.send("ctrl+q")
        assert term.wait_exit() == 0
    for obeyed in (b"\x1b]52;", b"\x1b]0;owned", b"\x1bP+q"):
        assert obeyed not in term.raw


def test_after_a_kill_the_next_screen_finds_everything_as_it_was(scratch: Scratch) -> None:
    assert scratch.ask("call", "--live", "counter", "increment", str(COUNT)).strip() == str(COUNT)
    with scratch.screen() as term:
        term.wait_row("counter", "running", "1.0.0")
        scratch.install("1.1.0")
        term.wait_row("counter", "running", "1.1.0 r2")
        term.signal(signal.SIGKILL)
        assert term.wait_exit() == -signal.SIGKILL
    with scratch.screen() as term:
        term.wait_row("counter", "running", "1.1.0 r2")
        term.send("ctrl+q")
        assert term.wait_exit() == 0
    assert f"count={COUNT};" in scratch.saved_state()


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 15), (200, 60)], ids=["80x24", "40x15", "200x60"])
def test_every_size_shows_names_and_states_without_colour(scratch: Scratch, columns: int, lines: int) -> None:
    environment = {**scratch.environment, "NO_COLOR": "1"}
    with Terminal(PROGRAM, env=environment, columns=columns, lines=lines) as term:
        term.wait_row("counter", "running")
        term.send("G")  # there are more than a small terminal shows
        term.wait_row("wasi-hello", "stopped")
        term.send("ctrl+q")
        assert term.wait_exit() == 0
        assert b"\x1b[38;2;" not in term.raw, "NO_COLOR"
