"""``logs`` and ``events``: beside a running runtime, after it, and while it goes away."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import LIMIT, Desk, eventually
from tests.support.places import FIXTURES


@contextlib.contextmanager
def headless(desk: Desk, component: str = "counter") -> Iterator[subprocess.Popen[str]]:
    with desk.spawn("run", str(desk.folder), "--headless", "--json") as process:
        try:
            assert process.stdout is not None
            assert any(f'"component":"{component}"' in line and '"switched"' in line for line in process.stdout)
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """Read so many lines of a process's output, each as soon as it is there."""
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


@pytest.fixture
def running(desk: Desk) -> Iterator[Desk]:
    desk.install("counter")
    with headless(desk):
        yield desk


def test_logs_of_a_component_by_level_age_and_expression(running: Desk) -> None:
    for by in ("1", "2"):
        assert running.run("call", "--live", "counter", "increment", by).code == 0
    told = running.run("logs", "counter", "--json").json
    assert told
    assert {event["kind"] for event in told} == {"log"}
    assert {event["component"] for event in told} == {"counter"}
    texts = [event["text"] for event in told]
    assert running.run("logs", "counter").out.splitlines()[0].endswith(texts[0])
    word = texts[0].split()[0]
    matching = running.run("logs", "counter", "--grep", f"^{re.escape(word)}", "--json").json
    assert [event["text"] for event in matching] == [text for text in texts if text.startswith(word)]
    assert running.run("logs", "counter", "--grep", "no such text", "--json").json == []
    assert running.run("logs", "counter", "--level", "error", "--json").json == []
    assert running.run("logs", "counter", "--since", "2099-01-01", "--json").json == []
    assert running.run("logs", "counter", "--since", "1h", "--last", "1", "--json").json == told[-1:]
    assert running.run("logs", "counter", "--last", "0", "--json").json == []


def test_logs_of_several_components_come_in_one_order(running: Desk) -> None:
    target = running.folder / "tally"
    shutil.copytree(running.folder / "counter", target)
    manifest = target / "Component.toml"
    manifest.write_text(manifest.read_text().replace('"counter"', '"tally"', 1).replace("counter.wasm", "tally.wasm"))
    (target / "counter.wasm").rename(target / "tally.wasm")
    eventually(lambda: running.run("call", "--live", "tally", "increment", "1").code == 0)
    assert running.run("call", "--live", "counter", "increment", "1").code == 0
    both = running.run("logs", "tally", "counter", "--json").json
    assert {event["component"] for event in both} == {"counter", "tally"}
    assert [event["seq"] for event in both] == sorted(event["seq"] for event in both)
    assert running.run("logs", "--json").json == both, "without a name: of all"
    assert running.run("logs", "counter", "tally", "--tail", "1", "--json").json == both[-1:]
    assert running.run("logs", "counter", "nope").code == 1
    with running.spawn("logs", "counter", "tally", "-f", "--tail", "2") as following:
        try:
            assert [line.split()[3] for line in lines(following, 2)] == [event["component"] for event in both[-2:]]
        finally:
            following.kill()
    for words in (("ls",), ("ps", "--json"), ("list",)):
        assert "tally" in running.run(*words).out
    preview = running.run("rollback", "counter", "--dry-run")
    assert preview.code == 1, "there is no earlier revision to go back to"
    assert "Roll back to an earlier revision" in running.run("help", "rollback").out
    assert running.run("help").out == running.run("--help").out


def test_events_by_component_kind_and_level(running: Desk) -> None:
    assert running.run("restart", "counter").code == 0
    every = running.run("events", "--json").json
    assert {"system", "decision", "lifecycle"} <= {event["kind"] for event in every}
    assert "log" not in {event["kind"] for event in every}, "logs are asked for by name"
    decisions = running.run("events", "counter", "--kind", "decision", "--json").json
    assert {event["kind"] for event in decisions} == {"decision"}
    assert any(event["action"] == "switched" for event in decisions)
    two = running.run("events", "--kind", "decision", "--kind", "lifecycle", "--json").json
    assert {event["kind"] for event in two} == {"decision", "lifecycle"}
    assert running.run("events", "counter", "--level", "error", "--json").json == []
    assert running.run("events", "nope").code == 1


