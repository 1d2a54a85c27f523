"""Linked components: one answers what another one imports; what goes wrong is told and charged on the right side."""

from __future__ import annotations

import threading

import pytest

from airssys_tui.api.commands import Reload, Start, Stop
from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.lifecycle import RecoveryKind, State
from airssys_tui.core.traps import GuestTrap, TrapKind
from tests.support.linked_guests import ADDER, LINKS, consumer, provider
from tests.support.world import PATIENCE, World

WIDER = "demo:math/adder@1.3.0"


@pytest.fixture
def linked(world: World) -> World:
    """Give a world in which calculator is linked to adder."""
    world.open()
    world.install("adder", provider())
    world.install("calculator", consumer(), LINKS)
    return world


def edge(world: World, name: str = "calculator"):
    system = world.runtime.probe.system
    (found,) = system.links.links_of(system.router.find(name))[0]
    return found


def link_trap(world: World, *arguments: int) -> str:
    with pytest.raises(GuestTrap) as caught:
        world.call("calculator", "calc", *arguments)
    assert caught.value.trap.kind is TrapKind.LINK
    return caught.value.trap.message


def folder_says(world: World, text: str) -> None:
    (world.folder / "airssys.toml").write_text(text, encoding="utf-8")


def test_the_only_provider_answers(linked: World) -> None:
    assert linked.call("calculator", "calc", 3, 4) == 7
    assert (edge(linked).calls, edge(linked).errors) == (1, 0)
    assert linked.wait_row("adder", lambda row: row.meters.calls == 1)


def test_both_rows_show_the_link_and_one_that_waits_shows_for_what(linked: World) -> None:
    linked.call("calculator", "calc", 3, 4)
    row = linked.wait_row("calculator", lambda row: row.links and row.links[0].calls)
    assert row.links[0].text.startswith(f"calculator -> adder  {ADDER}  1 calls, 0 failed, median ")
    assert linked.wait_row("adder", lambda row: row.links == row.links and row.links[0].calls).links == row.links
    waiting = linked.install("waiting", consumer("t:t/nobody"), LINKS)
    assert [link.text for link in waiting.links] == ["waiting waits for t:t/nobody"]
    described = linked.runtime.describe("waiting").result(PATIENCE)
    assert described.view.links[0].provider == ""


def test_a_compatible_version_answers(world: World) -> None:
    world.open()
    world.install("adder", provider(WIDER, functions="add sub"))
    world.install("calculator", consumer(), LINKS)
    assert world.call("calculator", "calc", 3, 4) == 7


def test_a_missing_provider_holds_the_consumer_until_it_comes(world: World) -> None:
    world.open()
    row = world.install("calculator", consumer(), LINKS)
    assert (row.state, row.revision) == (State.FAILED, None)
    assert f"refused at links: {ADDER} is offered neither by the host nor by a component that runs" in row.note.text
    world.install("adder", provider())
    assert world.wait_row("calculator", lambda row: row.state is State.RUNNING)
    assert world.call("calculator", "calc", 3, 4) == 7


def test_what_is_missing_later_on_is_waited_for_as_well(world: World) -> None:
    world.open()
    world.install("plus", provider("t:t/plus"))
    row = world.install("calculator", consumer(also="t:t/plus"), LINKS)
    assert ADDER in row.note.text
    assert "t:t/plus" not in row.note.text
    world.do(Stop("plus"))
    world.install("adder", provider())
    world.wait_row("calculator", lambda row: [link.interface for link in row.links] == ["t:t/plus"])
    world.do(Start("plus"))
    world.wait_row("calculator", lambda row: row.state is State.RUNNING)
    assert world.call("calculator", "calc", 3, 4) == 7


def test_the_provider_starts_first_after_a_restart(world: World) -> None:
    world.open()
    world.install("z-adder", provider())
    world.install("calculator", consumer(), LINKS)
    world.reopen()
    started = [event.component for event in world.events(None, "started") if event.component]
    assert started.index("z-adder") < started.index("calculator")
    assert world.call("calculator", "calc", 1, 1) == 2


