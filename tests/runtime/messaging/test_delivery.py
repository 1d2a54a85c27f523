"""Messages from guest to guest: they come, in order, and who may not send is told why."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from airssys_tui.core.types.values import Ok, Variant
from airssys_tui.runtime.messaging.message_rate import MessageRate
from tests.support.postmen import PLAIN, Postmen, body, identity, said
from tests.support.world import PATIENCE, World


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postmen]:
    world = World(tmp_path_factory.mktemp("messages"))
    postmen = Postmen(world)
    for name in ("ann", "bob"):
        postmen.put(name)
    for overflow in ("reject", "block", "drop-oldest"):
        postmen.put(overflow, f'[resources]\nmailbox = 3\nmailbox_overflow = "{overflow}"\n')
    postmen.put("hasty", "[resources]\nmessages_per_second = 5\n")
    postmen.put("tiny", '[resources]\nmessage_size = "10B"\n')
    postmen.put("choosy", "[config]\naccepts = 81\n")
    postmen.put("mute", rights="")
    postmen.put("narrow", rights='[capabilities]\nmessaging = ["send:ann"]\n')
    world.open()
    yield postmen
    world.close()


def test_a_message_comes_with_all_that_is_known_of_it(office: Postmen) -> None:
    assert office.send_with("ann", "bob", "hello", correlation=7) is None
    (line,) = office.lines("bob")
    head, trace = line.partition(":")[0].rsplit(" ", 1)
    assert (head, line.partition(": ")[2]) == ("sent ann - 7 null 1", "hello")
    assert len(trace) == 32


def test_a_component_knows_itself(office: Postmen) -> None:
    assert office.ask("ann", "self-id") == identity("ann")


def test_messages_of_one_sender_come_in_order(office: Postmen) -> None:
    assert (
        office.ask(
            "ann",
            "count",
            identity("bob"),
            "nr",
            1,
            60,
            PLAIN,
        )
        == 60
    )
    assert office.texts("bob") == [f"nr {number}" for number in range(1, 61)]


def test_one_trace_leads_through_every_hop(office: Postmen) -> None:
    assert office.call("ann", "bob", "ask choosy hello") == "hello"
    (line,) = office.lines("choosy")
    trace = line.partition(":")[0].rsplit(" ", 1)[1]
    assert office.call("ann", "bob", "hello") == "hello"
    assert trace not in office.lines("bob")[0], "another call is another trace"
    assert len(trace) == 32


def test_everybody_gets_a_broadcast_and_each_outcome_is_told(office: Postmen) -> None:
    targets = [identity(name) for name in ("bob", "nobody", "ann")]
    outcomes = office.ask("ann", "broadcast", targets, body("to all")).value
    assert [said(outcome) for outcome in outcomes] == [None, ("unknown-target", "there is no component nobody"), None]
    assert office.texts("bob") == office.texts("ann") == ["to all"]
    many = office.ask("ann", "broadcast", [identity("bob")] * 65, body("no"))
    assert said(many) == ("too-large", "65 targets; the limit is 64")


@pytest.mark.parametrize(
    ("way", "text", "codec", "case"),
    [
        ("ann>nobody", "x", None, "unknown-target"),
        ("ann>No Name", "x", None, "unknown-target"),
        ("mute>bob", "x", None, "denied"),
        ("narrow>bob", "x", None, "denied"),
        ("ann>tiny", "eleven byte", None, "too-large"),
        ("tiny>ann", "eleven byte", None, "too-large"),
        ("ann>bob", "x", 0x1200, "unsupported-codec"),
        ("ann>choosy", "x", 0x55, "unsupported-codec"),
    ],
)
def test_a_message_that_may_not_go_is_a_typed_error_and_is_counted(
    office: Postmen, way: str, text: str, codec: int | None, case: str
) -> None:
    sender, to = way.split(">")
    before = office.counts(sender).refused[case]
    assert office.send(sender, to, text, codec)[0] == case
    assert office.counts(sender).refused[case] == before + 1


def test_what_may_go_goes(office: Postmen) -> None:
    assert office.send("narrow", "ann", "x") is None
    assert office.send("ann", "tiny", "10 bytes..") is None
    assert office.send("ann", "choosy", "cbor", 0x51) is None
    assert office.send("ann", "choosy", "by other means") is None
    assert office.texts("choosy") == ["cbor", "by other means"]
    assert (office.texts("ann"), office.texts("tiny")) == (["x"], ["10 bytes.."])


def test_a_sender_over_its_rate_is_held_to_it(office: Postmen) -> None:
    accepted = office.ask("hasty", "flood", identity("bob"), "much", 200)
    assert 5 <= accepted < 200
    assert office.counts("hasty").refused["rate-limited"] == 200 - accepted
    assert office.texts("bob") == ["much"] * accepted


def test_the_rate_is_so_many_at_once_and_so_many_in_a_second() -> None:
    now = 0.0
    rate = MessageRate(5, lambda: now)
    assert [rate.take() for _ in range(6)] == [True] * 5 + [False]
    now = 0.5
    assert [rate.take() for _ in range(3)] == [True, True, False]
    now = 100.0
    assert [rate.take() for _ in range(6)] == [True] * 5 + [False]


def test_a_full_mailbox_rejects(office: Postmen) -> None:
    office.pause("reject")
    outcomes = [office.send("ann", "reject", str(number)) for number in range(4)]
    office.resume("reject")
    assert outcomes == [None, None, None, ("mailbox-full", "the mailbox of reject is full")]
    assert office.texts("reject") == ["0", "1", "2"]
    assert office.counts("reject").turned_away["mailbox-full"] == 1


def test_a_full_mailbox_drops_the_oldest(office: Postmen) -> None:
    office.pause("drop-oldest")
    assert [office.send("ann", "drop-oldest", str(number)) for number in range(4)] == [None] * 4
    office.resume("drop-oldest")
    assert office.texts("drop-oldest") == ["1", "2", "3"]
    (dead,) = (letter for letter in office.dead() if letter.to == "drop-oldest")
    assert (dead.reason, dead.body["body"], dead.attempts) == ("overflow", Variant("text", "0"), 1)


def test_a_full_mailbox_makes_its_sender_wait(office: Postmen) -> None:
    office.pause("block")
    assert [office.send("ann", "block", str(number)) for number in range(3)] == [None] * 3
    waiting = office.start("ann", "send", identity("block"), body("3"))
    office.world.wait_for(lambda _: office.actor("block").mailbox.room)
    office.resume("block")
    assert waiting.result(PATIENCE) == Ok()
    assert office.texts("block") == ["0", "1", "2", "3"]
    office.pause("block")
    for number in range(3):
        office.send("ann", "block", str(number))
    assert office.send("ann", "block", "in vain")[0] == "mailbox-full", "no longer than its own call lasts"
    office.resume("block")


def test_an_option_out_of_bounds_is_said(office: Postmen) -> None:
    assert office.send_with("ann", "bob", "x", deadline=0) == ("failed", "0 ms; accepted: 1 to 3600000 ms")


def test_a_message_that_comes_too_late_is_a_dead_letter(office: Postmen) -> None:
    office.pause("bob")
    assert office.send_with("ann", "bob", "stale", deadline=1) is None
    assert office.send("ann", "bob", "fresh") is None
    until = office.actor("bob").mailbox[0].until  # type: ignore[attr-defined]
    while time.monotonic() <= until:
        pass
    office.resume("bob")
    assert office.texts("bob") == ["fresh"]
    assert office.dead()[-1].reason == "expired"


def test_an_error_that_is_not_retryable_acknowledges(office: Postmen) -> None:
    before = office.counts("bob").handled
    assert office.send_with("ann", "bob", "refuse", guarantee="at-least-once") is None
    assert office.texts("bob") == []
    assert office.counts("bob").handled == before + 1


def test_what_is_retryable_comes_again_before_what_follows(office: Postmen) -> None:
    assert office.send_with("ann", "bob", "again-once", guarantee="at-least-once") is None
    assert office.send("ann", "bob", "next") is None
    assert [[*line.split(":")[0].split()[5:6], line.partition(": ")[2]] for line in office.lines("bob")] == [
        ["2", "again-once"],
        ["1", "next"],
    ]


def test_what_is_retryable_for_ever_is_a_dead_letter(office: Postmen) -> None:
    assert office.send_with("ann", "bob", "again", guarantee="at-least-once") is None
    office.texts("bob")
    dead = office.dead()[-1]
    assert (dead.reason, dead.attempts, dead.why) == ("exhausted", 3, "retryable: not now")


def test_an_at_most_once_message_is_never_retried(office: Postmen) -> None:
    assert office.send("ann", "bob", "again-once") is None
    assert office.texts("bob") == []


def test_what_was_counted_is_described(office: Postmen) -> None:
    office.send("ann", "nobody", "x")
    told = office.world.runtime.describe("ann").result(PATIENCE).messages
    assert any(line.startswith("sent: ") for line in told)
    assert any(line.startswith("could not be sent, unknown-target: ") for line in told)
