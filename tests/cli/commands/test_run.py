"""``run --headless``: events as they come, and leaving in good order."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.support.command_line import Desk
from tests.support.places import FIXTURES, RELEASES

LIMIT = 60


def until(process: subprocess.Popen[str], component: str, action: str) -> list[dict[str, object]]:
    """Read events until one of this component with this action comes."""
    seen = []
    assert process.stdout is not None
    for line in process.stdout:
        seen.append(json.loads(line))
        if seen[-1]["component"] == component and seen[-1]["action"] == action:
            return seen
    raise AssertionError(f"no {action} of {component} in {seen}; {process.stderr and process.stderr.read()}")


@pytest.fixture
def running(desk: Desk) -> Iterator[subprocess.Popen[str]]:
    desk.install("counter")
    with desk.spawn("run", str(desk.folder), "--headless", "--json") as process:
        try:
            until(process, "counter", "switched")
            yield process
        finally:
            process.kill()


def test_it_stops_by_itself_and_prints_lines_for_people(desk: Desk) -> None:
    desk.install("counter")
    answer = desk.run("run", desk.folder, "--headless", "--for", "1500ms")
    assert answer.code == 0, answer
    assert "counter r1" in answer.out
    assert "switched" in answer.out
    assert "\x1b" not in answer.out
    (row,) = desk.run("list", "--json").json
    assert (row["id"], row["version"], row["revision"]) == ("counter", "1.0.0", 1)


def test_a_reader_that_closes_the_output_does_not_end_the_runtime(desk: Desk, running: subprocess.Popen[str]) -> None:
    assert running.stdout is not None
    running.stdout.close()  # as `| head -1` does
    assert desk.run("restart", "counter").code == 0
    told = ""
    deadline = time.monotonic() + LIMIT
    while "prints nothing more" not in told:
        assert time.monotonic() < deadline, told
        told = desk.run("events").out
    assert desk.run("call", "counter", "get").code == 0
    assert running.poll() is None
    running.send_signal(signal.SIGTERM)
    assert running.wait(LIMIT) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_saves_the_state_and_leaves_with_0(
    desk: Desk, running: subprocess.Popen[str], number: signal.Signals
) -> None:
    running.send_signal(number)
    out, err = running.communicate(timeout=LIMIT)
    assert running.returncode == 0, err
    assert any("closed" in json.loads(line)["text"] for line in out.splitlines())
    assert not (desk.state_dir / "owner.json").exists(), "left in good order"
    (row,) = desk.run("list", "--json").json
    assert row["state_bytes"] == len("count=0;")


def test_events_tell_a_reload_and_a_refusal_as_they_happen(desk: Desk, running: subprocess.Popen[str]) -> None:
    desk.install("counter", RELEASES / "1.1.0")
    seen = until(running, "counter", "switched")
    assert [event["seq"] for event in seen] == sorted(event["seq"] for event in seen)
    assert "1.1.0" in seen[-1]["text"]
    desk.install("counter", RELEASES / "1.2.0")
    assert "probe" in str(until(running, "counter", "refused")[-1]["text"])
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=LIMIT)
    assert running.returncode == 0


def test_a_second_runtime_on_the_same_state_is_refused_and_names_the_owner(
    desk: Desk, running: subprocess.Popen[str]
) -> None:
    answer = desk.run("run", desk.folder, "--headless", "--for", "1s", "--json")
    assert answer.code == 1
    assert answer.json["error"]["kind"] == "StateLocked"
    assert str(running.pid) in answer.json["error"]["message"]
    assert desk.run("list", "--json").json[0]["state"] == "running", "reading works beside an owner"


def test_after_a_kill_the_next_start_finds_it_as_it_was(desk: Desk, running: subprocess.Popen[str]) -> None:
    running.kill()
    running.wait(timeout=LIMIT)
    answer = desk.run("call", "--live", "counter", "get")
    assert (answer.code, answer.out) == (0, "0\n"), answer


def test_an_empty_folder_runs(desk: Desk) -> None:
    answer = desk.run("run", desk.folder, "--headless", "--for", "300ms", "--json")
    assert answer.code == 0
    assert all(json.loads(line)["seq"] for line in answer.out.splitlines())


def test_a_component_that_is_compiled_in_a_child_process_comes_up(desk: Desk, running: subprocess.Popen[str]) -> None:
    shutil.copy(FIXTURES / "javascript-tally" / "javascript-tally.wasm", desk.folder)
    seen = until(running, "javascript-tally", "switched")
    assert seen[-1]["revision"] == 1


def test_beside_an_owner_the_list_shows_what_was_recorded_last(desk: Desk, running: subprocess.Popen[str]) -> None:
    desk.install("wasi-hello")
    until(running, "wasi-hello", "completed")
    deadline = time.monotonic() + LIMIT
    states: dict[str, str] = {}
    while states != {"counter": "running", "wasi-hello": "stopped"}:  # the owner records in batches
        assert time.monotonic() < deadline, states
        states = {row["id"]: row["state"] for row in desk.run("list", "--json").json}


def test_a_number_alone_is_seconds(desk: Desk) -> None:
    assert desk.run("run", desk.folder, "--headless", "--for", "0").code == 0


def test_detached_it_runs_on_until_it_is_told_to_stop(desk: Desk) -> None:
    desk.install("counter")
    answer = desk.run("run", desk.folder, "--detach", "--json")
    assert answer.code == 0, answer
    pid = int(re.fullmatch(r"(?s)runs in pid (\d+), .*attach .*", answer.out)[1])  # type: ignore[index]
    try:
        assert os.getsid(pid) == pid, "no terminal ends it"
        assert desk.run("call", "counter", "increment", "3").code == 0
        again = desk.run("run", desk.folder, "--detach")
        assert (again.code, f"in pid {pid}" in again.err) == (2, True), again
        log = desk.state_dir / "logs" / "run.log"
        assert any(json.loads(line)["component"] == "counter" for line in log.read_text().splitlines())
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
    assert desk.run("call", "--live", "counter", "get").out.strip() == "3"


def test_a_detached_run_that_ends_at_once_says_why(desk: Desk) -> None:
    answer = desk.run("run", desk.folder, "--detach", "--policy", desk.folder / "none.toml")
    assert answer.code == 1
    assert "none.toml" in answer.err
    assert "run.log" in answer.err
