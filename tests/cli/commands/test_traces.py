"""``traces``: the steps of calls as a tree."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from airssys_tui.api.played.custom_series import traces as played
from airssys_tui.api.views.components import ComponentView
from airssys_tui.cli.commands import traces
from airssys_tui.core.lifecycle import State
from tests.support.command_line import Desk

COUNTER = ComponentView(id="counter", state=State.RUNNING)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Told:
        def traces(self, component: str, _trace: str = "") -> Future[Any]:
            answer: Future[Any] = Future()
            answer.set_result(played(COUNTER, 1e9) if component == "counter" else ())
            return answer

    def ask(_site: object, question: Callable[[Told], Future[Any]]) -> Any:
        return question(Told()).result()

    monkeypatch.setattr(traces, "ask", ask)


@pytest.mark.usefixtures("told")
def test_calls_are_told_newest_first_as_trees(desk: Desk) -> None:
    lines = desk.run("traces", "counter", "--last", "2").out.splitlines()
    assert "increment  1.80 ms  done" in lines[0]
    assert lines[1:5] == [
        "  increment  1.80 ms",
        "    by: 3",
        "    check the total  0.40 ms",
        "    remember  1.00 ms",
    ]
    assert "failed" in lines[5]
    assert lines[9] == "    remember  1.00 ms  error: the storage is full"
    assert len(lines) == 10


@pytest.mark.usefixtures("told")
def test_json_has_every_field(desk: Desk) -> None:
    found = desk.run("traces", "counter", "--json").json
    assert [trace["failed"] for trace in found] == [False, True, False, False]
    assert found[0]["spans"][1]["parent"] == 1
    assert "goes_on" not in found[0]


@pytest.mark.usefixtures("told")
def test_steps_within_steps_are_set_in_and_what_goes_on_says_so(desk: Desk) -> None:
    lines = desk.run("traces", "counter").out.splitlines()
    assert lines[-8:] == [
        "    read what is kept  31.00 ms",
        "      keys: 128",
        "      from: the namespace of the component, in the order of keys",
        "      first page  14.00 ms",
        "      second page  15.50 ms",
        "    add it up  12.00 ms",
        "    tell the others  running",
        "  7 more were dropped",
    ]


@pytest.mark.usefixtures("told")
def test_who_told_nothing(desk: Desk) -> None:
    answer = desk.run("traces", "quiet")
    assert (answer.code, answer.out, answer.err) == (0, "", "quiet has no traces\n")


def test_without_a_runtime_there_is_nothing_to_tell(desk: Desk) -> None:
    assert desk.run("traces", "counter").code == 1
    assert desk.run("traces", "counter", "--last", "0").code == 2
