"""Resources over a link: the consumer's handle stands for the provider's, ends with it, and is dropped once."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from airssys_tui.api.commands import Restart, Stop
from airssys_tui.api.views.recordings import ReplayOutcome
from airssys_tui.core.lifecycle import State
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.runtime.linking import link_edge
from tests.support.linked_carts import CART, SHOP
from tests.support.linked_guests import LINKS
from tests.support.world import PATIENCE, World


@pytest.fixture
def shopping(world: World) -> World:
    """Give a world in which a shop has a cart of 5."""
    world.open()
    world.install("carts", CART)
    world.install("shop", SHOP, LINKS)
    world.call("shop", "open", 5)
    return world


def counts(world: World) -> tuple[int, int]:
    return world.call("carts", "made"), world.call("carts", "dropped")


def stale(world: World) -> str:
    with pytest.raises(GuestTrap) as caught:
        world.call("shop", "total", 0)
    assert caught.value.trap.kind is TrapKind.LINK
    world.wait_row("shop", lambda row: row.state is State.RUNNING)
    return caught.value.trap.message


def test_a_handle_is_used_passed_on_and_dropped_once(shopping: World) -> None:
    assert shopping.call("shop", "total", 0) == 5
    assert shopping.call("shop", "merge", 7) == 12
    assert counts(shopping) == (3, 2)
    shopping.call("shop", "drop", 0)
    assert counts(shopping) == (3, 3)


def test_handles_are_dropped_with_the_instance_of_the_consumer(shopping: World) -> None:
    shopping.do(Stop("shop"))
    assert counts(shopping) == (1, 1)


def test_a_drop_is_recorded_with_the_provider(world: World) -> None:
    world.open()
    world.install("carts", CART, "[state]\nrecord = 30\n")
    world.install("shop", SHOP, LINKS)
    world.call("shop", "open", 5)
    world.call("shop", "drop", 0)
    assert counts(world) == (1, 1)
    report = world.runtime.replay("carts", every=True).result(PATIENCE)
    assert [one.outcome for one in report.calls] == [ReplayOutcome.SAME] * len(report.calls)
    assert report.calls[-1].call.result == "1"


def test_handles_are_counted_with_the_consumer(shopping: World) -> None:
    use = shopping.runtime.probe.system.router.find("shop").actor.serving.instance.resources.use
    assert use.count == 1


def test_a_handle_ends_with_the_instance_that_made_it(shopping: World) -> None:
    shopping.do(Restart("carts"))
    assert stale(shopping) == "stale handle of carts r1"
    assert counts(shopping) == (0, 0)
    shopping.call("shop", "open", 2)
    assert shopping.call("shop", "total", 0) == 2


def test_a_handle_of_an_earlier_revision_is_stale(shopping: World) -> None:
    shopping.install("carts", CART, version="2.0.0")
    assert shopping.row("carts").revision == 2
    shopping.call("shop", "open", 8)  # forgets the handle in the guest, which stays with the instance
    assert shopping.call("shop", "total", 0) == 8
    assert counts(shopping) == (1, 0)
    shopping.install("carts", CART, version="3.0.0")
    assert stale(shopping) == "stale handle of carts r2"


def test_a_result_that_comes_too_late_is_dropped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given_up, bring_back = threading.Event(), link_edge.bring_back

    def late(*arguments: Any) -> Any:
        assert given_up.wait(PATIENCE)
        return bring_back(*arguments)

    world.open()
    world.install("carts", CART)
    world.install("shop", SHOP, LINKS + '[resources]\ndeadline = "50ms"\n')
    monkeypatch.setattr(link_edge, "bring_back", late)
    with pytest.raises(GuestTrap) as caught:
        world.call("shop", "open", 5)
    given_up.set()
    assert caught.value.trap.kind is TrapKind.LINK
    assert any(counts(world) == (1, 1) for _ in range(2_000))


def test_the_limit_of_handles_is_that_of_the_consumer(world: World) -> None:
    world.open()
    world.install("carts", CART)
    world.install("shop", SHOP, LINKS + "[resources]\nhandles = 3\n")
    for number in range(3):
        world.call("shop", "open", number)
    with pytest.raises(GuestTrap) as caught:
        world.call("shop", "open", 3)
    assert caught.value.trap.kind is TrapKind.HANDLE_LIMIT
    # Its instance is closed beside everything else; each look is a call, so this ends.
    assert any(counts(world) == (4, 4) for _ in range(2_000))