def test_events_are_told_from_what_was_recorded_while_nothing_runs_and_logs_are_not(desk: Desk) -> None:
    desk.install("counter")
    assert desk.run("call", "--live", "counter", "get").code == 0
    told = desk.run("events", "--json").json
    assert [event["at"] for event in told] == sorted(event["at"] for event in told), "decisions and events in one order"
    assert {"switched", "opened", "closed"} <= {event["action"] for event in told}
    assert desk.run("events", "counter", "--kind", "decision", "--last", "1").out.count("\n") == 1
    for words in (["logs", "counter"], ["logs", "counter", "--follow"], ["events", "--follow"]):
        answer = desk.run(*words)
        assert answer.code == 1, answer
        assert "no process runs" in answer.err
        assert f"the state directory {desk.state_dir}" in answer.err
    assert "exist only while a runtime runs" in desk.run("logs", "counter").err


def test_what_comes_is_followed_until_the_runtime_goes_and_that_is_said(desk: Desk) -> None:
    desk.install("counter")
    with headless(desk) as runtime, desk.spawn("events", "--follow", "--json", "--kind", "operator") as following:
        try:
            eventually(lambda: desk.run("restart", "counter").code == 0)
            assert json.loads(lines(following, 1)[0])["action"] == "restart", "at once, though nobody closed it"
            runtime.kill()
            assert following.wait(timeout=LIMIT) == 1
            assert following.stderr is not None
            assert "disconnected" in following.stderr.read()
        finally:
            following.kill()


def test_logs_are_followed_from_where_they_begin(running: Desk) -> None:
    assert running.run("call", "--live", "counter", "increment", "1").code == 0
    before = running.run("logs", "counter", "--json").json
    with running.spawn("logs", "counter", "--follow", "--last", "1") as following:
        try:
            assert lines(following, 1)[0].endswith(before[-1]["text"])
            assert running.run("restart", "counter").code == 0
            assert "counter" in lines(following, 1)[0]
            following.send_signal(signal.SIGINT)
            assert following.wait(timeout=LIMIT) == 130
            assert following.stderr is not None
            assert following.stderr.read() == "", "ctrl+c is no error"
        finally:
            following.kill()


def test_a_reader_that_goes_away_ends_following_without_a_word(running: Desk) -> None:
    with running.spawn("events", "--follow") as following:
        try:
            lines(following, 1)
            assert following.stdout is not None
            following.stdout.close()
            eventually(lambda: running.run("restart", "counter").code == 0 and following.poll() is not None)
            assert following.stderr is not None
            assert following.stderr.read() == ""
        finally:
            following.kill()


def test_an_unknown_component_is_not_followed(running: Desk) -> None:
    answer = running.run("logs", "nope", "--follow")
    assert answer.code == 1
    assert "nope" in answer.err


def test_what_a_hostile_component_writes_reaches_no_terminal(desk: Desk) -> None:
    desk.install("hostile", FIXTURES / "hostile")
    with headless(desk, "hostile"):
        for words in (["logs", "hostile"], ["events"], ["list"], ["describe", "hostile"], ["explain", "hostile"],
                      ["top", "--once"], ["stats"], ["stats", "hostile"], ["versions", "hostile"]):  # fmt: skip
            answer = desk.run(*words)
            assert answer.code == 0, answer
            assert answer.out
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", answer.out + answer.err)


@pytest.mark.parametrize(
    "words",
    [
        ["logs", "counter", "--grep", "("],
        ["logs", "counter", "--since", "soon"],
        ["events", "--kind", "gossip"],
        ["events", "--level", "loud"],
        ["events", "--last", "-1"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_said(desk: Desk, words: list[str]) -> None:
    assert desk.run(*words).code == 2


def test_a_time_without_a_zone_is_a_local_one(desk: Desk, tmp_path: Path) -> None:
    desk.install("counter")
    assert desk.run("call", "--live", "counter", "get").code == 0
    first = desk.run("events", "--json").json[0]["at"]
    from datetime import datetime

    moment = datetime.fromtimestamp(first + 3600).isoformat(timespec="seconds")  # noqa: DTZ006 - local on purpose
    assert desk.run("events", "--since", moment, "--json").json == []
    assert desk.run("events", "--since", "1h", "--json").json[0]["at"] == first
