"""Durable messages: on the disk before the sender goes on, handled at least once whatever ends, and bounded."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from airssys_tui.api.commands import Start, Stop
from airssys_tui.api.views.messaging import MessageBody
from airssys_tui.core.errors import DiskFull
from airssys_tui.core.message import Guarantee
from airssys_tui.core.types.values import Variant
from airssys_tui.host.services.messenger import SendOptions
from airssys_tui.runtime.messaging.component_messenger import ComponentMessenger
from airssys_tui.runtime.messaging.written import durable_post
from airssys_tui.runtime.messaging.written.durable_post import DurablePost
from airssys_tui.runtime.messaging.written.receipt import LATE
from airssys_tui.store.catalog.trimming import AGE
from airssys_tui.store.mail.durable_mail import DurableMail
from tests.support.postmen import Postmen, body, identity, options
from tests.support.world import PATIENCE, World

TOUGH = (
    "[supervision]\nmax_restarts = 1000\nbackoff = {initial = '10ms', max = '10ms'}\n[deployment]\nprobation = '0s'\n"
)
MUCH = "[resources]\nmessages_per_second = 100000\n"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postmen]:
    postmen = Postmen(World(tmp_path_factory.mktemp("durable")))
    for name in ("ann", "bob", "eve"):
        postmen.put(name, TOUGH + MUCH)
    for overflow in ("reject", "drop-oldest"):
        postmen.put(overflow, f'[resources]\nmailbox = 3\nmailbox_overflow = "{overflow}"\n')
    postmen.world.open()
    yield postmen
    postmen.world.close()


def durable(office: Postmen) -> DurablePost:
    return office.world.runtime.probe.system.post.durable


def rows(office: Postmen) -> list[str]:
    """Return the bodies that the journal holds."""
    waiting, dead = office.world.runtime.probe.floor.state.mail.read()
    return [row.body.decode() for row in (*waiting, *(row for row, _ in dead))]


def holds(office: Postmen, *wanted: str) -> bool:
    """Wait until the journal holds these and nothing else: the rows of handled messages go a moment later."""
    return office.world.wait_for(lambda _: rows(office) == list(wanted))


def test_a_durable_message_comes_and_its_row_goes(office: Postmen) -> None:
    assert office.send_with("ann", "bob", "hello", guarantee="durable", correlation=2**64 - 1, deadline=60_000) is None
    (line,) = office.lines("bob")
    assert line.startswith(f"sent ann - {2**64 - 1} null 1 ")
    assert durable(office).waiting("bob") == 0
    assert holds(office)


def test_the_operator_sends_durable_messages_too(office: Postmen) -> None:
    office.pause("bob")
    office.world.runtime.send_message("bob", MessageBody(text="by hand"), guarantee=Guarantee.DURABLE).result(PATIENCE)
    assert holds(office, "by hand")
    office.resume("bob")
    (line,) = office.lines("bob")
    assert line.startswith("sent operator - ")


def test_order_holds_and_many_go_at_once(office: Postmen) -> None:
    target = {"namespace": "local", "name": "bob"}
    wanted = options("durable")
    replies = [office.start(name, "count", target, name, 1, 30, wanted) for name in ("ann", "eve")]
    assert [reply.result(30) for reply in replies] == [30, 30]
    texts = office.texts("bob")
    for name in ("ann", "eve"):
        assert [text for text in texts if text.startswith(name)] == [f"{name} {number}" for number in range(1, 31)]
    assert holds(office)


def test_it_is_in_the_journal_when_the_sender_goes_on(office: Postmen) -> None:
    office.pause("bob")
    assert office.send_with("ann", "bob", "first", guarantee="durable") is None
    assert office.send_with("ann", "bob", "second", guarantee="durable") is None
    assert holds(office, "first", "second")
    assert durable(office).waiting("bob") == 2
    office.resume("bob")
    assert office.texts("bob") == ["first", "second"]


def test_what_waits_when_its_receiver_stops_comes_when_that_serves_again(office: Postmen) -> None:
    office.pause("bob")
    for number in range(3):
        assert office.send_with("ann", "bob", f"nr {number}", guarantee="durable") is None
    office.world.do(Stop("bob"))
    assert office.send_with("ann", "bob", "no", guarantee="durable") == ("not-running", "bob does not run")
    assert office.dead() == ()
    assert holds(office, "nr 0", "nr 1", "nr 2")
    office.world.do(Start("bob"))
    assert office.texts("bob") == ["nr 0", "nr 1", "nr 2"]


@pytest.mark.parametrize("text", ["trap-once", "again-once"])
def test_it_comes_again_after_a_trap_and_when_the_receiver_wants_it(office: Postmen, text: str) -> None:
    before = office.counts("bob").handled
    assert office.send_with("ann", "bob", text, guarantee="durable") is None
    assert office.send_with("ann", "bob", "next", guarantee="durable") is None
    office.world.wait_for(lambda _: durable(office).waiting("bob") == 0)
    assert office.texts("bob") == [text, "next"]
    assert office.counts("bob").handled > before


def test_a_full_mailbox_turns_it_away(office: Postmen) -> None:
    office.pause("reject")
    said = [office.send_with("ann", "reject", f"nr {number}", guarantee="durable") for number in range(4)]
    assert said == [None, None, None, ("mailbox-full", "the mailbox of reject is full")]
    office.resume("reject")
    assert office.texts("reject") == ["nr 0", "nr 1", "nr 2"]
    assert holds(office)


def test_a_full_mailbox_that_drops_makes_room_for_it(office: Postmen) -> None:
    office.pause("drop-oldest")
    assert [office.send_with("ann", "drop-oldest", f"nr {n}", guarantee="durable") for n in range(4)] == [None] * 4
    office.resume("drop-oldest")
    assert office.texts("drop-oldest") == ["nr 1", "nr 2", "nr 3"]
    (dead,) = office.dead()
    assert (dead.reason, dead.body["body"]) == ("overflow", Variant("text", "nr 0"))
    assert holds(office, "nr 0")
    post = office.world.runtime.probe.system.post
    post.durable.forget(post.dead.take(dead.id))
    assert holds(office)


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        ("MOST_WAITING", "too many durable messages wait for bob: 1, 5B"),
        ("MOST_WAITING_BYTES", "too many durable messages wait for bob: 1, 5B"),
        ("MOST_BYTES", "too many durable messages wait for all components: 5B"),
    ],
)
def test_a_full_journal_turns_it_away(office: Postmen, monkeypatch: pytest.MonkeyPatch, bound: str, text: str) -> None:
    monkeypatch.setattr(durable_post, bound, 1 if bound == "MOST_WAITING" else 9)
    office.pause("bob")
    assert office.send_with("ann", "bob", "first", guarantee="durable") is None
    turned_away = office.counts("bob").turned_away["mailbox-full"]
    assert office.send_with("ann", "bob", "other", guarantee="durable") == ("mailbox-full", text)
    assert office.counts("bob").turned_away["mailbox-full"] == turned_away + 1
    office.resume("bob")
    assert office.texts("bob") == ["first"]
    assert holds(office)


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, method: str) -> Iterator[None]:
    def fail(*_: object) -> None:
        raise DiskFull("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(DurableMail, method, fail)
        yield


def test_what_cannot_be_written_down_is_an_error_and_is_not_delivered(
    office: Postmen, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing(monkeypatch, "accept"):
        case, text = office.send_with("ann", "bob", "lost", guarantee="durable")
    assert (case, text) == ("failed", "it could not be written down: the disk is full")
    assert durable(office).waiting("bob") == 0
    assert office.world.wait_for(lambda seen: seen.disk_full), "as for every write"
    assert office.send_with("ann", "bob", "next", guarantee="durable") is None
    assert office.texts("bob") == ["next"]


def test_a_handled_row_that_cannot_be_removed_now_is_removed_later(
    office: Postmen, monkeypatch: pytest.MonkeyPatch
) -> None:
    with failing(monkeypatch, "remove"):
        assert office.send_with("ann", "bob", "hello", guarantee="durable") is None
        office.world.wait_for(lambda _: durable(office).waiting("bob") == 0)
    assert holds(office)
    assert office.texts("bob") == ["hello"]


def test_a_disk_that_is_too_slow_is_told_in_time(office: Postmen, monkeypatch: pytest.MonkeyPatch) -> None:
    office.install("hurried", '[resources]\ndeadline = "3s"\n')
    accept, writable = DurableMail.accept, threading.Event()

    def late(*arguments: Any) -> None:
        assert writable.wait(PATIENCE)
        accept(*arguments)

    monkeypatch.setattr(DurableMail, "accept", late)
    try:
        assert office.send_with("hurried", "bob", "late", guarantee="durable") == ("timeout", LATE.text)
        assert office.texts("bob") == []
    finally:
        writable.set()
    office.world.wait_for(lambda _: durable(office).waiting("bob") == 0)
    assert office.texts("bob") == ["late"]


def test_a_candidate_sends_no_durable_messages(office: Postmen) -> None:
    post, serving = office.world.runtime.probe.system.post, office.actor("ann").serving
    assert serving is not None
    candidate = SimpleNamespace(is_candidate=True, guard=serving.tenant.guard, tracer=serving.tenant.tracer)
    messenger = ComponentMessenger(post, post.addresses["local", "ann"], cast("Any", candidate))
    said = messenger.send(cast("Any", None), identity("bob"), body("early"), SendOptions(Guarantee.DURABLE))
    assert said is not None
    assert (said.case, said.text.partition(",")[0]) == ("failed", "a candidate sends no durable messages")
    assert durable(office).waiting("bob") == 0


def dead(office: Postmen, text: str) -> Any:
    """Send a message that dies, and return its dead letter."""
    assert office.send_with("ann", "bob", text, guarantee="durable", correlation=5) is None
    office.world.wait_for(lambda _: office.dead())
    (letter,) = office.dead()
    return letter


def test_a_dead_letter_survives_a_restart_and_can_be_sent_again(world: World) -> None:
    office = Postmen(world)
    for name in ("ann", "bob"):
        office.put(name, TOUGH + MUCH)
    world.open()
    before = dead(office, "trap")
    assert (before.reason, before.attempts) == ("exhausted", 3)
    world.reopen()
    (kept,) = office.dead()
    assert kept == before
    post = world.runtime.probe.system.post
    assert post.dead.total == 0, "it died in another run"
    assert [done.error for done in world.runtime.replay_dead_letters((kept.id,)).result(PATIENCE)] == [""]
    world.wait_for(lambda _: office.dead())
    (again,) = office.dead()
    assert (again.id, again.attempts, again.correlation, again.sender) == (before.id, 4, 5, "ann")
    world.reopen()
    assert office.dead() == (again,)
    world.runtime.discard_dead_letters((again.id,)).result(PATIENCE)
    world.reopen()
    assert office.dead() == ()


def test_after_a_kill_what_was_accepted_comes_in_order_as_another_attempt(world: World) -> None:
    office = Postmen(world)
    for name in ("ann", "bob"):
        office.put(name, TOUGH + MUCH)
    world.open()
    office.pause("bob")
    for number in range(5):
        assert office.send_with("ann", "bob", f"nr {number}", guarantee="durable") is None
    world.crash()
    assert [line.split()[5] for line in office.lines("bob")] == ["2"] * 5
    assert office.send_with("ann", "bob", "last", guarantee="durable") is None
    assert holds(office)


def test_what_waited_at_a_clean_stop_comes_as_the_first_attempt(world: World) -> None:
    office = Postmen(world)
    for name in ("ann", "bob"):
        office.put(name, TOUGH + MUCH)
    world.open()
    office.pause("bob")
    for number in range(3):
        assert office.send_with("ann", "bob", f"nr {number}", guarantee="durable", deadline=3_600_000) is None
    shutil.rmtree(world.folder / "ann")
    world.reopen()
    lines = office.lines("bob")
    assert [line.split()[:2] + line.split()[5:6] + line.split()[-1:] for line in lines] == [
        ["sent", "ann", "1", str(number)] for number in range(3)
    ]


def test_a_damaged_journal_costs_durable_messages_and_nothing_else(world: World) -> None:
    office = Postmen(world)
    for name in ("ann", "bob"):
        office.put(name, TOUGH + MUCH)
    world.open()
    assert office.send_with("ann", "bob", "hello", guarantee="durable") is None
    world.close()
    path = world.state_dir / "messages.db"
    path.write_bytes(b"no database" * 1_000)
    world.open()
    case, text = office.send_with("ann", "bob", "hello", guarantee="durable")
    assert (case, "is damaged" in text) == ("failed", True)
    assert office.send("ann", "bob", "plain") is None
    assert office.texts("bob") == ["plain"]


def test_old_dead_letters_are_collected(world: World) -> None:
    office = Postmen(world)
    for name in ("ann", "bob"):
        office.put(name, TOUGH + MUCH)
    world.open()
    letter = dead(office, "trap")
    assert world.runtime.collect().result(PATIENCE).letters == 0
    floor = world.runtime.probe.floor
    floor.clock = lambda: letter.at + AGE + 1
    planned = world.runtime.collect(dry=True).result(PATIENCE)
    assert (planned.letters, planned.items[-1]) == (1, "old dead letters: 1, 4B")
    assert len(office.dead()) == 1
    assert world.runtime.collect().result(PATIENCE).letters == 1
    assert office.dead() == ()
    assert holds(office)
