"""A call that waits for the operator, in a real terminal: a notice says so on another screen, and it goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.terminal.scratch import PROGRAM, Scratch

LAST = "airssys:file-tail/tail@1.0.0#last"


@pytest.fixture
def log(scratch: Scratch, tmp_path: Path) -> Path:
    """Have the sample wait for answers, and ask for the logs of the test; return one of them."""
    written = tmp_path / "a.log"
    written.write_text("one\ntwo\n")
    for other in scratch.folder.iterdir():
        if other.name != "file-tail":
            shutil.rmtree(other)
    manifest = scratch.folder / "file-tail" / "Component.toml"
    said = manifest.read_text().replace("/tmp/*.log", f"{tmp_path}/*.log").replace('"2s"', '"10m"')
    manifest.write_text(f'{said}\n[security]\nwait_for_answer = "5m"\n')
    return written


@contextmanager
def calling(scratch: Scratch, log: Path) -> Iterator[subprocess.Popen[str]]:
    words = [*PROGRAM, "call", "file-tail", LAST, str(log), "1"]
    environment = {**os.environ, **scratch.environment}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def test_one_key_on_the_screen_of_questions_lets_a_call_go_on(scratch: Scratch, log: Path) -> None:
    with scratch.screen() as term:
        term.wait_row("file-tail", "running", timeout=90)
        with calling(scratch, log) as call:
            term.send("6")
            term.wait_text("1 open question", "waits 4m", "a call of airssys:file-tail/tail@1.0.0#last waits")
            assert call.poll() is None
            term.send("a")
            term.wait_text("no open questions")
            answered, _ = call.communicate(timeout=60)
        assert "two" in answered
        assert "used-once" in scratch.ask("audit", "file-tail", "--json")
        term.send("ctrl+q")
        assert term.wait_exit() == 0


def test_the_notice_names_a_key_that_answers_from_where_it_is_shown(scratch: Scratch, log: Path) -> None:
    with scratch.screen() as term:
        term.wait_row("file-tail", "running", timeout=90)
        with calling(scratch, log) as call:
            term.wait_text("ctrl+o")  # a long text is wrapped
            term.send("ctrl+o")
            term.wait_text("file-tail asks", "it shows the ends of log files", "a once", "R deny always")
            term.send("a")
            answered, _ = call.communicate(timeout=60)
        assert "two" in answered
        term.wait_row("file-tail", "running", timeout=90)
        term.send("ctrl+q")
        assert term.wait_exit() == 0
