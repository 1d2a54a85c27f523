"""`airssys.toml` is watched: links follow it, and a mistake in it changes nothing and is told with its place."""

from __future__ import annotations

import pytest

from airssys_tui.core.lifecycle import State
from tests.support.linked_guests import ADDER, LINKS, consumer, provider
from tests.support.world import World


def says(world: World, text: str) -> None:
    (world.folder / "airssys.toml").write_text(text, encoding="utf-8")
    world.notice("airssys.toml")


@pytest.fixture
def two(world: World) -> World:
    """Give a world in which calculator is linked to adder, and plus exports the same."""
    (world.folder / "airssys.toml").write_text(f'[links]\ncalculator."{ADDER}" = "adder"\n', encoding="utf-8")
    world.open()
    world.install("adder", provider())
    world.install("plus", provider(body="(i32.const 42)"))
    world.install("calculator", consumer(), LINKS)
    assert world.call("calculator", "calc", 1, 1) == 2
    return world


def test_another_link_holds_from_the_next_call_on(two: World) -> None:
    says(two, f'[links]\ncalculator."{ADDER}" = "plus"\n')
    assert two.call("calculator", "calc", 1, 1) == 42
    assert two.told("calculator", "linked") == f"{ADDER} is linked to plus, before to adder"
    assert two.row("calculator").restarts == 0


def test_a_mistake_changes_nothing_and_is_told_with_its_place(two: World) -> None:
    says(two, f'[links]\n\ncalculator."{ADDER}" = "Plus"\n')
    assert two.call("calculator", "calc", 1, 1) == 2
    (problem,) = two.runtime.snapshot().problems
    assert problem.startswith(f"airssys.toml:3: links.calculator.'{ADDER}': ")
    assert problem.endswith("what it said before holds")
    says(two, f'[links]\ncalculator."{ADDER}" = "plus"\n')
    assert two.runtime.snapshot().problems == ()
    assert two.call("calculator", "calc", 1, 1) == 42


def test_a_provider_that_is_not_there_is_waited_for_while_the_present_one_answers(two: World) -> None:
    says(two, f'[links]\ncalculator."{ADDER}" = "sum"\n')
    assert two.call("calculator", "calc", 1, 1) == 2
    assert "stays linked to adder" in two.told("calculator", "linked")
    two.install("sum", provider(body="(i32.const 7)"))
    two.wait_event("calculator", "linked", 2)
    assert two.call("calculator", "calc", 1, 1) == 7


def test_a_provider_that_does_not_fit_does_not_take_over(two: World) -> None:
    two.install("odd", provider(parameter="s32"))
    says(two, f'[links]\ncalculator."{ADDER}" = "odd"\n')
    assert two.call("calculator", "calc", 1, 1) == 2
    assert "odd r1 exports `add: func(a: u32, b: s32) -> u32`" in two.told("calculator", "linked")


def test_a_link_lets_in_what_waited_between_two(two: World) -> None:
    assert "refused at links" in two.install("other", consumer(), LINKS).note.text
    says(two, f'[links]\ncalculator."{ADDER}" = "adder"\nother."{ADDER}" = "plus"\n')
    assert two.wait_row("other", lambda row: row.state is State.RUNNING)
    assert two.call("other", "calc", 1, 1) == 42


def test_what_takes_effect_later_is_said(two: World) -> None:
    says(two, f'[links]\ncalculator."{ADDER}" = "adder"\n[trust]\ndefault = []\n')
    told = [event.text for event in two.events(None, "no-effect")]
    assert told == ["airssys.toml: [trust] takes effect at the next start"]


def test_the_watcher_sees_it(world: World) -> None:
    world.open(watch=True, quiet=0.01)
    (world.folder / "airssys.toml").write_text("[links]\nno = 1\n", encoding="utf-8")
    world.wait_for(lambda snapshot: any("airssys.toml:2" in text for text in snapshot.problems))
    (world.folder / "airssys.toml").unlink()
    world.wait_for(lambda snapshot: not snapshot.problems)
