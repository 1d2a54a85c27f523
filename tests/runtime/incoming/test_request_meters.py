"""What is counted, kept and logged of requests: bounded, and those that failed for longer."""

from __future__ import annotations

import pytest

from airssys_tui.api.views.http import CONNECTION_ENDED, HostReason
from airssys_tui.core.events import EventKind, Level
from airssys_tui.core.traps import GuestTrap, Trap, TrapKind
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.runtime.incoming import access_log
from airssys_tui.runtime.incoming.access_log import AccessLog
from airssys_tui.runtime.incoming.host_answers import ANSWERS, answer_to_fault, reason_of
from airssys_tui.runtime.incoming.request_record import KEPT, KEPT_FAILED, RecentRequests, RequestRecord
from airssys_tui.runtime.incoming.route_meters import Traffic
from airssys_tui.runtime.machinery.journal import Journal


def record(number: int, status: int = 200, reason: HostReason | None = None, component: str = "c") -> RequestRecord:
    made = RequestRecord(f"{number:032}", float(number), number * 1_000_000)
    made.component, made.route, made.status, made.reason = component, "/*", status, reason
    made.method, made.target, made.client = "GET", "/a", "::1"
    made.began_ns = made.arrived_ns + 1_000_000
    made.ended_ns = made.arrived_ns + 3_000_000
    made.sent, made.received = 10, 5
    return made


def test_a_route_is_counted_by_class_and_reason() -> None:
    traffic = Traffic()
    meters = traffic.of("c", "/*")
    for number, status in enumerate((100, 200, 204, 302, 404, 503, 599)):
        meters.count(record(number, status))
    meters.count(record(9, 0, HostReason.CLIENT_LEFT))
    meters.count(record(9, 502, HostReason.TRAP))
    assert (meters.requests, meters.classes) == (9, [1, 2, 1, 1, 3])
    assert meters.reasons == {HostReason.CLIENT_LEFT: 1, HostReason.TRAP: 1}
    assert (meters.sent, meters.received, meters.latency_ns) == (90, 45, 27_000_000)
    assert traffic.find("c", "/*") is meters
    assert traffic.find("c", "/") is None


def test_rates_are_of_the_last_sample() -> None:
    traffic = Traffic()
    for number in range(10):
        traffic.of("c", "/*").count(record(number))
    traffic.sample(2.0)
    assert traffic.of("c", "/*").per_second == 5.0
    traffic.sample(2.0)
    assert traffic.of("c", "/*").per_second == 0.0


def test_the_last_requests_are_kept_and_those_that_failed_for_longer() -> None:
    recent = RecentRequests()
    failed = [record(number, 502, HostReason.TRAP) for number in range(KEPT_FAILED + 1)]
    for each in failed:
        recent.keep(each)
    others = [record(1_000 + number, component="other") for number in range(KEPT + 1)]
    for each in others:
        recent.keep(each)
    assert [each.id for each in recent.read()] == [each.id for each in (*others[:0:-1], *failed[:0:-1])]
    assert {each.component for each in recent.read("c")} == {"c"}
    assert len(recent.read("c")) == KEPT_FAILED


def test_every_reason_has_an_answer_or_ends_a_connection() -> None:
    assert set(ANSWERS) | CONNECTION_ENDED | {HostReason.OTHER} == set(HostReason)
    assert all(400 <= answer.status <= 599 for answer in ANSWERS.values())
    assert {
        reason for reason, answer in ANSWERS.items() if answer.status == 503 and answer.retry_after is None
    } == set()


@pytest.mark.parametrize("code", FaultCode)
def test_every_error_of_a_component_has_a_status(code: FaultCode) -> None:
    assert 400 <= answer_to_fault(ExchangeFault(code)).status <= 599


@pytest.mark.parametrize("kind", TrapKind)
def test_a_trap_is_a_bad_gateway_but_for_time_and_orders(kind: TrapKind) -> None:
    reasons = {TrapKind.DEADLINE: HostReason.DEADLINE, TrapKind.CANCELLED: HostReason.CANCELLED}
    assert reason_of(GuestTrap(Trap(kind, "x"))) is reasons.get(kind, HostReason.TRAP)
    assert reason_of(ValueError()) is HostReason.INTERNAL


def test_the_log_has_so_many_lines_a_second_and_says_how_many_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "LINES", 2)
    now = 1_000.0
    journal = Journal(lambda: now)
    log = AccessLog(journal, lambda: now)
    for number in range(5):
        log.write(record(number))
    log.write(record(5, component="other"))
    log.write(record(6, 404, HostReason.NO_ROUTE, component=""))
    now = 1_001.0
    log.write(record(7, 502, HostReason.TRAP))
    lines = [(event.component, event.level, event.text) for event in journal.page(0, 100).events]
    said = "GET /a 200 10 bytes 3.0 ms ::1"
    assert lines == [
        ("c", Level.INFO, f"{said} {0:032}"),
        ("c", Level.INFO, f"{said} {1:032}"),
        ("other", Level.INFO, f"{said} {5:032}"),
        ("c", Level.WARNING, f"GET /a 502 trap 10 bytes 3.0 ms ::1 {7:032} · 3 requests before it have no line"),
    ]
    assert {event.kind for event in journal.page(0, 100).events} == {EventKind.LOG}


def test_what_a_client_sends_is_one_line_in_the_log() -> None:
    journal = Journal(lambda: 1.0)
    bad = record(1)
    bad.target, bad.method = "/\x1b[2J\nx", "G\r\nET"
    AccessLog(journal, lambda: 1.0).write(bad)
    (event,) = journal.page(0, 10).events
    assert event.text.isprintable()
