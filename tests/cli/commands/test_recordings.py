"""``recordings`` and ``replay`` on a runtime reached over its socket, and without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.cli.commands import recordings
from tests.support.api.sockets import client, serving
from tests.support.command_line import Desk
from tests.support.components import STATELESS, Crafted
from tests.support.world import World

RECORD = "[state]\nrecord = 3\n"


@pytest.fixture
def recorded(desk: Desk, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Give a runtime in which calls of a component were recorded; commands reach it over a socket."""
    world.open()
    world.install("crafted", Crafted(exports=STATELESS), RECORD, version="1.0.0")
    for by in (1, 2, 3, 4):
        world.call("crafted", "add", by)
    with serving(world.runtime, tmp_path / "s") as server, client(server.path) as remote:

        def ask(_site: object, question: Callable[[Any], Any]) -> Any:
            return question(remote).result(30)

        monkeypatch.setattr(recordings, "ask", ask)
        yield world


@pytest.mark.usefixtures("recorded")
def test_the_last_calls_are_listed_newest_first(desk: Desk) -> None:
    lines = desk.run("recordings", "crafted").out.splitlines()
    assert lines[0].split()[:4] == ["CALL", "EXPORT", "ARGUMENTS", "RESULT"]
    assert [line.split()[:5] for line in lines[1:4]] == [
        ["4", "add", "[4]", "10", "r1"],
        ["3", "add", "[3]", "6", "r1"],
        ["2", "add", "[2]", "3", "r1"],
    ]
    assert lines[4].startswith("3 of 3 calls, ")
    told = desk.run("recordings", "crafted", "--json").json
    assert [(call["number"], call["result"], call["gap"]) for call in told["calls"]] == [
        (4, "10", ""),
        (3, "6", ""),
        (2, "3", ""),
    ]


@pytest.mark.usefixtures("recorded")
def test_a_call_is_run_again(desk: Desk) -> None:
    for asked in ((), ("4",)):
        done = desk.run("replay", "crafted", *asked)
        assert (done.code, done.out[:28]) == (0, "same  call 4  add[4]  r1  fu")
    every = desk.run("replay", "crafted", "--all")
    assert (every.code, every.out.splitlines()[-1]) == (0, "3 of 3 calls did the same")


def test_another_revision_says_where_it_differs(desk: Desk, recorded: World) -> None:
    recorded.install(
        "crafted", Crafted(exports=STATELESS, add="(local.set $by (i64.const 2))"), RECORD, version="2.0.0"
    )
    done = desk.run("replay", "crafted", "--all", "--revision", "2")
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[0].startswith("differs  call 2  add[2]  r1 in r2  fuel ")
    assert "call 1 (`add`) differs before it" in lines[1]
    assert [line.strip() for line in lines[2:5]] == ["result", "recorded 3", "replayed 4"]
    assert lines[-1] == "1 of 3 calls did the same", "6 is 2 + 2 + 2"
    told = desk.run("replay", "crafted", "2", "--revision", "2", "--json")
    assert told.code == 1
    (one,) = told.json["calls"]
    assert (one["outcome"], one["differences"]) == (
        "differs",
        [{"kind": "other-result", "host_call": None, "recorded": "3", "replayed": "4"}],
    )


def test_what_is_not_recorded_is_said(desk: Desk, recorded: World) -> None:
    recorded.install("plain", Crafted(exports=STATELESS))
    assert "set `record = 20` under [state]" in desk.run("recordings", "plain").out
    assert desk.run("replay", "crafted", "4", "--all").code == 2


def test_without_a_runtime_there_is_nothing(desk: Desk) -> None:
    desk.install("counter")
    for command in ("recordings", "replay"):
        done = desk.run(command, "counter")
        assert done.code == 1
        assert "airssys-tui run" in done.err