def test_two_providers_are_not_chosen_between(world: World) -> None:
    folder_says(world, f'[links]\nsecond."{ADDER}" = "plus"\n')
    world.open()
    world.install("adder", provider())
    world.install("first", consumer(), LINKS)
    world.install("plus", provider(body="(i32.const 42)"))
    assert world.call("first", "calc", 1, 1) == 2  # it stays with the one that it has
    assert "is exported by adder, plus" in world.install("third", consumer(), LINKS).note.text
    world.install("second", consumer(), LINKS)
    assert world.call("second", "calc", 1, 1) == 42
    world.do(Stop("plus"))
    world.wait_row("third", lambda row: row.state is State.RUNNING)
    assert world.call("third", "calc", 1, 1) == 2


def test_an_incompatible_provider_is_told_with_the_types_of_both(world: World) -> None:
    world.open()
    world.install("adder", provider(parameter="s32"))
    row = world.install("calculator", consumer(), LINKS)
    assert "refused at types: " in row.note.text
    assert "calculator imports `add: func(a: u32, b: u32) -> u32`" in row.note.text
    assert "adder r1 exports `add: func(a: u32, b: s32) -> u32`" in row.note.text


def test_a_provider_that_would_break_a_running_consumer_is_refused_unless_forced(linked: World) -> None:
    row = linked.install("adder", provider(parameter="s32"))
    assert (row.state, row.revision) == (State.RUNNING, 1)
    told = linked.told("adder", "refused")
    assert "refused at compatibility: " in told
    assert "calculator imports `add: func(a: u32, b: u32) -> u32`, adder exports `add: func(a: u32, b: s32)" in told
    with pytest.raises(GateRefusal):
        linked.do(Reload("adder"))
    assert linked.call("calculator", "calc", 3, 4) == 7
    linked.do(Reload("adder", force=True))
    assert "exports `add: func(a: u32, b: s32) -> u32`, and `add: func(a: u32, b: u32) -> u32` is called" in link_trap(
        linked, 3, 4
    )


def test_a_reload_of_the_provider_is_seen_by_the_next_call(linked: World) -> None:
    linked.install("adder", provider(body="(i32.const 99)"))
    assert linked.call("calculator", "calc", 3, 4) == 99


def test_a_link_that_is_not_declared_is_denied(world: World) -> None:
    world.open()
    world.install("adder", provider())
    world.install("calculator", consumer())
    with pytest.raises(GuestTrap) as caught:
        world.call("calculator", "calc", 3, 4)
    assert caught.value.trap.kind is TrapKind.HOST_DENIAL
    assert 'messaging = ["link:adder"]' in caught.value.trap.message
    assert world.row("adder").meters.calls == 0


def test_a_grant_that_is_denied_holds(world: World) -> None:
    folder_says(world, "[trust]\ndefault = []\n")
    world.open()
    world.install("adder", provider())
    world.install("calculator", consumer(), LINKS)
    with pytest.raises(GuestTrap) as caught:
        world.call("calculator", "calc", 3, 4)
    assert caught.value.trap.kind is TrapKind.HOST_DENIAL


