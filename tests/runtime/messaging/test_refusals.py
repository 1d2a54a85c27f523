"""Whoever sends what cannot go, or asks what is not answered, is told so: a guest, and the operator alike."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

import pytest

from airssys_tui.api.commands import Start, Stop
from airssys_tui.api.views.messaging import MessageBody
from airssys_tui.core.message import Guarantee, MessageHeldBack, MessageRefusal, Undelivered
from airssys_tui.runtime.actors import mailbox
from airssys_tui.runtime.messaging import component_messenger, operator_post
from airssys_tui.runtime.messaging.letter import Letter, Question
from tests.support.postmen import Postmen, body, identity, said
from tests.support.world import PATIENCE, World

PATIENT = '[resources]\ndeadline = "60s"\nfuel_per_call = 1_000_000_000_000\n'
HELLO = MessageBody(text="hello")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postmen]:
    world = World(tmp_path_factory.mktemp("refusals"))
    postmen = Postmen(world)
    postmen.put("ann", PATIENT)
    postmen.put("busy", PATIENT + "[supervision]\nshutdown = '50ms'\n")
    for overflow in ("reject", "block"):
        postmen.put(overflow, f'[resources]\nmailbox = 2\nmailbox_overflow = "{overflow}"\n')
    postmen.put("tiny", '[resources]\nmessage_size = "4B"\n[config]\naccepts = 81\n')
    world.open()
    yield postmen
    world.close()


def refused(office: Postmen, to: str, said: MessageBody = HELLO) -> MessageRefusal:
    with pytest.raises(MessageRefusal) as refusal:
        office.world.runtime.send_message(to, said).result(PATIENCE)
    return refusal.value


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Have what refers to itself stay, after all that does was collected."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_a_flooded_mailbox_is_told_to_both_and_counted(office: Postmen) -> None:
    office.pause("reject")
    assert office.ask("ann", "flood", identity("reject"), "x", 10) == 2
    error = refused(office, "reject")
    office.resume("reject")
    assert (type(error), error.case) == (MessageHeldBack, Undelivered.MAILBOX_FULL)
    assert office.texts("reject") == ["x", "x"]
    assert "turned away, mailbox-full: 9" in office.told("reject")
    assert "could not be sent, mailbox-full: 8" in office.told("ann")


def test_what_a_full_mailbox_did_not_take_is_gone_at_once(office: Postmen) -> None:
    office.pause("reject")
    assert office.ask("ann", "flood", identity("reject"), "x", 2) == 2
    with uncollected():
        assert office.ask("ann", "flood", identity("reject"), "x", 10) == 0
        assert office.call("ann", "reject", "x")[0] == "mailbox-full"
        left = [each for each in gc.get_objects() if type(each) in {Letter, Question} and each.to.name == "reject"]
    assert sorted(map(id, left)) == sorted(map(id, office.actor("reject").mailbox))
    office.resume("reject")
    assert office.texts("reject") == ["x", "x"]


def test_a_mailbox_is_full_of_bytes_too(office: Postmen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "MOST_BYTES", 100)
    for name in ("reject-bytes", "drop-oldest-bytes"):
        office.install(name, f'[resources]\nmailbox_overflow = "{name.removesuffix("-bytes")}"\n')
        office.pause(name)
        for number in range(4):
            assert office.send("ann", name, f"{number}" * 25) is None
    assert office.send("ann", "reject-bytes", "x")[0] == "mailbox-full"
    assert office.send("ann", "drop-oldest-bytes", "x" * 30) is None
    for name in ("reject-bytes", "drop-oldest-bytes"):
        office.resume(name)
    assert office.texts("reject-bytes") == [f"{number}" * 25 for number in range(4)]
    assert office.texts("drop-oldest-bytes") == ["2" * 25, "3" * 25, "x" * 30]
    assert "dead letters, overflow: 2" in office.told("drop-oldest-bytes")
    assert office.send("ann", "reject-bytes", "x" * 200) is None, "one message always has room"
    assert office.texts("reject-bytes") == ["x" * 200]
    assert office.actor("reject-bytes").mailbox.bytes == 0


def test_the_operator_waits_for_room_where_senders_wait(office: Postmen) -> None:
    office.pause("block")
    for _ in range(2):
        office.world.runtime.send_message("block", HELLO).result(PATIENCE)
    waiting = office.world.runtime.send_message("block", HELLO)
    office.world.wait_for(lambda _: office.actor("block").mailbox.room)
    office.resume("block")
    assert waiting.result(PATIENCE).id
    assert office.texts("block") == ["hello"] * 3


def test_a_call_that_was_taken_back_leaves_room_to_who_waits_for_it(office: Postmen) -> None:
    office.pause("block")
    queued = [office.start("block", "taken") for _ in range(2)]
    waiting = office.world.runtime.send_message("block", HELLO)
    office.world.wait_for(lambda _: office.actor("block").mailbox.room)
    assert all(each.cancel() for each in queued)
    office.resume("block")
    assert waiting.result(PATIENCE).id
    assert office.texts("block") == ["hello"]


def test_who_waits_for_room_no_more_leaves_nothing_behind(office: Postmen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_post, "LONGEST_BLOCK", 0.02)
    monkeypatch.setattr(component_messenger, "LONGEST_BLOCK_NS", 20_000_000)
    office.pause("block")
    for _ in range(2):
        assert office.send("ann", "block", "x") is None
    assert refused(office, "block").case is Undelivered.MAILBOX_FULL
    assert office.send("ann", "block", "x")[0] == "mailbox-full"
    assert not office.actor("block").mailbox.room
    office.resume("block")
    assert office.texts("block") == ["x", "x"]


def test_the_operator_is_held_to_a_rate(office: Postmen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_post, "RATE", 1)
    system = office.world.runtime.probe.system
    post = operator_post.OperatorPost(system.post, system.router)
    assert office.world.run(lambda: post.send("ann", HELLO, Guarantee.AT_MOST_ONCE, None, None)).id
    with pytest.raises(MessageHeldBack) as limited:
        office.world.run(lambda: post.send("ann", HELLO, Guarantee.AT_MOST_ONCE, None, None))
    assert limited.value.case is Undelivered.RATE_LIMITED
    assert office.texts("ann") == ["hello"]


def test_who_sends_to_itself_waits_for_no_room(office: Postmen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component_messenger, "Wake", None)  # a wait would fail
    assert office.ask("block", "flood", identity("block"), "x", 5) == 2
    assert office.texts("block") == ["x", "x"]


def test_size_and_codec_are_bounds_for_the_operator_too(office: Postmen) -> None:
    assert refused(office, "tiny").case is Undelivered.TOO_LARGE
    assert refused(office, "tiny", MessageBody(text="x", codec=0x55)).case is Undelivered.UNSUPPORTED_CODEC
    assert refused(office, "tiny", MessageBody(text="x", codec=0x12)).case is Undelivered.UNSUPPORTED_CODEC
    assert "turned away, unsupported-codec: 2" in office.told("tiny")


def test_a_slow_receiver_is_a_timeout_and_its_late_answer_is_dropped(office: Postmen) -> None:
    office.pause("busy")
    with pytest.raises(MessageHeldBack) as late:
        office.world.runtime.ask_component("busy", HELLO, 0.02).result(PATIENCE)
    assert late.value.case is Undelivered.TIMEOUT
    assert office.actor("busy").mailbox[0].cancelled(), "nobody waits for it any more"
    assert office.call("ann", "busy", "hello", timeout=20)[0] == "timeout"
    office.resume("busy")
    assert office.texts("busy") == [], "what nobody waits for any more is not begun"


def test_a_receiver_that_is_stopped_while_it_answers_cancels(office: Postmen) -> None:
    waiting = office.start("ann", "call", identity("busy"), body("spin"), 60_000)
    office.world.wait_for(lambda _: _runs(office, "busy"))
    asked = office.world.runtime.ask_component("busy", HELLO, 60.0)
    office.world.wait_for(lambda _: office.actor("busy").queued == 1)
    office.world.do(Stop("busy"))
    why = "its receiver was stopped or replaced while it handled it"
    assert said(waiting.result(PATIENCE)) == ("cancelled", why)
    with pytest.raises(MessageRefusal) as cancelled:
        asked.result(PATIENCE)
    assert cancelled.value.case is Undelivered.CANCELLED
    assert refused(office, "busy").case is Undelivered.NOT_RUNNING
    office.world.do(Start("busy"))
    assert office.call("ann", "busy", "back") == "back"


def test_a_candidate_waits_for_nobody(office: Postmen) -> None:
    office.install("eve", '[config]\nsend = "ann"\n', rights="")
    assert "could not be sent, denied: 1" in office.told("eve")


def test_dead_letters_are_told_once_in_a_second(office: Postmen) -> None:
    office.install("gone", PATIENT)
    office.pause("gone")
    for number in range(3):
        office.send("ann", "gone", str(number))
    office.world.do(Stop("gone"))
    (event,) = office.world.events("gone", "dead-letter")
    assert event.text.startswith("message of ann is dead letter ")
    assert event.text.endswith(": stopped: gone stopped before the call ran")
    assert "dead letters, stopped: 3" in office.told("gone")
    runtime = office.world.runtime
    letters = tuple(each.id for each in runtime.dead_letters("gone").result(PATIENCE).letters)
    outcomes = runtime.replay_dead_letters(letters).result(PATIENCE)
    assert [outcome.error for outcome in outcomes] == ["gone does not run"] * 3
    assert {each.id for each in runtime.dead_letters("gone").result(PATIENCE).letters} == set(letters), "they stay"


def _runs(office: Postmen, name: str) -> bool:
    serving = office.actor(name).serving
    return serving is not None and serving.in_flight is not None
