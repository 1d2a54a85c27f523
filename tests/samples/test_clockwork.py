"""The clockwork: ticks, alarms that outlive a reload, dice whose rolling can be looked at."""

from __future__ import annotations

import re
from typing import Any

import pytest

from airssys_tui.core.types.values import Err, Ok, Some
from tests.support.places import SAMPLES
from tests.support.world import PATIENCE, World

WASM = (SAMPLES / "clockwork" / "clockwork.wasm").read_bytes()
FAST = "[config]\ntick-ms = 10\n"


def ask(world: World, export: str, *args: Any) -> Any:
    return world.call("clockwork", export, *args)


def said(world: World) -> list[str]:
    return [event.text for event in world.events("clockwork", "log")]


@pytest.fixture
def clockwork(world: World) -> World:
    world.put("clockwork", SAMPLES / "clockwork")
    world.open()
    return world


def test_it_ticks_and_is_measured(world: World) -> None:
    world.put("clockwork", WASM, FAST)
    world.open()
    world.wait_for(lambda _: ask(world, "ticks") >= 3)
    found = {one.name: one for one in world.runtime.meters("clockwork").result(PATIENCE).custom}
    assert found["ticks"].value >= 3
    assert found["tick_seconds"].count >= 3
    assert found["tick_seconds"].value > 0.0  # a late tick may be followed by an early one: no bound on one of them
    assert found["alarms_set"].value == 0
    assert said(world) == ["wound up tick-ms=10"]


def test_an_alarm_rings_once_and_is_told(clockwork: World) -> None:
    assert ask(clockwork, "set-alarm", "tea", 1, None) == Ok()
    assert clockwork.wait_event("clockwork", "log", 2).text == "alarm name=tea"
    assert ask(clockwork, "rung") == ["tea"]
    assert ask(clockwork, "alarms") == []


def test_alarms_are_listed_replaced_and_forgotten(clockwork: World) -> None:
    assert ask(clockwork, "set-alarm", "b", 60_000, None) == Ok()
    assert ask(clockwork, "set-alarm", "a", 60_000, None) == Ok()
    assert ask(clockwork, "set-alarm", "a", 50_000, Some(1_000)) == Ok()
    first, second = ask(clockwork, "alarms")
    assert (first["name"], first["every"], second["name"], second["every"]) == ("a", Some(1_000), "b", None)
    assert 0 < first["due-in"] <= 50_000 < second["due-in"] <= 60_000
    assert [ask(clockwork, "cancel-alarm", name) for name in ("a", "a", "tick")] == [True, False, False]
    assert [alarm["name"] for alarm in ask(clockwork, "alarms")] == ["b"]


def test_an_alarm_outlives_a_reload(clockwork: World) -> None:
    ask(clockwork, "set-alarm", "tea", 60_000, Some(60_000))
    clockwork.install("clockwork", WASM, FAST, version="1.1.0")
    assert [alarm["name"] for alarm in ask(clockwork, "alarms")] == ["tea"]
    assert "wound up tick-ms=10" in said(clockwork)
    clockwork.wait_for(lambda _: ask(clockwork, "ticks") >= 3)


def test_the_last_eight_rings_are_remembered(clockwork: World) -> None:
    for number in range(10):
        clockwork.call("clockwork", "airssys:core-component/timer-handler@1.0.0#on-timer", f"alarm/{number}")
    assert ask(clockwork, "rung") == ["9", "8", "7", "6", "5", "4", "3", "2"]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("", 1, None), "the name of an alarm has 1 to 40 bytes"),
        (("x" * 41, 1, None), "the name of an alarm has 1 to 40 bytes"),
        (("tea", 2**63, None), "30 days"),
        (("tea", 1, Some(1)), "10 ms"),
    ],
)
def test_an_alarm_that_cannot_be_set_says_why(clockwork: World, args: tuple[Any, ...], why: str) -> None:
    answer = ask(clockwork, "set-alarm", *args)
    assert isinstance(answer, Err)
    assert why in answer.value
    assert ask(clockwork, "alarms") == []


def test_dice_are_rolled_and_every_die_is_traced(clockwork: World) -> None:
    rolled = ask(clockwork, "roll", 3, 6).value
    assert len(rolled) == 3
    assert all(1 <= side <= 6 for side in rolled)
    assert ask(clockwork, "roll", 5, 1) == Ok([1] * 5)
    assert set(ask(clockwork, "roll", 100, 2).value) == {1, 2}
    first = clockwork.runtime.traces("clockwork").result(PATIENCE)[-1]
    assert [(span.name, span.parent) for span in first.spans] == [
        ("roll", None),
        ("die 1", 1),
        ("die 2", 1),
        ("die 3", 1),
    ]
    assert [span.annotations for span in first.spans[1:]] == [(("side", str(side)),) for side in rolled]


@pytest.mark.parametrize("args", [(0, 6), (101, 6), (1, 0), (1, 1_001)])
def test_dice_that_there_are_not_are_refused(clockwork: World, args: tuple[int, int]) -> None:
    why = "1 to 100 dice with 1 to 1 000 sides"
    assert ask(clockwork, "roll", *args) == Err(why)
    (trace,) = clockwork.runtime.traces("clockwork").result(PATIENCE)
    assert (trace.failed, trace.spans[0].error) == (True, why)


def test_a_nap_takes_its_time_and_is_bounded(clockwork: World) -> None:
    assert ask(clockwork, "nap", 5).value >= 5_000_000
    assert ask(clockwork, "nap", 60_001) == Err("the sleep is 60001 ms; the limit is 60000 ms")


def test_it_knows_the_time_and_its_neighbours(clockwork: World) -> None:
    assert ask(clockwork, "now")["seconds"] > 1_700_000_000
    assert ask(clockwork, "neighbours") == []
    clockwork.install("greeter", SAMPLES / "greeter")
    assert ask(clockwork, "neighbours") == [{"name": "local/greeter", "state": "running", "health": "unknown"}]


def test_ticks_that_stay_away_are_a_symptom(world: World) -> None:
    world.put("clockwork", WASM, '[config]\ntick-ms = 100\n[resources]\ndeadline = "10s"\n')
    world.open()
    check = "airssys:core-component/health@1.0.0#check"
    assert ask(world, check) == {"status": "healthy", "message": None}
    nap = world.runtime.invoke("clockwork", "nap", 1_600)
    report = world.runtime.invoke("clockwork", check).result(PATIENCE)  # its turn comes before that of the late tick
    assert nap.result(PATIENCE).value >= 1_600_000_000
    assert report["status"] == "degraded"
    assert re.fullmatch(r"no tick for \d+ ms", report["message"].value)


@pytest.mark.parametrize("pace", ["9", "60_001", '"fast"', "-1"])
def test_a_pace_that_cannot_be_is_refused(world: World, pace: str) -> None:
    world.put("clockwork", WASM, f"[config]\ntick-ms = {pace}\n")
    world.open()
    assert "tick-ms must be a number from 10 to 60 000" in world.history("clockwork")[0].reason
