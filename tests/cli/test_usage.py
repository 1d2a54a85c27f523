"""Command lines that are not valid, help, and how errors are said."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_tui import __version__
from airssys_tui.cli.answering.exit_code import MEANINGS, ExitCode
from airssys_tui.cli.answering.output import answer, answer_line, report_error, say
from airssys_tui.cli.application import COMMANDS, SCREEN, Entry
from airssys_tui.cli.main import main
from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from tests.support.command_line import Desk
from tests.support.places import ROOT

EXIT_CODES = """
Exit codes:
  0    done
  1    failed or refused; standard error says why and what to do next
  2    usage error: unknown command or option, no such folder, no terminal
  130  interrupted with ctrl+c
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--frob"],
        ["list", "--frob"],
        ["list", "surplus"],
        ["config", "frob"],
        ["rollback", "counter", "--to", "two"],
        ["rollback", "counter", "--state", "gone"],
        ["rollback"],
        ["describe"],
        ["check"],
        ["call", "only-a-path"],
        ["run", "--headless", "--for", "soon"],
        ["run", "--for", "1s"],
        ["no-such-folder"],
        ["run", "no-such-folder", "--headless"],
        ["list", "--folder"],
        ["list", "--folder", ""],
        ["list", "--state-dir", ""],
        ["run", "--headless", "--state-dir", ""],
        ["run", "", "--headless"],
        [""],
        ["start", "Not_A_Name"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_exits_2_and_says_why(desk: Desk, words: list[str]) -> None:
    answer = desk.run(*words)
    assert answer.code == 2, answer
    assert answer.out == ""
    first, *rest = answer.err.splitlines()
    assert first.startswith("error: ")
    assert rest, "an error says what to do next"
    assert rest[-1].startswith("  → ")


@pytest.mark.parametrize(
    "words", [["list"], ["run", "--headless", "--for", "1s"], ["doctor"]], ids=lambda words: words[0]
)
def test_the_state_is_not_kept_right_in_the_watched_folder(desk: Desk, words: list[str]) -> None:
    answer = desk.run(*words, "--state-dir", desk.folder)
    assert answer.code == 2, answer
    assert "is the folder of components itself" in answer.err
    assert not list(desk.folder.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lst"], "no command and no folder lst; did you mean list?"),
        (["Rolback", "counter"], "did you mean rollback?"),
        (["config", "shw"], "did you mean show?"),
        (["config", "frob"], "commands: path, show"),
        (["list", "--fldr", "x"], "did you mean --folder?"),
        (
            ["rollback", "counter", "--to", "two"],
            "--to: write a revision as 2, r2, 1.1.0, active, stable or previous, not",
        ),
        (["rollback", "counter", "--state", "kep"], "one of keep, restore, fresh, not 'kep'; did you mean keep?"),
        (["rollback"], "airssys-tui rollback needs NAME"),
        (["list", "--folder"], "airssys-tui list needs a value after --folder"),
        (["list", "surplus"], "unexpected argument surplus"),
        (["rollback", "counter", "--to", "1", "--to", "2"], "--to is given more than once"),
        (["completion", "tcsh"], "one of bash, zsh, fish"),
        (["check", "x", "--tier", "fast"], "--tier must be one of optimised, baseline, not 'fast'"),
        (["run", "--tier", "optimized"], "did you mean optimised?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_slip_is_said_in_plain_words_with_what_was_meant(desk: Desk, words: list[str], said: str) -> None:
    answer = desk.run(*words)
    assert answer.code == 2, answer
    assert said in answer.err
    assert not re.search(r"\b(int|str|float|[Pp]arameter|[Tt]okens?)\b", answer.err)


@pytest.mark.parametrize(
    "number", ["9223372036854775808", "-9223372036854775809", "9" * 400], ids=["2^63", "-2^63-1", "400"]
)
@pytest.mark.parametrize(
    "words",
    [
        ["diff", "counter", "1", "N"],
        ["rollback", "counter", "--to=N"],
        ["revoke", "counter", "--grant=N"],
        ["audit", "--last=N"],
        ["pin", "counter", "N"],
        ["note", "counter", "N", "text"],
        ["mark-stable", "counter", "N"],
        ["release", "counter", "N"],
        ["states", "export", "counter", "--snapshot=N"],
        ["events", "--last=N"],
        ["top", "--rows=N"],
        ["web", "--port=N"],
    ],
    ids=" ".join,
)
def test_a_number_that_nothing_can_carry_is_refused_before_anybody_is_asked(
    desk: Desk, words: list[str], number: str
) -> None:
    if number.startswith("-") and "N" in words:
        words = [*(each for each in words if each != "N"), "--", number]
    answer = desk.run(*(word.replace("N", number) for word in words))
    assert answer.code == 2, answer
    assert answer.out == ""
    assert answer.err.startswith("error: ")


def test_a_folder_that_is_named_like_a_command_is_a_folder(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lists").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "needs a terminal" in desk.run("lists").err


def test_an_error_is_json_too_when_json_is_asked_for(desk: Desk) -> None:
    answer = desk.run("list", "--frob", "--json")
    assert answer.code == 2
    assert answer.json["error"]["kind"] == "UsageError"
    assert "--frob" in answer.json["error"]["message"]


def test_what_comes_after_two_dashes_does_not_ask_for_json(desk: Desk) -> None:
    assert desk.run("check", "--", "--json").out.startswith("refused")


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_help_of_every_command_teaches_with_examples(desk: Desk, entry: Entry) -> None:
    answer = desk.run(*entry.name.split(), "--help")
    assert answer.code == 0
    assert 1 <= len(entry.examples) <= 3
    for example in entry.examples:
        assert f"\n  {example}\n" in answer.out, "a command line is whole, to be copied"
    assert not re.search(r"\b(INT|STR|FLOAT|[Pp]arameter)\b", answer.out), "words of the parser, not of people"
    assert answer.out.endswith(EXIT_CODES)


def test_the_example_of_call_works(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = [entry.examples[0] for entry in COMMANDS if entry.name == "call"]
    desk.install("greeter")
    monkeypatch.chdir(desk.folder.parent)
    answer = desk.run(*shlex.split(example)[1:])
    assert (answer.code, answer.json["ok"]["mood"]) == (0, "cheerful")


def test_help_of_config_has_an_example(desk: Desk) -> None:
    assert "Examples:\n  airssys-tui config path\n" in desk.run("config", "--help").out


def test_help_lists_every_command_once_and_fits(desk: Desk) -> None:
    answer = desk.run("--help")
    assert answer.code == 0
    for entry in COMMANDS:
        word = entry.name.split()[0]
        assert f"\n  {word} " in answer.out, word
    assert SCREEN.examples[0] in answer.out
    assert max(map(len, answer.out.splitlines())) <= 110
    assert "\x1b" not in answer.out


def test_help_ends_with_the_exit_codes_and_leaves_none_out(desk: Desk) -> None:
    assert desk.run("--help").out.endswith(EXIT_CODES)
    assert set(MEANINGS) == set(ExitCode)


def test_ctrl_c_is_the_exit_code_that_help_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("airssys_tui.cli.main.say", interrupted)
    assert main(["--version"]) == 130


def test_the_version(desk: Desk) -> None:
    assert desk.run("--version").out.strip() == __version__


@pytest.mark.parametrize("words", [[], ["run"]], ids=["bare", "run"])
def test_the_screen_without_a_terminal_exits_2_and_names_the_way_without(desk: Desk, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "airssys_tui", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=desk.environment,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert f"run {desk.folder} --headless" in done.stderr
    assert not desk.state_dir.exists(), "nothing was opened"


def test_guest_text_in_errors_and_output_is_made_safe(capsys: pytest.CaptureFixture[str]) -> None:
    error = AdmissionError("\x1b[2Jbad\nsecond", gate=Gate.MAGIC, offset=4, remedy="\x9b1mdo")
    report_error(error, json=True)
    say("\x1b]52;c;x\x07")
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "\x9b" not in said.err
    assert said.err.splitlines()[1] == "  second"
    assert '"offset": 4' in said.out


def test_json_is_harmless_on_a_terminal_and_says_the_same_to_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    text = "é 漢 \x7f \x9b2J \u202e \u2028 \u200b \U000e0041 \x1b[2J"
    answer({"text": text})
    answer_line({"text": text})
    for document in capsys.readouterr().out.split("\n{", 1):
        assert all(char.isprintable() or char == "\n" for char in document), "nothing is obeyed"
        assert "é 漢" in document, "what can be read is left as it is"
        whole = document if document.startswith("{") else "{" + document
        assert json.loads(whole)["text"] == text


def test_a_terminal_that_cannot_show_a_character_does_not_end_a_command(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", narrow)
    assert desk.run("start", "ünbekannt").code == 2
    narrow.flush()
    assert b"\\xfc" in narrow.buffer.getvalue()  # type: ignore[attr-defined]


def test_a_reader_that_goes_away_is_no_traceback(desk: Desk) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "airssys_tui", "config", "show"],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            env=desk.environment,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writer)
    assert done.returncode == 1
    assert done.stderr == ""


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_says_that_it_installs_and_where(tmp_path: Path) -> None:
    words = ["make", "--dry-run", "--directory", str(ROOT), "run", f"VENV={tmp_path}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert f'echo "installing into {tmp_path} …"' in done.stdout
