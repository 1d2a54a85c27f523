"""Messages over traps, reloads, rollbacks and restarts: none is lost that may not be, none comes twice that may not."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from airssys_tui.api.commands import Restart, Rollback, Start, Stop
from airssys_tui.api.views.messaging import MessageBody
from airssys_tui.core.message import MessageRefusal
from airssys_tui.core.types.values import Variant
from airssys_tui.runtime.deploying import pipeline
from airssys_tui.runtime.deploying.arrival import arrive
from airssys_tui.runtime.messaging import component_messenger
from tests.support.postmen import Postmen
from tests.support.world import PATIENCE, World

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


def test_an_instance_that_traps_at_once_after_a_switch_is_replaced(
    office: Postmen, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = office.actor("bob")

    def late(attempt: Any, *rest: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while bob.serving is not None and time.monotonic() < deadline:
            pass
        arrive(attempt, *rest)

    office.pause("bob")
    office.send_with("ann", "bob", "trap-once", guarantee="at-least-once")
    monkeypatch.setattr(pipeline, "arrive", late)
    office.install("bob", TOUGH + FREE, version="1.1.0")
    office.world.wait_for(lambda _: office.counts("bob").handled == 1)
    assert (office.texts("bob"), office.world.row("bob").version) == (["trap-once"], "1.1.0")


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


def test_what_a_refused_candidate_sent_never_goes_out(office: Postmen) -> None:
    patient = '[resources]\ndeadline = "60s"\nfuel_per_call = 1_000_000_000_000\n[supervision]\nshutdown = "10ms"\n'
    office.install("eve", patient, version="1.0.0")
    spinning = office.world.runtime.ask_component("eve", MessageBody(text="spin"), 60.0)
    office.world.wait_for(lambda _: office.actor("eve").serving.in_flight is not None)
    office.install("eve", patient + '[config]\nsend = "bob"\nsubscribe = "news.*"\n', version="1.1.0")
    assert "refused at drain" in office.world.told("eve", "refused")
    office.world.do(Stop("eve"))
    with pytest.raises(MessageRefusal):
        spinning.result(PATIENCE)
    assert (office.counts("eve").sent, office.texts("bob")) == (0, [])
    assert office.world.runtime.probe.system.post.addresses["local", "eve"].patterns == set()


def test_what_a_candidate_sends_is_bounded(office: Postmen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component_messenger, "MOST_HELD_BYTES", 5)
    office.install("eve", '[config]\nsend = "bob"\nsubscribe = "news.*"\n' + TOUGH)
    assert office.counts("eve").refused["rate-limited"] == 1
    address = office.world.runtime.probe.system.post.addresses["local", "eve"]
    office.ask("eve", "taken")
    assert address.patterns == {"news.*"}, "what fits goes out before its first call"


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
        for number in range(10):
            sent.append(f"{first}.{number}")
            traps = "-trap" if number == first + 3 else ""
            office.send_with("ann", "bob", f"log{traps} {sent[-1]}", guarantee="at-least-once")
            if number == 5:
                change()
                office.resume("bob")
    office.world.wait_for(lambda _: office.counts("bob").handled == len(sent))
    assert office.value("bob", "log").split() == sent
    assert office.counts("bob").redelivered == len(changes)


def test_nothing_is_lost_or_doubled_under_traps_reloads_and_rollbacks(office: Postmen) -> None:
    campaign(office, cycles=2, traps=6, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_under_very_many(office: Postmen) -> None:
    campaign(office, cycles=100, traps=500, seed=2)


def campaign(office: Postmen, cycles: int, traps: int, seed: int) -> None:
    """Send without a pause, in both ways, while the receiver traps and changes; then compare with what it kept.

    Args:
        office: With ``ann``, who sends, and ``bob``.
        cycles: Times that ``bob`` is reloaded twice and rolled back once.
        traps: Messages at which it traps, at least.
        seed: Decides which those are.
    """
    counts = office.counts("bob")
    with traffic(office, seed) as (surely, once):
        for cycle in range(cycles):
            for minor in (1, 2):
                office.install("bob", TOUGH + FREE, version=f"1.{10 * cycle + minor}.0")
            office.world.do(Rollback("bob"))
            office.world.wait_for(lambda _: counts.redelivered + counts.dead["trapped"] >= traps * cycle // cycles)  # noqa: B023
        office.world.wait_for(lambda _: counts.redelivered + counts.dead["trapped"] >= traps)
    office.world.wait_for(lambda _: not office.actor("bob").queued and office.world.row("bob").state == "running")
    office.ask("bob", "taken")
    assert [key for key in surely if not office.kept("bob", key)] == []
    delivered = [office.kept("bob", key) for key in once]
    assert max(delivered) == 1
    assert delivered.count(0) == counts.dead["trapped"] - sum(key.endswith("trap") for key in once)
    assert len(office.world.history("bob")) >= min(200, 3 * cycles)


@contextmanager
def traffic(office: Postmen, seed: int) -> Iterator[tuple[list[str], list[str]]]:
    """Send from a thread of its own; give the keys of the messages that were accepted, by their guarantee."""
    surely: list[str] = []
    once: list[str] = []
    over = threading.Event()
    chance = random.Random(seed)

    def send() -> None:
        number = 0
        while not over.is_set():
            if office.actor("bob").queued > 100:
                over.wait(0.005)
                continue
            number += 1
            trap = "-trap" if chance.random() < 0.05 else ""
            if office.send_with("ann", "bob", f"keep{trap} s{number}", guarantee="at-least-once") is None:
                surely.append(f"s{number}")
            trap = "-trap" if chance.random() < 0.05 else ""
            if office.send("ann", "bob", f"keep{trap} o{number}{trap}") is None:
                once.append(f"o{number}{trap}")

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield surely, once
    finally:
        over.set()
        sending.join()
