"""The samples that talk: ``ping`` and ``pong``, ``flaky``, and the three stages of a pipeline over topics."""

from __future__ import annotations

import pytest

from airssys_tui.api.views.messaging import MessageBody
from airssys_tui.core.lifecycle import State
from airssys_tui.core.message import Guarantee
from airssys_tui.core.types.values import Err, Ok
from tests.support.places import TALKING
from tests.support.world import PATIENCE, World


def tell(world: World, text: str, guarantee: Guarantee) -> None:
    world.runtime.send_message("flaky", MessageBody(text=text), guarantee=guarantee).result(PATIENCE)


def taken(world: World) -> list[str]:
    """Return what ``flaky`` says that it took."""
    return [event.text for event in world.events("flaky", "log")]


@pytest.fixture
def talking(world: World) -> World:
    world.open()
    for name in ("pong", "ping"):
        world.install(name, TALKING / name)
    return world


def test_ping_asks_when_it_is_called(talking: World) -> None:
    assert talking.call("ping", "ask", "ping") == Ok("pong")
    assert talking.call("ping", "ask", "grüße") == Ok("grüße")
    assert talking.call("pong", "taken") >= 2
    talking.remove("pong")
    assert isinstance(talking.call("ping", "ask", "ping"), Err)


def test_ping_asks_by_its_timer(talking: World) -> None:
    talking.wait_for(lambda _: talking.call("ping", "tally")["answered"] >= 1)
    assert talking.call("ping", "tally")["failed"] == 0


def test_flaky_traps_at_every_third_message_and_loses_none_that_is_sent_at_least_once(world: World) -> None:
    world.open()
    world.install("flaky", TALKING / "flaky")
    for number in range(7):
        tell(world, f"message {number}", Guarantee.AT_LEAST_ONCE)
    world.wait_for(lambda _: len(taken(world)) >= 7)
    assert taken(world) == [f"message {number}" for number in range(7)]
    assert world.wait_row("flaky", lambda row: row.state is State.RUNNING).restarts == 3
    assert world.call("flaky", "taken") == 1


def test_flaky_loses_what_is_sent_at_most_once(world: World) -> None:
    world.open()
    world.install("flaky", TALKING / "flaky")
    for number in range(4):
        tell(world, f"message {number}", Guarantee.AT_MOST_ONCE)
    world.wait_for(lambda _: len(taken(world)) >= 3)
    assert taken(world) == ["message 0", "message 1", "message 3"]
    letters = world.runtime.dead_letters().result(PATIENCE).letters
    assert [letter.reason for letter in letters] == ["trapped"]


def test_a_text_goes_through_all_stages_of_the_pipeline_in_order(world: World) -> None:
    (world.folder / "airssys.toml").write_bytes((TALKING / "airssys.toml").read_bytes())
    world.open()
    for name in ("gatherer", "shouter", "splitter"):
        world.install(name, TALKING / name)
    assert world.runtime.publish("text.poem", MessageBody(text="call me  ishmael")).result(PATIENCE).taken == 1
    wanted = ["loud.poem.4 CALL", "loud.poem.2 ME", "loud.poem.7 ISHMAEL"]
    world.wait_for(lambda _: world.call("gatherer", "gathered") == wanted)
    assert world.runtime.publish("text.poem.first", MessageBody(text="not for *")).result(PATIENCE).taken == 0
    (group,) = world.runtime.snapshot().groups
    assert [member.name for member in group.members] == ["gatherer", "shouter", "splitter"]
