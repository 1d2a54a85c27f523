"""Commands ask the runtime that runs; while none does, what stands in for it says so."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_tui.api.commands import Reload, Restart, Rollback, Start, Stop
from airssys_tui.api.played import scenes
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.socket.connection import ServingLimits
from airssys_tui.api.socket.server import ControlServer
from airssys_tui.api.views.runtime import Phase, WatchView
from airssys_tui.cli.reaching import reach
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import StatePolicy
from airssys_tui.core.text import one_line
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.paths import as_given, control_path
from tests.support.command_line import Desk


@pytest.fixture
def running(desk: Desk) -> Iterator[PlayedRuntime]:
    """A played runtime that serves the desk's folder."""
    desk.state_dir.mkdir()
    runtime = scenes.mixed(scenes.still)
    server = ControlServer(runtime, control_path(desk.state_dir), folder=str(desk.folder.resolve()))
    yield runtime
    server.close()


def test_what_runs_is_listed_not_what_is_recorded(desk: Desk, running: PlayedRuntime) -> None:
    listed = {row["id"]: row for row in desk.run("list", "--json").json}
    shown = {view.id: view for view in running.snapshot().components}
    assert listed.keys() == shown.keys()
    assert listed["counter"]["meters"]["fuel"] == shown["counter"].meters.fuel
    assert "counter" in desk.run("list").out
    assert desk.run("describe", "counter", "--json").json["exports"]
    assert [row["number"] for row in desk.run("versions", "counter", "--json").json][-1] == 1


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["stop", "counter"], Stop("counter")),
        (["restart", "counter"], Restart("counter")),
        (["rollback", "counter"], Rollback("counter")),
        (
            ["rollback", "counter", "--to", "1", "--state", "fresh", "--note", "why"],
            Rollback("counter", to=1, state=StatePolicy.FRESH, note="why"),
        ),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else "",
)
def test_commands_are_carried_out_by_what_runs(
    desk: Desk, running: PlayedRuntime, words: list[str], command: object
) -> None:
    answer = desk.run(*words)
    assert (answer.code, answer.err) == (0, "")
    assert "counter" in answer.out
    assert running.commands == [command]


def test_stop_and_start_act_at_once(desk: Desk, running: PlayedRuntime) -> None:
    assert desk.run("stop", "counter").code == 0
    assert running.get("counter").view.state is State.STOPPED
    assert "next" not in desk.run("start", "counter").out
    assert running.get("counter").view.state is State.RUNNING
    assert running.commands == [Stop("counter"), Start("counter", wait=False)]


def test_errors_of_the_runtime_are_said_as_they_are(desk: Desk, running: PlayedRuntime) -> None:
    assert desk.run("reload", "counter", "--force").code == 0
    assert running.commands == [Reload("counter", force=True)]
    answer = desk.run("start", "counter", "--json")
    assert answer.code == 1
    assert answer.json["error"]["kind"] == "TransitionError"
    unknown = desk.run("stop", "nobody")
    assert unknown.code == 1
    assert "unknown component" in unknown.err
    assert "→" in unknown.err


def test_a_name_that_is_no_path_is_a_component_that_runs(desk: Desk, running: PlayedRuntime) -> None:
    export = running.get("counter").describe(()).exports[0].split(":")[0]
    live = desk.run("call", "counter", export, "3")
    assert (live.code, live.out) == (0, "3\n")
    assert desk.run("call", "--live", "counter", export, "4").out == "4\n"
    assert desk.run("call", "nobody", export).code == 1
    missing = desk.run("call", "./counter.wasm", export)
    assert missing.code == 1
    assert "there is no file" in missing.err


def test_without_a_runtime_a_name_that_is_no_path_is_nothing(desk: Desk) -> None:
    answer = desk.run("call", "counter", "get")
    assert answer.code == 1
    assert "there is no file counter, and no process runs" in answer.err
    assert "--live" in answer.err