def test_a_trap_of_the_provider_is_charged_to_it(world: World) -> None:
    world.open()
    world.install("adder", provider(body="(unreachable)"), '[supervision]\nbackoff = {initial = "10ms"}\n')
    world.install("calculator", consumer(), LINKS)
    actor = world.runtime.probe.system.router.find("calculator").actor
    with pytest.raises(GuestTrap) as caught:
        actor.post(lambda serving: serving.call("calc", 3, 4)).result(PATIENCE)
    assert caught.value.trap.kind is TrapKind.LINK
    assert "adder: unreachable" in caught.value.trap.message
    world.wait_row("adder", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    row = world.wait_row("calculator", lambda row: row.state is State.RUNNING and row.started_at)
    assert (row.restarts, row.recovery.kind) == (0, RecoveryKind.NONE)
    assert world.row("adder").meters.errors == 1


def test_a_stopped_provider_ends_the_call_and_the_consumer_waits_for_it(linked: World) -> None:
    linked.do(Stop("adder"))
    assert "adder does not accept calls now" in link_trap(linked, 1, 1)
    linked.wait_row("calculator", lambda row: row.recovery.kind is RecoveryKind.BACKOFF)
    assert "is offered neither by the host nor by a component that runs" in linked.row("calculator").note.text
    linked.do(Start("adder"))
    linked.wait_row("calculator", lambda row: row.state is State.RUNNING)
    assert linked.call("calculator", "calc", 1, 1) == 2


def test_the_deadline_of_the_consumer_bounds_the_call(world: World) -> None:
    world.open()
    world.install(
        "adder",
        provider(body="(loop $for-ever (br $for-ever)) (unreachable)"),
        '[resources]\nfuel_per_call = "unlimited"\n',
    )
    world.install("calculator", consumer(), LINKS + '[resources]\ndeadline = "100ms"\n')
    assert "deadline" in link_trap(world, 1, 1)
    row = world.wait_row("adder", lambda row: row.state is State.RUNNING and row.meters.errors == 1)
    assert row.restarts == 0  # it was cut off with its caller, which is not its fault


def test_a_circle_is_refused(world: World) -> None:
    world.open()
    world.install("a", provider("t:t/a"))
    world.install("b", consumer("t:t/a", export="t:t/b"), LINKS)
    row = world.install("a", consumer("t:t/b", export="t:t/a"), LINKS)
    assert "refused at links: circle of links: a -> b -> a" in row.note.text
    assert row.state is State.RUNNING


def test_a_chain_of_eight_runs_and_one_of_nine_is_refused(world: World) -> None:
    world.open()
    world.install("c0", provider("t:t/i0", body="(local.get 1)"))
    for depth in range(1, 10):
        wasm = consumer(f"t:t/i{depth - 1}", export=f"t:t/i{depth}")
        row = world.install(f"c{depth}", wasm, LINKS)
    assert "refused at links: a chain of 9 links, at most 8: c9 -> c8 -> " in row.note.text
    for _ in range(20):
        assert world.call("c8", "add", 1, 5) == 5


def test_a_call_is_cancelled_with_its_caller(world: World) -> None:
    world.open()
    spin = "(loop $for-ever (br $for-ever)) (unreachable)"
    world.install("adder", provider(body=spin), '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n')
    world.install("calculator", consumer(), LINKS + '[resources]\ndeadline = "60s"\n[supervision]\nshutdown = "50ms"\n')
    router = world.runtime.probe.system.router
    pending = world.runtime.invoke("calculator", "calc", 1, 1)
    world.wait_for(lambda _: router.find("adder").actor.serving.in_flight is not None)
    world.do(Stop("calculator"))
    with pytest.raises(GuestTrap) as caught:
        pending.result(PATIENCE)
    assert caught.value.trap.kind is TrapKind.CANCELLED
    world.wait_row("adder", lambda row: row.meters.errors == 1 and row.state is State.RUNNING)


def test_the_calculator_is_right_while_the_adder_is_reloaded(linked: World) -> None:
    reloads_under_traffic(linked, 5)


@pytest.mark.slow
def test_the_calculator_is_right_through_many_reloads(linked: World) -> None:
    reloads_under_traffic(linked, 200)


def reloads_under_traffic(world: World, count: int) -> None:
    over, wrong, calls = threading.Event(), [], []

    def ask() -> None:
        number = 0
        while not over.is_set():
            number += 1
            found = world.call("calculator", "calc", number, 1)
            calls.append(number)
            if found != number + 1:
                wrong.append((number, found))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(count):
            world.install("adder", provider(body=f"(drop (i32.const {number})) (i32.add (local.get 0) (local.get 1))"))
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert not wrong
    assert len(calls) > 2 * count or count < 50
    assert world.row("adder").revision == count + 1
    assert world.row("calculator").restarts == 0
    assert edge(world).errors == 0
