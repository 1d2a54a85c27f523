"""What is told of links: who provides an import and why, what is waited for, and what a stop would do to others."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from airssys_tui.api.commands import Stop
from airssys_tui.api.views.impact import Effect, EffectKind
from airssys_tui.runtime.linking.link_book import MOST_SHOWN
from tests.support.linked_guests import ADDER, LINKS, consumer, provider
from tests.support.world import PATIENCE, World

MIDDLE = "t:t/middle"


@pytest.fixture
def chain(world: World) -> World:
    """Give a world in which front is linked to calculator, and calculator to adder."""
    world.open()
    world.install("adder", provider(), version="1.0.0")
    world.install("calculator", consumer(export=MIDDLE), LINKS)
    world.install("front", consumer(MIDDLE), LINKS)
    return world


def story(world: World, name: str) -> str:
    return " ".join(world.runtime.explain(name).result(PATIENCE).sentences)


def effects(world: World, name: str, kind: EffectKind) -> list[tuple[str, int, str]]:
    found = world.runtime.impact(name).result(PATIENCE).effects
    return [(each.component, each.depth, each.text) for each in found if each.kind is kind]


def test_a_consumer_tells_who_provides_and_why(chain: World) -> None:
    told = story(chain, "calculator")
    assert f"Its import {ADDER} is provided by adder r1 (1.0.0): no other running component exports it." in told
    assert "front is linked to it." in told
    chain.install("plus", provider())
    assert "it was linked first and stays while it fits; plus would do as well." in story(chain, "calculator")
    (chain.folder / "airssys.toml").write_text(f'[links]\ncalculator."{ADDER}" = "adder"\n', encoding="utf-8")
    chain.notice("airssys.toml")
    assert "is provided by adder r1 (1.0.0): airssys.toml names it under [links]." in story(chain, "calculator")


def test_a_consumer_that_waits_tells_what_for(chain: World) -> None:
    chain.install("lonely", consumer("t:t/nobody"), LINKS)
    told = story(chain, "lonely")
    assert "It waits for its links: t:t/nobody is offered neither by the host nor by a component that runs." in told
    assert "To go on: start a component that exports it" in told
    chain.do(Stop("adder"))
    assert "was provided by adder r1 (1.0.0), which does not run." in story(chain, "calculator")


def test_a_stop_reaches_all_that_depend_on_it_the_nearest_first(chain: World) -> None:
    chain.call("front", "calc", 1, 1)
    near, far = effects(chain, "adder", EffectKind.LINK)
    assert near[:2] == ("calculator", 1)
    assert near[2].startswith(f"calculator is linked to adder for {ADDER} (1 call so far): ")
    assert far[:2] == ("front", 2)
    assert far[2].endswith("its calls fail where they go on to adder")
    assert effects(chain, "front", EffectKind.LINK) == []


def test_a_dependant_is_told_once_however_many_ways_lead_to_it(chain: World) -> None:
    chain.install("both", consumer(MIDDLE, also=ADDER), LINKS)
    assert [name for name, _, _ in effects(chain, "adder", EffectKind.LINK)] == ["both", "calculator", "front"]


def test_calls_that_run_or_wait_are_told(chain: World) -> None:
    actor, over, entered = chain.runtime.probe.component("adder").actor, threading.Event(), threading.Event()

    def hold(_serving: Any) -> None:
        entered.set()
        over.wait(PATIENCE)

    actor.post(hold)
    assert entered.wait(PATIENCE)
    pending = chain.runtime.invoke("front", "calc", 1, 1)
    chain.wait_for(lambda _: actor.queued)
    try:
        told = effects(chain, "adder", EffectKind.CALL)
    finally:
        over.set()
    assert told == [
        ("adder", 0, "1 call or message that is queued for it is dropped"),
        ("calculator", 1, "calculator waits for an answer of it"),
    ]
    assert pending.result(PATIENCE) == 2
    assert effects(chain, "adder", EffectKind.CALL) == []


def test_topics_are_told(chain: World) -> None:
    chain.runtime.probe.system.post.addresses["local", "front"].patterns.add("orders.#")
    (told,) = effects(chain, "front", EffectKind.TOPIC)
    assert told == ("front", 0, "it is subscribed to orders.#: what is published meanwhile does not reach it")


def test_a_stop_that_changes_nothing_says_so(chain: World) -> None:
    assert effects(chain, "front", EffectKind.RETURN) == [("front", 0, "it stays stopped until it is started")]
    chain.do(Stop("front"))
    assert effects(chain, "front", EffectKind.RETURN) == [("front", 0, "it is stopped, or its run is over")]


def test_effects_are_bounded_and_counted(chain: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airssys_tui.runtime.story_answers.MOST_EFFECTS", 2)
    found = chain.runtime.impact("adder").result(PATIENCE)
    assert [type(each) for each in found.effects] == [Effect] * 2
    assert found.omitted == 1


def test_a_hub_shows_its_busiest_links_and_sums_up_the_rest(chain: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_SHOWN == 20
    monkeypatch.setattr("airssys_tui.runtime.linking.link_book.MOST_SHOWN", 1)
    chain.install("z-busy", consumer(), LINKS)
    for _ in range(3):
        chain.call("z-busy", "calc", 1, 1)
    chain.call("calculator", "add", 1, 1)
    system = chain.runtime.probe.system
    shown = system.links.views(system.router.find("adder"))
    assert [(each.consumer, each.calls, each.others) for each in shown] == [("z-busy", 3, 0), ("", 1, 1)]
    assert shown[1].text == "1 more -> adder  1 calls, 0 failed"
