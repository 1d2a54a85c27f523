"""Requests: the answer comes back, to the waiting call or to the callback; a wait that cannot end is not begun."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airssys_tui.api.commands import Stop
from airssys_tui.core.types.values import Ok
from tests.support.postmen import RIGHTS, Postmen, body, identity, said
from tests.support.world import PATIENCE, World


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postmen]:
    world = World(tmp_path_factory.mktemp("requests"))
    postmen = Postmen(world)
    for name in ("ann", "bob", "eve"):
        postmen.put(name, '[resources]\ndeadline = "60s"\nmessages_per_second = 100000\n')
    postmen.put("slow", '[resources]\ndeadline = "20ms"\n[supervision]\nmax_restarts = 100\n')
    postmen.put("small", '[resources]\nmessage_size = "10B"\n')
    world.open()
    yield postmen
    world.close()


def request(office: Postmen, to: str, text: str, timeout: int = 60_000) -> Any:
    return said(office.ask("ann", "request", identity(to), body(text), timeout))


def answers(office: Postmen, count: int = 1) -> list[str]:
    found: list[str] = []

    def came(_: object) -> bool:
        found.extend(office.ask("ann", "answers"))
        return len(found) >= count

    office.world.wait_for(came)
    return found


def test_a_waiting_call_gets_the_answer(office: Postmen) -> None:
    assert office.call("ann", "bob", "hello") == "hello"


def test_many_calls_run_on_the_callers_worker(office: Postmen) -> None:
    assert office.ask("ann", "ask-often", identity("bob"), "hello", 300) == 300
    assert office.ask("ann", "ask-often", identity("bob"), "ask eve hello", 50) == 50


def test_a_callback_gets_the_answer(office: Postmen) -> None:
    number = request(office, "bob", "hello")
    assert answers(office) == [f"{number}: ok hello"]


def test_a_circle_is_an_error_at_once_that_names_it(office: Postmen) -> None:
    assert office.call("ann", "ann", "x") == ("failed", "it would wait for itself: ann → ann")
    assert office.call("ann", "bob", "ask ann x") == "it would wait for itself: bob → ann → bob"
    assert office.call("ann", "bob", "ask eve ask ann x") == "it would wait for itself: eve → ann → bob → eve"
    assert office.call("ann", "bob", "again, without one") == "again, without one"


def test_a_trap_of_the_receiver_is_told_to_who_asked(office: Postmen) -> None:
    case, text = office.call("ann", "slow", "trap")
    assert (case, text.startswith("its receiver trapped")) == ("failed", True)
    office.world.wait_row("slow", lambda row: row.restarts > 0 and row.state == "running")
    number = request(office, "slow", "trap")
    assert answers(office)[0].startswith(f"{number}: failed its receiver trapped")
    office.world.wait_row("slow", lambda row: row.restarts > 1 and row.state == "running")


def test_an_error_of_the_receiver_is_told_to_who_asked(office: Postmen) -> None:
    assert office.call("ann", "bob", "refuse") == ("failed", "bob answered invalid-input: not this")


def test_no_answer_in_time_is_a_timeout_and_a_late_one_is_dropped(office: Postmen) -> None:
    late = office.counts("ann").late
    office.pause("bob")
    assert office.call("ann", "bob", "x", timeout=20)[0] == "timeout"
    number = request(office, "bob", "x", timeout=20)
    assert answers(office) == [f"{number}: timeout bob did not answer within 20ms"]
    office.resume("bob")
    assert office.call("ann", "bob", "still there") == "still there"
    assert office.ask("ann", "answers") == []
    assert office.counts("ann").late == late, "what was not begun is taken back"


def test_a_request_that_was_given_up_is_not_answered(office: Postmen) -> None:
    office.pause("bob")
    number = request(office, "bob", "x")
    assert office.ask("ann", "cancel", number) is True
    assert office.ask("ann", "cancel", number) is False
    office.resume("bob")
    assert office.call("ann", "bob", "after it") == "after it"
    assert office.ask("ann", "answers") == []


def test_a_receiver_that_stops_cancels_what_it_was_asked(office: Postmen) -> None:
    office.install("gone")
    office.pause("gone")
    waiting = office.start("ann", "call", identity("gone"), body("x"), 60_000)
    office.world.wait_for(lambda _: office.actor("gone").queued == 1)
    office.world.do(Stop("gone"))
    assert said(waiting.result(PATIENCE)) == ("cancelled", "gone stopped before the call ran")
    assert office.call("ann", "gone", "x") == ("not-running", "gone does not run")


def test_an_answer_has_a_bound(office: Postmen) -> None:
    assert office.call("ann", "small", "10 bytes..") == "10 bytes.."
    assert office.call("ann", "small", "ask nob x")[0] == "too-large"


def test_so_many_requests_may_be_open(office: Postmen) -> None:
    office.install("patient", "[resources]\nmailbox = 2000\n")
    office.pause("patient")
    numbers = [request(office, "patient", "x") for _ in range(1_000)]
    assert request(office, "patient", "x") == ("failed", "1000 requests are open, the limit")
    for number in numbers:
        assert office.ask("ann", "cancel", number) is True
    office.resume("patient")


def test_who_has_no_handler_cannot_be_asked(office: Postmen) -> None:
    from tests.support.components import Crafted

    office.world.install("deaf", Crafted())
    assert office.call("ann", "deaf", "x") == ("failed", "deaf has no message handler")
    assert office.send("ann", "deaf", "x") == ("failed", "deaf has no message handler")


def test_what_one_may_send_is_not_what_one_may_ask(office: Postmen) -> None:
    office.install("sender", rights='[capabilities]\nmessaging = ["send:*"]\n')
    assert office.call("sender", "bob", "x")[0] == "denied"
    assert "request:" in RIGHTS
    assert isinstance(office.ask("sender", "send", identity("bob"), body("x")), Ok)
    office.texts("bob")
