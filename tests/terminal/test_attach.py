"""Screens, a runtime without one, and commands on the same components: whoever dies, the others go on."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.places import HOSTILE
from tests.support.terminal.harness import Terminal
from tests.support.terminal.scratch import PROGRAM, Scratch, headless, point_at

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def runtime(scratch: Scratch) -> Iterator[subprocess.Popen[str]]:
    with headless(scratch) as started:
        yield started


def settled(term: Terminal) -> str:
    """Wait until the picture is that of a screen that is connected."""
    term.wait(lambda text: "Disconnected" not in text and "STALE" not in text, "a live screen")
    return term.wait_row("counter", "running")


def each_once(text: str) -> bool:
    """Whether the table has one row per component: what was stale is painted over."""
    names = ("clockwork", "counter", "crasher", "greeter", "hoarder", "ledger", "primes")
    return all(len(re.findall(rf"^..{name} +● running", text, re.MULTILINE)) == 1 for name in names)


def test_screens_commands_and_a_runtime_act_together(scratch: Scratch, runtime: subprocess.Popen[str]) -> None:
    with scratch.screen("attach") as one, scratch.screen("attach") as two:
        settled(one)
        settled(two)
        assert scratch.ask("call", "counter", "increment", "4").strip() == "4"
        scratch.ask("stop", "counter")
        one.wait_row("counter", "stopped")
        two.wait_row("counter", "stopped")
        point_at(one, "counter")
        one.send("s")
        two.wait_row("counter", "running")
        assert scratch.ask("call", "counter", "get").strip() == "4", "the one that runs is called, and kept its state"
        scratch.install("1.1.0")
        one.wait_row("counter", "running", "1.1.0 r2")
        two.wait_row("counter", "running", "1.1.0 r2")
        assert "serves r3 (1.0.0)" in scratch.ask("rollback", "counter")
        one.wait_row("counter", "running", "1.0.0", "held")
        two.wait_row("counter", "running", "1.0.0", "held")
        (row,) = [row for row in json.loads(scratch.ask("list", "--json")) if row["id"] == "counter"]
        assert (row["version"], row["state"], row["held"]) == ("1.0.0", "running", ["1.1.0"])
        assert row["meters"]["memory"] > 0, "what runs is asked, not what is recorded"
        findings = {row["name"]: row["value"] for row in json.loads(scratch.ask("doctor", "--json"))}
        assert str(runtime.pid) in findings["owner"]
        assert "2 screens" in findings["control socket"]

        one.send("q")
        assert one.wait_exit() == 0, "leaving asks nothing: the components run on"
        assert f"the components keep running in pid {runtime.pid}" in one.text
        assert one.is_restored()
        assert "running" in settled(two)
    assert runtime.poll() is None
    assert scratch.ask("call", "counter", "get").strip() == "4"


def test_a_screen_serves_the_others_like_a_runtime_alone(scratch: Scratch) -> None:
    with scratch.screen() as owner, contextlib.ExitStack() as opened:
        settled(owner)
        other = opened.enter_context(scratch.screen("attach"))
        settled(other)
        scratch.ask("stop", "counter")
        owner.wait_row("counter", "stopped")
        other.wait_row("counter", "stopped")
        owner.send("ctrl+q")
        assert owner.wait_exit() == 0
        other.wait_text("Disconnected from the runtime", f"pid {owner.process.pid} stopped", "Reconnecting")
        assert "stopped" in other.wait_row("counter", "1.0.0"), "what was seen stays"
        other.send("ctrl+q")
        assert other.wait_exit() == 0


def test_a_front_end_that_is_killed_harms_nobody(scratch: Scratch, runtime: subprocess.Popen[str]) -> None:
    with scratch.screen("attach") as victim, scratch.screen("attach") as other:
        settled(victim)
        settled(other)
        command = subprocess.Popen(
            [*PROGRAM, "call", "primes", "count-below", "2000000"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **scratch.environment},
        )
        victim.signal(signal.SIGKILL)
        command.kill()
        assert victim.wait_exit() == -signal.SIGKILL
        command.wait(timeout=20)
        scratch.ask("stop", "counter")
        other.wait_row("counter", "stopped")
        point_at(other, "counter")
        other.send("s")
        other.wait_row("counter", "running")
        assert runtime.poll() is None
        other.send("ctrl+q")
        assert other.wait_exit() == 0


def test_a_runtime_that_is_killed_is_told_and_found_again(scratch: Scratch, runtime: subprocess.Popen[str]) -> None:
    with scratch.screen("attach") as one, scratch.screen("attach", "--readonly") as two:
        settled(one)
        settled(two)
        point_at(one, "counter")
        runtime.kill()
        for term in (one, two):
            term.wait_text("Disconnected from the runtime", f"pid {runtime.pid} ended", "Reconnecting", "STALE")
            assert "1.0.0" in term.wait_row("counter", "running"), "what was seen stays"
        one.send("x")
        one.wait_text("disconnected")
        one.send("escape")
        with headless(scratch) as again:
            for term in (one, two):
                settled(term)
                term.wait(each_once, "every component in one row")
            scratch.ask("stop", "counter")
            one.wait_row("counter", "stopped")
            two.wait_row("counter", "stopped")
            one.send("q")
            assert one.wait_exit() == 0
            assert f"pid {again.pid}" in one.text


def test_readonly_has_no_way_to_change_anything(scratch: Scratch, runtime: subprocess.Popen[str]) -> None:
    with scratch.screen("attach", "--readonly") as term:
        settled(term)
        term.wait_text("READ-ONLY")
        point_at(term, "counter")
        term.send("x", "z", "r", "R", "D", "v")
        term.wait_text("versions")
        term.send("escape")
        assert "1.0.0 r1" in term.wait_row("counter", "running")
    assert [row["number"] for row in json.loads(scratch.ask("versions", "counter", "--json"))] == [1]
    assert runtime.poll() is None


def test_hostile_text_is_only_text_on_its_way_through_the_socket(scratch: Scratch) -> None:
    shutil.copytree(HOSTILE, scratch.folder / "hostile", ignore=shutil.ignore_patterns("src", "wit"))
    with headless(scratch), scratch.screen("attach") as term:
        term.wait_row("hostile", "running", "1.0.0")
        term.send("5")
        term.wait_text("[/foo]", "␛[2J")
        term.send("1")
        term.wait_row("hostile", "running")
        said = "".join(scratch.ask(*words) for words in (["list"], ["describe", "hostile"], ["versions", "hostile"]))
        term.send("ctrl+q")
        assert term.wait_exit() == 0
    for obeyed in (b"\x1b]52;", b"\x1b]0;owned", b"\x1bP+q"):
        assert obeyed not in term.raw
    assert "hostile" in said
    assert "\x1b" not in said


def test_a_second_screen_on_the_folder_names_the_way_to_attach(
    scratch: Scratch, runtime: subprocess.Popen[str]
) -> None:
    with scratch.screen() as term:
        term.wait_text("in use", str(runtime.pid), f"airssys-tui attach {scratch.folder}")
        term.send("ctrl+q")
        assert term.wait_exit() == 1


def test_attaching_to_nothing_says_how_to_start_it(scratch: Scratch) -> None:
    with scratch.screen("attach") as term:
        assert term.wait_exit() == 1
        term.wait_text("not running", "start it: airssys-tui")


def test_a_runtime_that_hangs_is_not_taken_for_a_live_one(scratch: Scratch, runtime: subprocess.Popen[str]) -> None:
    with scratch.screen("attach") as term:
        settled(term)
        runtime.send_signal(signal.SIGSTOP)
        try:
            term.wait_text("Disconnected from the runtime", f"pid {runtime.pid} has said nothing for", timeout=60)
        finally:
            runtime.send_signal(signal.SIGCONT)
        settled(term)
