"""Messages over traps, reloads, rollbacks and restarts: none is lost that may not be, none comes twice that may not."""

from __future__ import annotations

import random

import pytest

from airssys_tui.api.commands import Restart, Rollback, Start, Stop
from airssys_tui.core.types.values import Variant
from tests.support.postmen import Postmen
from tests.support.world import World

TOUGH = (
    "[supervision]\nmax_restarts = 1000\nbackoff = {initial = '10ms', max = '10ms'}\n[deployment]\nprobation = '0s'\n"
)
FREE = "[resources]\nmessages_per_second = 100000\nmailbox = 100000\n"


@pytest.fixture
def office(world: World) -> Postmen:
    postmen = Postmen(world)
    for name in ("ann", "bob"):
        postmen.put(name, TOUGH + FREE, version="1.0.0")
    world.open()
    return postmen


def test_after_a_trap_an_at_least_once_message_comes_again_in_its_place(office: Postmen) -> None:
    assert office.send_with("ann", "bob", "trap-once", guarantee="at-least-once") is None
    assert office.send("ann", "bob", "next") is None
    office.world.wait_for(lambda _: office.counts("bob").handled == 2)
    assert office.texts("bob") == ["trap-once", "next"]
    assert office.counts("bob").redelivered == 1


def test_after_a_trap_an_at_most_once_message_is_a_dead_letter(office: Postmen) -> None:
    assert office.send("ann", "bob", "trap") is None
    assert office.send("ann", "bob", "next") is None
    office.world.wait_for(lambda _: office.counts("bob").handled == 1)
    assert office.texts("bob") == ["next"]
    (dead,) = office.dead()
    assert (dead.reason, dead.sender, dead.to, dead.attempts) == ("trapped", "ann", "bob", 1)
    assert dead.body["body"] == Variant("text", "trap")
    assert dead.why.startswith("its receiver trapped: ")


def test_a_message_that_always_traps_is_given_up(office: Postmen) -> None:
    assert office.send_with("ann", "bob", "trap", guarantee="at-least-once") is None
    assert office.send("ann", "bob", "next") is None
    office.world.wait_for(lambda _: office.counts("bob").handled == 1)
    (dead,) = office.dead()
    assert (dead.reason, dead.attempts) == ("exhausted", 3)
    assert office.counts("bob").dead["exhausted"] == 1


def test_what_waits_when_its_receiver_stops_is_a_dead_letter(office: Postmen) -> None:
    office.pause("bob")
    office.send("ann", "bob", "too late")
    office.world.do(Stop("bob"))
    (dead,) = office.dead()
    assert (dead.reason, dead.body["body"]) == ("stopped", Variant("text", "too late"))
    assert office.send("ann", "bob", "x") == ("not-running", "bob does not run")
    office.world.do(Start("bob"))
    assert office.send("ann", "bob", "again there") is None
    assert office.texts("bob") == ["again there"]


def test_what_a_candidate_sends_goes_out_when_it_serves(office: Postmen) -> None:
    office.install("eve", '[config]\nsend = "bob"\nsubscribe = "news.*"\n' + TOUGH)
    office.world.wait_for(lambda _: office.counts("bob").handled == 1)
    assert office.texts("bob") == ["sent by init"]
    assert office.world.runtime.probe.system.post.addresses["local", "eve"].patterns == {"news.*"}


def test_what_a_candidate_may_not_send_is_denied(office: Postmen) -> None:
    office.install("fay", '[config]\nsend = "bob"\n', rights="")
    assert office.world.row("fay").state == "running"
    assert office.counts("fay").refused["denied"] == 1
    assert office.texts("bob") == []


def test_order_holds_over_a_reload_a_rollback_and_a_restart(office: Postmen) -> None:
    sent = []
    changes = (
        lambda: office.install("bob", TOUGH + FREE, version="1.1.0"),
        lambda: office.world.do(Rollback("bob")),
        lambda: office.world.do(Restart("bob")),
        lambda: office.send("ann", "bob", "trap"),
    )
    for first, change in enumerate(changes):
        office.pause("bob")
        for number in range(5):
            sent.append(f"{first}.{number}")
            office.send("ann", "bob", sent[-1])
        change()
        office.resume("bob")
        for number in range(5, 10):
            sent.append(f"{first}.{number}")
            office.send("ann", "bob", sent[-1])
    office.world.wait_for(lambda _: office.counts("bob").handled == len(sent))


def test_nothing_is_lost_or_doubled_under_traps_reloads_and_rollbacks(office: Postmen) -> None:
    traffic(office, rounds=6, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_under_very_many(office: Postmen) -> None:
    traffic(office, rounds=500, seed=2)


def traffic(office: Postmen, rounds: int, seed: int) -> None:
    """Send in both ways while the receiver traps, is reloaded and rolled back; then compare with what it kept."""
    chance = random.Random(seed)
    once: list[str] = []
    surely: list[str] = []
    last = "1.0.0"
    for number in range(rounds):
        for each in range(4):
            traps = "-trap" if each == chance.randrange(4) else ""
            surely.append(f"s.{number}.{each}")
            office.send_with("ann", "bob", f"keep{traps} {surely[-1]}", guarantee="at-least-once")
            once.append(f"o.{number}.{each}")
            office.send("ann", "bob", f"keep{traps if number % 2 else ''} {once[-1]}")
        if number % 3 == 1:
            last = f"1.{number}.0"
            office.install("bob", TOUGH + FREE, version=last)
        elif number % 3 == 2:
            office.world.do(Rollback("bob"))
    office.world.wait_for(lambda _: not office.actor("bob").queued and office.world.row("bob").state == "running")
    office.world.call("bob", "fixture:postman/desk@1.0.0#taken")
    assert {key: office.kept("bob", key) for key in surely if not office.kept("bob", key)} == {}
    assert {key: office.kept("bob", key) for key in once if office.kept("bob", key) != 1} == {}
