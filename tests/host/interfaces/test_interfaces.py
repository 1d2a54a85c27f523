"""A real component calls every other interface of ``airssys:core-host``, across the boundary."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from airssys_tui.api.commands import Reload, Rollback, Start, Stop
from airssys_tui.cli.serving.metrics_endpoint import Exporter
from airssys_tui.cli.serving.scrape_address import Address
from airssys_tui.core.events import Level
from airssys_tui.core.lifecycle import RecoveryKind
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from tests.support.components import Crafted
from tests.support.places import FIXTURES
from tests.support.world import PATIENCE, World

SERVICES = (FIXTURES / "services" / "services.wasm").read_bytes()
DOORS = "fixture:services/doors@1.0.0#"
TIMER = "[config]\ntimer = true\n"


def ask(world: World, function: str, *args: Any) -> Any:
    return world.call("guest", DOORS + function, *args)


@pytest.fixture
def guest(world: World) -> World:
    world.put("guest", SERVICES, "[config]\ngreeting = 'hi'\nnested = {a = 1}\n", version="1.2.3-rc.1+b")
    world.open()
    return world


# logging


def test_lines_have_levels_and_fields_and_are_bounded(guest: World) -> None:
    ask(guest, "log", "trace", "quiet", [])
    ask(guest, "log", "error", "red \x1b[31m", [("key", "value\n"), ("k" * 5_000, "v")])
    first, second = guest.events("guest", "log")[-2:]
    assert (first.level, first.text) == (Level.DEBUG, "quiet")
    assert second.level is Level.ERROR
    assert second.text.startswith("red \x1b[31m key=value\n kkk"), "a line is data; it is sanitised where it is drawn"
    assert len(second.text) < 2_100


def test_a_flood_of_lines_is_bounded_and_counted(guest: World) -> None:
    ask(guest, "log-often", 3_000)
    kept = [event for event in guest.events("guest", "log") if "sixty-four" in event.text]
    assert 1_000 <= len(kept) <= 2_000  # it may have gone on in the next second

    def told() -> bool:
        ask(guest, "log", "info", "one more", [])
        return any("log lines were dropped" in event.text for event in guest.events("guest"))

    until(told)


def until(wanted: Any) -> None:
    end, pause = time.monotonic() + PATIENCE, threading.Event()
    while not wanted():
        assert time.monotonic() < end, "it did not come true"
        pause.wait(0.02)


# clock, random, config


def test_the_clock_tells_the_time(guest: World) -> None:
    before = time.time()
    told = ask(guest, "now")
    assert before - 0.001 <= told["seconds"] + told["nanoseconds"] / 1e9 <= time.time()
    assert ask(guest, "monotonic-ns") < ask(guest, "monotonic-ns")


def test_sleeping_is_bounded_by_the_deadline_and_by_itself(guest: World) -> None:
    assert ask(guest, "sleep-ms", 20) == Ok()
    too_long, past = ask(guest, "sleep-ms", 60_001), ask(guest, "sleep-ms", 50_000)
    assert too_long == Err(Variant("invalid-input", "the sleep is 60001 ms; the limit is 60000 ms"))
    assert past.value.case == "timeout"


def test_whoever_sleeps_holds_up_nobody_else_and_can_be_cancelled(world: World) -> None:
    for name in ("one", "two", "three"):
        world.put(name, SERVICES, '[resources]\ndeadline = "1h"\n[supervision]\nshutdown = "0s"\n')
    world.put("guest", SERVICES)
    world.open(workers=2)
    sleeping = [world.runtime.invoke(name, DOORS + "sleep-ms", 60_000) for name in ("one", "two", "three")]
    until(lambda: world.runtime.snapshot().busy >= 3)
    assert ask(world, "sleep-ms", 1) == Ok()  # on a replacement: both workers wait
    world.do(Stop("one"))
    # It is told, or stopped before it could give the answer on.
    assert ended(sleeping[0]) in {"cancelled", TrapKind.CANCELLED}


def ended(call: Future[Any]) -> object:
    try:
        return call.result(PATIENCE).value.case
    except GuestTrap as trap:
        return trap.trap.kind


def test_random_numbers_are_random(guest: World) -> None:
    assert len(ask(guest, "bytes", 1_000)) == 1_000
    assert ask(guest, "bytes", 0) == b""
    assert ask(guest, "bytes", 16) != ask(guest, "bytes", 16)
    assert ask(guest, "next-u64") != ask(guest, "next-u64")


def test_more_random_bytes_than_there_may_be_trap(guest: World) -> None:
    with pytest.raises(GuestTrap, match="65537 bytes requested") as caught:
        ask(guest, "bytes", 65_537)
    assert caught.value.trap.kind is TrapKind.HOST_ERROR


def test_the_configuration_is_the_manifests_and_another_one_comes_with_a_reload(guest: World) -> None:
    assert ask(guest, "all") == [("greeting", '"hi"'), ("nested", '{"a":1}')]
    assert ask(guest, "get", "greeting") == Some('"hi"')
    assert ask(guest, "get", "nobody") is None
    guest.install("guest", SERVICES, "[config]\ngreeting = 'hello'\n", version="1.2.3-rc.1+b")
    assert guest.row("guest").revision == 2
    assert ask(guest, "all") == [("greeting", '"hello"')]


# registry


def test_the_registry_says_who_is_there_and_no_more(guest: World) -> None:
    guest.put("secretive", SERVICES, "[config]\npassword = 'hunter2'\n")
    guest.notice("secretive")
    guest.publish()
    assert ask(guest, "list-components") == [
        {"namespace": "local", "name": "guest"},
        {"namespace": "local", "name": "secretive"},
    ]
    told = ask(guest, "describe", {"namespace": "local", "name": "secretive"}).value
    assert (told["version"], told["state"]) == (None, "running")
    assert "hunter2" not in repr(told)
    me = ask(guest, "describe", {"namespace": "local", "name": "guest"}).value
    assert me["version"] == Some({"major": 1, "minor": 2, "patch": 3, "pre-release": Some("rc.1"), "build": Some("b")})
    assert "fixture:services/doors@1.0.0" in me["interfaces"]
    assert ask(guest, "describe", {"namespace": "../..", "name": "\0"}) is None
    guest.do(Stop("secretive"))
    guest.publish()
    assert ask(guest, "describe", {"namespace": "local", "name": "secretive"}).value["state"] == "stopped"


# metrics


def test_measurements_are_shown_by_name_and_labels(guest: World) -> None:
    for size, by in (("large", 2), ("small", 3), ("large", 40)):
        ask(guest, "counter-add", "steps", by, [("size", size)])
    ask(guest, "gauge-set", "queue bytes", 1.5, [])
    ask(guest, "gauge-set", "queue bytes", -2.5, [])
    for value in (0.0, 1.0, 1.0, 100.0):
        ask(guest, "histogram-record", "took_seconds", value, [])
    detail = guest.runtime.meters("guest").result(PATIENCE)
    found = {(one.name, one.labels): one for one in detail.custom}
    assert found["steps", (("size", "large"),)].value == 42
    assert found["steps", (("size", "small"),)].value == 3
    assert (found["queue_bytes", ()].kind, found["queue_bytes", ()].value) == ("gauge", -2.5)
    took = found["took_seconds", ()]
    assert (took.kind, took.value, took.count) == ("histogram", 102.0, 4)
    assert took.p50 == pytest.approx(1.0, rel=0.1)
    assert took.p99 == pytest.approx(100.0, rel=0.1)
    assert detail.custom_dropped == 0


def test_measurements_are_bounded_and_what_is_dropped_is_counted(guest: World) -> None:
    for number in range(210):
        ask(guest, "counter-add", "many", 1, [("number", str(number))])
    ask(guest, "gauge-set", "many", 1.0, [])
    ask(guest, "gauge-set", "odd", float("nan"), [])
    ask(guest, "histogram-record", "odd", -1.0, [])
    ask(guest, "counter-add", "x" * 100, 1, [])
    detail = guest.runtime.meters("guest").result(PATIENCE)
    assert len(detail.custom) == 200
    assert detail.custom_dropped == 14


def test_hostile_names_are_replaced_and_values_of_labels_bounded(guest: World) -> None:
    labels = [(f"l{number}\x1b", "\x1b[31m" + "v" * 500) for number in range(20)]
    ask(guest, "counter-add", "\x1b]0;x" + "n" * 100, 1, labels)
    (found,) = guest.runtime.meters("guest").result(PATIENCE).custom
    assert found.name == "__0_x" + "n" * 59
    assert len(found.labels) == 8
    assert all(name.isidentifier() and len(value) <= 170 for name, value in found.labels)


def test_measurements_go_on_over_a_reload_and_those_of_a_refused_candidate_do_not_count(guest: World) -> None:
    ask(guest, "counter-add", "begun", 1, [])
    guest.install("guest", SERVICES, TIMER + "refuse = true\n", version="2.0.0")
    assert guest.row("guest").revision == 1
    (found,) = guest.runtime.meters("guest").result(PATIENCE).custom
    assert found.value == 1
    guest.install("guest", SERVICES, TIMER, version="2.0.1")
    (found,) = guest.runtime.meters("guest").result(PATIENCE).custom
    assert found.value == 2


# tracing


def test_a_call_says_what_it_did(guest: World) -> None:
    id_ = ask(guest, "trace", "work \x1b")
    (trace,) = guest.runtime.traces("guest").result(PATIENCE)
    assert (trace.id, trace.export, trace.failed, len(id_)) == (id_, DOORS + "trace", True, 32)
    outer, inner = trace.spans
    assert (outer.number, outer.parent, outer.name, outer.error) == (1, None, "work \x1b", "")
    assert (inner.number, inner.parent, inner.name, inner.error) == (2, 1, "inner", "it failed")
    assert inner.annotations == (("key", "work \x1b"),)
    assert outer.took_ms is not None  # dropped without being finished: finished by that
    assert 0 <= outer.start_ms <= inner.start_ms <= inner.start_ms + inner.took_ms <= trace.took_ms
    assert trace.took_ms == outer.start_ms + outer.took_ms
    assert ask(guest, "trace", "again") != id_
    assert [trace.spans[0].name for trace in guest.runtime.traces("guest").result(PATIENCE)] == ["again", "work \x1b"]


def test_traces_are_bounded_and_what_is_dropped_is_counted(guest: World) -> None:
    ask(guest, "trace-often", 300)
    (trace,) = guest.runtime.traces("guest").result(PATIENCE)
    assert (len(trace.spans), trace.dropped) == (256, 44)
    for _ in range(70):
        ask(guest, "trace-often", 1)
    assert len(guest.runtime.traces("guest").result(PATIENCE)) == 64


# timers


def rung(world: World) -> tuple[int, str]:
    return ask(world, "rung")


def test_a_timer_calls_once_or_again_and_again(guest: World) -> None:
    assert ask(guest, "set", "once", 1, None) == Ok()
    until(lambda: rung(guest) == (1, "once"))
    assert ask(guest, "list-timers") == []
    assert ask(guest, "set", "often", 0, Some(10)) == Ok()
    until(lambda: rung(guest)[0] >= 4)
    (timer,) = ask(guest, "list-timers")
    assert (timer["name"], timer["period"]) == ("often", Some(10))
    assert ask(guest, "cancel", "often") is True
    assert ask(guest, "cancel", "often") is False
    assert ask(guest, "list-timers") == []


@pytest.mark.parametrize(
    ("arguments", "case"),
    [
        (("", 1, None), "invalid-input"),
        (("n" * 65, 1, None), "invalid-input"),
        (("n", 30 * 24 * 3600 * 1000 + 1, None), "invalid-input"),
        (("n", 1, Some(9)), "invalid-input"),
        (("n", 1, Some(2**63)), "invalid-input"),
    ],
)
def test_what_cannot_be_set_is_a_typed_answer(guest: World, arguments: tuple[Any, ...], case: str) -> None:
    answer = ask(guest, "set", *arguments)
    assert answer.value.case == case


def test_a_component_has_a_bounded_number_of_timers(guest: World) -> None:
    for number in range(64):
        assert ask(guest, "set", f"n{number:02}", 3_600_000, None) == Ok()
    assert ask(guest, "set", "one more", 1, None) == Err(
        Variant("unavailable", "64 timers are already set, the limit of a component: cancel one first")
    )
    assert ask(guest, "set", "n07", 3_600_000, Some(1_000)) == Ok()
    assert len(ask(guest, "list-timers")) == 64


def test_timers_go_on_over_reloads_rollbacks_and_traps_and_end_with_a_stop(guest: World) -> None:
    ask(guest, "set", "far", 3_600_000, Some(60_000))
    guest.install("guest", SERVICES, version="2.0.0")
    assert [timer["name"] for timer in ask(guest, "list-timers")] == ["far"]
    guest.do(Rollback("guest", to=1))
    assert [timer["name"] for timer in ask(guest, "list-timers")] == ["far"]
    ask(guest, "set", "trap", 1, None)
    guest.wait_row("guest", lambda row: row.restarts == 1 and row.recovery.kind is RecoveryKind.NONE)
    assert [timer["name"] for timer in ask(guest, "list-timers")] == ["far"]
    guest.do(Stop("guest"))
    guest.do(Start("guest"))
    assert ask(guest, "list-timers") == []


def test_a_candidates_timers_are_armed_when_it_serves(guest: World) -> None:
    guest.install("guest", SERVICES, TIMER + "refuse = true\n", version="2.0.0")
    assert ask(guest, "list-timers") == []
    guest.install("guest", SERVICES, TIMER, version="2.0.1")
    assert [timer["name"] for timer in ask(guest, "list-timers")] == ["from-init"]
    until(lambda: rung(guest)[0] >= 3)


def test_a_revision_without_a_handler_inherits_no_timers(guest: World) -> None:
    ask(guest, "set", "soon", 20, Some(20))
    guest.put("guest", Crafted())
    guest.notice("guest")
    guest.do(Reload("guest", force=True))
    assert guest.wait_event("guest", "timers").text == "1 timers ended: the active revision exports no timer-handler"
    assert guest.runtime.probe.floor.services.of("guest").alarms.list() == ()


def test_what_is_due_while_it_still_waits_is_left_out_and_counted(guest: World) -> None:
    ask(guest, "set", "often", 0, Some(10))
    alarms = guest.runtime.probe.floor.services.of("guest").alarms
    sleeping = guest.runtime.invoke("guest", DOORS + "sleep-ms", 300)
    assert sleeping.result(PATIENCE) == Ok()
    assert alarms.missed > 5
    until(lambda: rung(guest)[0] >= 3)


def test_measurements_go_out_to_prometheus_under_names_that_a_guest_cannot_choose(guest: World) -> None:
    ask(guest, "counter-add", "airssys_up", 7, [("component", "other"), ("size", "large")])
    ask(guest, "histogram-record", "took_seconds", 2.0, [])
    exporter = Exporter(Address("127.0.0.1", 0))
    try:
        exporter.runtime = guest.runtime
        guest.wait_row("guest", lambda row: row.custom_series == 2)
        page = exporter.page()[0].decode()
    finally:
        exporter.close()
    found = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    labels = {"component": "guest", "metric": "airssys_up", "label_component": "other", "size": "large"}
    assert found["airssys_custom_total", frozenset(labels.items())] == 7
    assert found["airssys_up", frozenset()] == 1
    took = {"component": "guest", "metric": "took_seconds"}
    assert found["airssys_custom_distribution_sum", frozenset(took.items())] == 2
    assert found["airssys_custom_distribution", frozenset({**took, "quantile": "0.5"}.items())] == pytest.approx(
        2, rel=0.1
    )
    assert found["airssys_custom_dropped_total", frozenset({("component", "guest")})] == 0
