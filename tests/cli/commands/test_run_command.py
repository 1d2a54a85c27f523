"""``run-command`` as a user has it: a process with pipes, files, signals and a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_tui.cli.commands.run_command import print_logs
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.runtime.machinery.journal import Journal
from tests.support.command_line import Desk
from tests.support.foreground import C_COMMAND
from tests.support.places import SAMPLES
from tests.support.terminal.harness import Terminal

PROGRAM = [sys.executable, "-m", "airssys_tui", "run-command"]


def spawn(*words: object, **streams: object) -> subprocess.Popen[bytes]:
    chosen = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.Popen([*PROGRAM, *map(str, words)], **chosen)


def test_ten_megabytes_go_through_a_pipe_as_they_are(tmp_path: Path) -> None:
    every = os.urandom(10_000_000)
    (tmp_path / "in").write_bytes(every)
    with (tmp_path / "in").open("rb") as given:
        process = spawn(C_COMMAND, "cat", stdin=given)
    out, err = process.communicate(timeout=60)
    assert out == every
    assert (process.returncode, err) == (0, b"")


def test_a_reader_that_goes_away_ends_a_pipeline() -> None:
    with spawn(C_COMMAND, "flood", stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.read(10) == b"y" * 10
        process.stdout.close()
        assert process.wait(60) == 1


def test_sigterm_ends_one_that_waits_for_its_input() -> None:
    with spawn(C_COMMAND, "answer") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"one\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"you said <one>\n"
        process.terminate()
        assert process.wait(60) == 143
        assert process.stdout.read() == b""


def test_streams_that_were_closed_before_belong_to_nothing_else() -> None:
    line = " ".join(map(str, [*PROGRAM, C_COMMAND]))
    done = subprocess.run(f"{line} say out err <&- >&-", shell=True, check=False, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"err")


def test_in_a_terminal_it_converses() -> None:
    with Terminal([*PROGRAM, str(C_COMMAND), "answer"]) as terminal:
        terminal.send("hello", "enter")
        terminal.wait_text("you said <hello>")
        terminal.send("ctrl+d")
        assert terminal.wait_exit() == 0
        assert "bye" in terminal.text
        assert terminal.is_restored()


def test_ctrl_c_in_a_terminal_is_130() -> None:
    with Terminal([*PROGRAM, str(C_COMMAND), "answer"]) as terminal:
        terminal.send("hello", "enter")
        terminal.wait_text("you said <hello>")
        terminal.send("ctrl+c")
        assert terminal.wait_exit() == 130


# in this process: what needs no streams of its own


def test_a_trap_is_one_line_and_134(desk: Desk) -> None:
    answer = desk.run("run-command", C_COMMAND, "trap")
    assert (answer.code, answer.out) == (134, "")
    assert answer.err.startswith("error: trap: unreachable: ")
    assert answer.err.count("\n") == 1


def test_denials_and_the_summary_are_on_standard_error(desk: Desk) -> None:
    answer = desk.run("run-command", "--dir", f"{desk.folder}::/d:ro", "--json", C_COMMAND, "--", "write", "/d/x", "y")
    assert (answer.code, answer.out) == (1, "")
    denied, option, summary = answer.err.splitlines()
    assert denied == f"denied: filesystem:write:{desk.folder}/x: not-granted"
    assert option == f"  → --allow filesystem:write:{desk.folder}/x"
    told = json.loads(summary)
    assert (told["outcome"], told["status"]) == ("exited", 1)
    assert told["denials"][0]["count"] == 1


def test_what_it_logs_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal()
    journal.emit(EventKind.LOG, "the \x1b[2J first", level=Level.WARNING, action=EventAction.LOG)
    seen = print_logs(journal, 0)
    journal.emit(EventKind.LOG, "second", level=Level.INFO, action=EventAction.LOG)
    assert print_logs(journal, print_logs(journal, seen)) == seen + 1
    assert capsys.readouterr().err.splitlines() == ["warning: the \\x1b[2J first", "info: second"]


def test_what_is_no_command_is_refused_with_what_to_do(desk: Desk) -> None:
    answer = desk.run("run-command", SAMPLES / "primes")
    assert answer.code == 1
    assert "airssys-tui call" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dir", "/nowhere"], "there is no directory /nowhere"),
        (["--env", "1=2"], "'1' is not the name of an environment variable"),
        (["--allow", "all"], "expected filesystem|"),
        (["--fuel", "much"], "'much' is not a whole number"),
        (["--deadline", "soon"], "'soon' is not a duration"),
        (["--memory", "1"], "--memory is 1; accepted: 65_536 to"),
    ],
)
def test_an_option_that_means_nothing_is_a_usage_error(desk: Desk, words: list[str], said: str) -> None:
    answer = desk.run("run-command", *words, C_COMMAND)
    assert answer.code == 2
    assert said in answer.err


def test_an_option_of_the_program_needs_the_hyphens(desk: Desk) -> None:
    answer = desk.run("run-command", C_COMMAND, "-l")
    assert answer.code == 2
    assert "write -- before what is not its own" in answer.err