def test_the_runtime_of_another_folder_is_left_alone(desk: Desk, running: PlayedRuntime, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for words in (["list"], ["stop", "counter"], ["call", "--live", "counter", "get"]):
        answer = desk.run(*words, "--folder", other)
        assert answer.code == 1
        assert str(desk.folder.resolve()) in answer.err
    assert running.commands == []


@pytest.mark.parametrize("name", [b"\x1b[2J", b"\xff\xfe", "\u202egnp".encode()], ids=["control", "bytes", "bidi"])
def test_a_folder_whose_name_is_no_plain_text_is_itself(desk: Desk, name: bytes) -> None:
    folder = desk.folder / os.fsdecode(name)
    folder.mkdir()
    desk.state_dir.mkdir()
    runtime = scenes.mixed(scenes.still)
    server = ControlServer(runtime, control_path(desk.state_dir), folder=str(folder.resolve()))
    try:
        answer = desk.run("list", "--folder", folder)
        assert (answer.code, answer.err) == (0, "")
        assert "counter" in answer.out
    finally:
        server.close()


@pytest.mark.parametrize("asked", ["link", "real", "dotted"])
@pytest.mark.parametrize("served", ["link", "real"])
def test_a_folder_is_the_same_under_each_of_its_names(desk: Desk, served: str, asked: str) -> None:
    root = desk.folder.parent
    (root / "release").mkdir()
    (root / "current").symlink_to("release")
    names = {"link": root / "current", "real": root / "release", "dotted": root / "release" / ".." / "current"}
    desk.state_dir.mkdir()
    server = ControlServer(
        scenes.mixed(scenes.still), control_path(desk.state_dir), folder=str(as_given(names[served]))
    )
    try:
        assert desk.run("list", "--folder", names[asked]).code == 0
        (root / "next").mkdir()
        (root / "new").symlink_to("next")
        (root / "new").replace(root / "current")
        swapped = desk.run("list", "--folder", root / "current")
        assert swapped.code == (0 if served == "link" else 1), "a runtime of the link follows it"
        assert desk.run("list", "--folder", names["real"]).code == (1 if served == "link" else 0)
    finally:
        server.close()


def test_a_socket_that_nobody_listens_to_is_no_runtime(desk: Desk) -> None:
    with StateDirectory.open(desk.state_dir, folder=desk.folder) as state:
        state.catalog.upsert_component("counter", "counter", at=1.0)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(control_path(desk.state_dir)))
    assert [row["id"] for row in desk.run("list", "--json").json] == ["counter"]
    stopped = desk.run("stop", "counter")
    assert stopped.code == 0
    assert "will stay stopped at the next start" in stopped.out
    found = {row["name"]: row["value"] for row in desk.run("doctor", "--json").json}
    assert "killed" in found["control socket"]


def test_an_owner_that_does_not_serve_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "OPENING", 0.1)
    with StateDirectory.open(desk.state_dir, folder=desk.folder):
        answer = desk.run("restart", "counter")
    assert answer.code == 1
    assert f"pid {os.getpid()}" in answer.err
    assert "--state-dir" in answer.err


def test_a_runtime_that_comes_up_is_waited_for(
    desk: Desk, running: PlayedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.phase = Phase.STARTING
    looks: list[float] = []

    def look(seconds: float) -> None:
        looks.append(seconds)
        running.phase = Phase.RUNNING

    monkeypatch.setattr(reach.time, "sleep", look)
    assert desk.run("restart", "counter").code == 0
    assert len(looks) == 1
    running.phase = Phase.STARTING
    monkeypatch.setattr(reach, "SETTLE", 0.0)
    answer = desk.run("restart", "counter")
    assert answer.code == 1
    assert "did not come up" in answer.err


def test_doctor_tells_how_the_socket_is_used(desk: Desk, running: PlayedRuntime) -> None:
    found = {row["name"]: row for row in desk.run("doctor", "--json").json}["control socket"]
    assert found["ok"]
    assert found["value"].startswith(f"pid {os.getpid()} serves nobody now; 1 so far")


@pytest.mark.parametrize(
    ("view", "said", "ok"),
    [
        (WatchView(), "native + survey (every 5 s)", True),
        (WatchView(missed=3), "native + survey (every 5 s, the survey found 3 that the watcher missed)", True),
        (WatchView("polling", one_line("asked for"), 2.0), "polling (asked for)", True),
        (WatchView("polling", one_line("no room"), 2.0), "polling (no room)", False),
        (
            WatchView("stopped", one_line("x is gone; waiting for it"), 0.0),
            "stopped (x is gone; waiting for it)",
            False,
        ),
    ],
)
def test_doctor_tells_how_the_folder_is_watched(
    desk: Desk, running: PlayedRuntime, view: WatchView, said: str, ok: bool
) -> None:
    running.watch = view
    found = {row["name"]: row for row in desk.run("doctor", "--json").json}["watching"]
    assert (found["value"], found["ok"], bool(found["remedy"])) == (said, ok, not ok)


def test_a_runtime_that_serves_no_more_clients_says_so(desk: Desk) -> None:
    desk.state_dir.mkdir()
    server = ControlServer(scenes.mixed(scenes.still), control_path(desk.state_dir), limits=ServingLimits(clients=0))
    try:
        answer = desk.run("list")
        assert answer.code == 1
        assert "too many at once" in answer.err
        report = {row["name"]: row for row in desk.run("doctor", "--json").json}["control socket"]
        assert not report["ok"]
        assert report["remedy"]
    finally:
        server.close()


def test_a_folder_that_cannot_have_a_socket_runs_all_the_same(desk: Desk) -> None:
    desk.state_dir.mkdir()
    control_path(desk.state_dir).mkdir()
    with desk.spawn("run", "--headless") as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "no control socket" in said and " 0 components" in said:
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert "cannot reach this runtime" in said
