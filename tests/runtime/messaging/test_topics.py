"""Topics: who subscribed gets what is published, once, over every change of its instance."""

from __future__ import annotations

import pytest

from airssys_tui.api.commands import Restart
from tests.support.postmen import Postmen, body, said
from tests.support.world import World


@pytest.fixture
def office(world: World) -> Postmen:
    postmen = Postmen(world)
    for name in ("ann", "bob", "eve"):
        postmen.put(name, version="1.0.0")
    postmen.put("choosy", "[config]\naccepts = 81\n")
    postmen.put("mute", rights="")
    world.open()
    return postmen


def publish(office: Postmen, topic: str, text: str, codec: int | None = None) -> object:
    return said(office.ask("ann", "publish", topic, body(text, codec)))


def subscribe(office: Postmen, name: str, pattern: str) -> object:
    return said(office.ask(name, "subscribe", pattern))


def test_a_publication_comes_once_to_everybody_who_subscribed(office: Postmen) -> None:
    for pattern in ("news.*", "#", "news.today"):
        assert subscribe(office, "bob", pattern) is None
    assert subscribe(office, "eve", "sport") is None
    assert publish(office, "news.today", "hello") == 1
    (line,) = office.lines("bob")
    assert line.startswith("publish ann news.today null null 1 ")
    assert office.texts("eve") == []
    assert publish(office, "sport", "2:1") == 2
    assert office.ask("bob", "unsubscribe", "#") is True
    assert office.ask("bob", "unsubscribe", "#") is False
    assert publish(office, "sport", "2:2") == 1


def test_a_subscription_outlives_reloads_and_restarts(office: Postmen) -> None:
    subscribe(office, "bob", "news.#")
    office.install("bob", version="1.1.0")
    office.world.do(Restart("bob"))
    assert publish(office, "news.today", "still") == 1
    assert publish(office, "news", "none of the rest") == 1
    assert office.texts("bob") == ["still", "none of the rest"]


def test_what_may_not_be_is_a_typed_error(office: Postmen) -> None:
    assert publish(office, "private.plans", "x")[0] == "denied"  # type: ignore[index]
    assert publish(office, "News..Today", "x")[0] == "failed"  # type: ignore[index]
    assert subscribe(office, "mute", "news.today")[0] == "denied"  # type: ignore[index]
    assert subscribe(office, "bob", "news.#.today")[0] == "failed"  # type: ignore[index]
    for number in range(64):
        assert subscribe(office, "eve", f"t.{number}") is None
    assert subscribe(office, "eve", "t.0") is None, "twice is once"
    assert subscribe(office, "eve", "one.more") == ("failed", "64 patterns are subscribed to, the limit")


def test_a_codec_that_nobody_takes_is_an_error_and_each_one_is_counted(office: Postmen) -> None:
    subscribe(office, "choosy", "news.*")
    answer = publish(office, "news.today", "x", 0x55)
    assert answer == ("unsupported-codec", "none of 1 subscribers accepts the codec 0x55")
    assert office.counts("choosy").missed["unsupported-codec"] == 1
    subscribe(office, "bob", "news.*")
    assert publish(office, "news.today", "x", 0x55) == 1
    assert publish(office, "news.today", "x", 0x51) == 2


def test_who_takes_only_small_messages_misses_the_large_ones(office: Postmen) -> None:
    office.install("eve", '[resources]\nmessage_size = "4B"\n', version="1.2.0")
    subscribe(office, "eve", "news.*")
    assert publish(office, "news.today", "1234") == 1
    assert publish(office, "news.today", "12345") == 0
    assert office.counts("eve").missed["too-large"] == 1


def test_full_mailboxes_are_counted_and_hinder_nobody(office: Postmen) -> None:
    office.install("bob", "[resources]\nmailbox = 1\n", version="1.2.0")
    subscribe(office, "bob", "news.*")
    subscribe(office, "eve", "news.*")
    office.pause("bob")
    assert publish(office, "news.today", "1") == 2
    assert publish(office, "news.today", "2") == 1
    office.resume("bob")
    assert office.texts("eve") == ["1", "2"]
    assert office.texts("bob") == ["1"]
    assert office.counts("bob").missed["mailbox-full"] == 1


def test_a_right_that_is_gone_ends_what_is_delivered(office: Postmen) -> None:
    subscribe(office, "bob", "news.*")
    office.install("bob", rights="", version="1.3.0")
    assert publish(office, "news.today", "secret") == 1
    assert office.texts("bob") == []
    assert office.counts("bob").missed["denied"] == 1
