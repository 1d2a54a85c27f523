"""The linked samples: ``calculator`` has ``adder`` add, and ``shop`` holds carts that ``cart`` keeps."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from airssys_tui.api.commands import Restart, Rollback
from airssys_tui.core.lifecycle import State
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok
from tests.support.places import LINKED
from tests.support.world import PATIENCE, World

RELEASES = LINKED / ".releases" / "adder"
PEOPLE = ("Ada", "Bo", "Cy", "Di")

SLOW = wasmtime.wat2wasm("""(component
  (core module $m (func (export "add") (param i64 i64) (result i64) (local $n i64)
    (loop $again (local.set $n (i64.add (local.get $n) (i64.const 1)))
      (br_if $again (i64.lt_u (local.get $n) (i64.const 30_000_000))))
    (i64.const 7)))
  (core instance $i (instantiate $m))
  (func $add (param "a" s64) (param "b" s64) (result s64) (canon lift (core func $i "add")))
  (instance $face (export "add" (func $add)))
  (export "demo:math/adder@1.0.0" (instance $face)))""")
"""Answers 7 after some 20 ms."""


def release(world: World, folder: Path) -> None:
    """Install the two files of a release."""
    world.notice(world.put("adder", folder))


@pytest.fixture
def sums(world: World) -> World:
    """Give a world in which calculator is linked to adder."""
    world.open()
    release(world, LINKED / "adder")
    world.install("calculator", LINKED / "calculator")
    return world


@pytest.fixture
def shopping(world: World) -> World:
    """Give a world in which shop is linked to cart."""
    world.open()
    world.install("cart", LINKED / "cart")
    world.install("shop", LINKED / "shop")
    return world


def test_each_plus_is_a_call_of_the_other_component(sums: World) -> None:
    assert sums.call("calculator", "add", -40, 82) == 42
    assert sums.call("calculator", "evaluate", " 1 + 2 + 39 ") == Ok(42)
    assert sums.call("calculator", "evaluate", "1 + two") == Err("'two' is not a whole number")
    assert sums.wait_row("adder", lambda row: row.meters.calls == 5)


def test_a_sum_that_is_too_large_is_the_fault_of_the_one_that_adds(sums: World) -> None:
    with pytest.raises(GuestTrap) as caught:
        sums.call("calculator", "add", 2**63 - 1, 1)
    assert caught.value.trap.kind is TrapKind.LINK
    assert caught.value.trap.message.startswith("adder: ")
    sums.wait_row("adder", lambda row: row.state is State.RUNNING and row.meters.errors == 1)
    assert sums.wait_row("calculator", lambda row: row.state is State.RUNNING).restarts == 0


def test_a_release_of_other_types_is_refused_with_the_types_of_both_sides(sums: World) -> None:
    release(sums, RELEASES / "2.0.0")
    assert (sums.row("adder").revision, sums.row("adder").version) == (1, "1.0.0")
    told = sums.told("adder", "refused")
    assert "refused at compatibility: " in told
    assert "calculator imports `add: func(a: s64, b: s64) -> s64`, adder exports `add: func(a: f64, b: f64)" in told
    assert sums.call("calculator", "add", 40, 2) == 42


def test_sums_are_right_while_releases_and_rollbacks_come_and_go(sums: World) -> None:
    switches_under_traffic(sums, 6)


@pytest.mark.slow
def test_sums_are_right_through_200_switches(sums: World) -> None:
    switches_under_traffic(sums, 200)


def switches_under_traffic(world: World, count: int) -> None:
    over, wrong, asked = threading.Event(), [], [0, 0]

    def ask(place: int) -> None:
        while not over.is_set():
            number = asked[place] = asked[place] + 1
            answer = world.call("calculator", "evaluate", f"{number} + {place} + 1")
            if answer != Ok(number + place + 1):
                wrong.append((number, answer))

    wasm = (RELEASES / "1.1.0" / "adder.wasm").read_bytes()
    threads = [threading.Thread(target=ask, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(count):
            if number % 2:
                world.do(Rollback("adder", to=world.row("adder").revision - 1))
            else:
                world.install("adder", wasm + b"\0\5\4" + f"{number:04}".encode())  # a custom section of its own
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert not wrong
    assert sum(asked) > 1
    assert world.row("adder").revision == count + 1
    assert world.row("calculator").restarts == 0


def test_a_call_that_a_rollback_overtakes_ends_where_it_began(sums: World) -> None:
    sums.install("adder", SLOW, '[resources]\nfuel_per_call = "unlimited"\ndeadline = "60s"\n', version="1.0.1")
    actor = sums.runtime.probe.system.router.find("adder").actor
    pending = sums.runtime.invoke("calculator", "add", 1, 1)
    while actor.serving.in_flight is None:
        assert not pending.done()
    sums.do(Rollback("adder"))
    assert pending.result(PATIENCE) == 7
    assert sums.call("calculator", "add", 1, 1) == 2


def test_carts_are_bought_joined_and_paid(shopping: World) -> None:
    assert shopping.call("shop", "buy", "Ada", "bread", 2) == Ok(700)
    assert shopping.call("shop", "buy", "Bo", "apple", 3) == Ok(120)
    assert shopping.call("shop", "join", "Bo", "Ada") == Ok(820)
    assert carts(shopping) == (1, 1)
    assert shopping.call("shop", "total", "Bo") == Err("Bo has no cart")
    assert shopping.call("shop", "pay", "Ada") == Ok(820)
    assert carts(shopping) == (0, 2)
    assert "there is no caviar" in shopping.call("shop", "buy", "Ada", "caviar", 1).value
    assert carts(shopping) == (0, 2)


def test_carts_outlive_a_release_of_the_shop_no_more_than_its_instance(shopping: World) -> None:
    shopping.call("shop", "buy", "Ada", "bread", 1)
    shopping.do(Restart("shop"))
    assert any(carts(shopping) == (0, 1) for _ in range(2_000))  # it is closed beside everything else
    assert shopping.call("shop", "total", "Ada") == Err("Ada has no cart")


def carts(world: World) -> tuple[int, int]:
    return world.call("cart", "open"), world.call("cart", "dropped")


def test_every_handle_is_dropped_once_or_told_to_be_stale(shopping: World) -> None:
    """A shop at random against a model of it, while the keeper of the carts is restarted now and then."""
    chance, model, made, dropped = random.Random(15), {}, 0, 0
    for _ in range(60):
        who, other = chance.sample(PEOPLE, 2)
        match chance.choice(("buy", "buy", "buy", "join", "pay", "total", "restart")):
            case "buy":
                made += who not in model
                model[who] = model.get(who, 0) + 350
                assert shopping.call("shop", "buy", who, "bread", 1) == Ok(model[who])
            case "join" if who in model and other in model:
                model[other] += model.pop(who)
                dropped += 1
                assert shopping.call("shop", "join", who, other) == Ok(model[other])
            case "pay" if who in model:
                dropped += 1
                assert shopping.call("shop", "pay", who) == Ok(model.pop(who))
            case "total" if who in model:
                assert shopping.call("shop", "total", who) == Ok(model[who])
            case "restart":
                stale(shopping, model)
                model, made, dropped = {}, 0, 0
        assert carts(shopping) == (len(model), dropped)
        assert made == len(model) + dropped


def stale(world: World, model: dict[str, Any]) -> None:
    world.do(Restart("cart"))
    for who in model:
        with pytest.raises(GuestTrap) as caught:
            world.call("shop", "total", who)
        assert (caught.value.trap.kind, caught.value.trap.message) == (TrapKind.LINK, "stale handle of cart r1")
        world.wait_row("shop", lambda row: row.state is State.RUNNING)
        break  # the shop's instance has ended with it, and with it all that it held
