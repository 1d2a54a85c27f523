"""A request runs on the thread of its caller when the actor is idle, under every rule that holds on a worker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, TypeVar

import pytest

from airssys_tui.core.errors import AirssysError, NotServing, UsageError
from airssys_tui.core.lifecycle import State
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.runtime.actors.actor import Actor
from airssys_tui.runtime.machinery.caller_threads import LEAST_STACK, stack_of_this_thread
from airssys_tui.runtime.machinery.deep_threads import STACK_LOCK
from airssys_tui.runtime.machinery.guest_threads import Workers
from tests.support.components import Crafted
from tests.support.places import FIXTURES
from tests.support.standing import Standing
from tests.support.world import PATIENCE, World

T = TypeVar("T")
pytestmark = pytest.mark.skipif(stack_of_this_thread() == 0, reason="the system does not tell the depth of a stack")


def beside(work: Callable[[], T], stack: int = LEAST_STACK) -> Callable[[], T]:
    """Run something on a thread of its own; the function that is returned waits for its result."""
    answers: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again on the thread that waits
            errors.append(error)

    with STACK_LOCK:  # the size is one for the whole process
        before = threading.stack_size(stack)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        threading.stack_size(before)

    def answer() -> T:
        thread.join(PATIENCE)
        assert not thread.is_alive()
        if errors:
            raise errors[0]
        return answers[0]

    return answer


def here(_: object = None) -> int:
    return threading.get_ident()


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Give a pool of one place."""
    made = Workers(1)
    yield made
    made.close(5.0)


@pytest.fixture
def actor(workers: Workers) -> Actor:
    """Give an actor that serves."""
    return serving(workers)


def serving(workers: Workers) -> Actor:
    made = Actor("subject", workers, 1_000, lambda *_: None)
    made.switch(Standing())  # type: ignore[arg-type]
    return made


def test_an_idle_actor_runs_it_on_the_thread_of_the_caller(actor: Actor) -> None:
    ran, mine = beside(lambda: [(actor.request(here), here()) for _ in range(2)])()

    assert ran[0] == ran[1]
    assert mine[0] == mine[1]


def test_a_shallow_stack_is_left_to_its_owner(actor: Actor) -> None:
    # glibc gives a thread the stack of one that ended, if it is no larger than four times what was asked for.
    ran, mine = beside(lambda: (actor.request(here), here()), LEAST_STACK // 8)()

    assert ran != mine


def test_the_main_thread_is_left_to_signals(actor: Actor) -> None:
    assert threading.current_thread() is threading.main_thread()
    assert actor.request(here) != here()


def test_a_request_from_within_a_call_goes_across_threads(workers: Workers, actor: Actor) -> None:
    other = serving(workers)

    outer, inner, after = beside(
        lambda: (*actor.request(lambda _: (here(), other.request(here))), other.request(here))
    )()

    assert inner != outer
    assert after == outer, "and when that call is over it may again"
    outer, inner = actor.post(lambda _: (here(), beside(lambda: other.request(here))())).result(PATIENCE)
    assert inner != outer


def test_what_was_posted_before_is_run_before(actor: Actor) -> None:
    order: list[str] = []
    actor.pause()
    first = actor.post(lambda _: order.append("first"))
    second = beside(lambda: actor.request(lambda _: (order.append("second"), here())[1]) != here())
    until(lambda: actor.queued == 2)
    actor.resume()

    assert second(), "a worker runs it"
    first.result(PATIENCE)
    assert order == ["first", "second"]


def test_one_call_at_a_time_and_what_came_meanwhile_is_run_after_it(actor: Actor) -> None:
    begun, over, order = threading.Event(), threading.Event(), list[str]()

    def long(_: object) -> None:
        begun.set()
        assert over.wait(PATIENCE)
        order.append("long")

    asked = beside(lambda: actor.request(long))
    assert begun.wait(PATIENCE)
    also = beside(lambda: actor.request(lambda _: order.append("also")))
    until(lambda: actor.queued == 1 or order != [])
    posted = actor.post(lambda _: order.append("posted"))
    over.set()
    asked()
    also()
    posted.result(PATIENCE)

    assert order == ["long", "also", "posted"]


def test_a_pause_waits_for_the_call_of_a_caller(actor: Actor) -> None:
    begun, over = threading.Event(), threading.Event()

    def long(_: object) -> None:
        begun.set()
        assert over.wait(PATIENCE)

    asked = beside(lambda: actor.request(long))
    assert begun.wait(PATIENCE)
    reached = actor.pause()
    assert not reached.done()
    over.set()
    asked()

    assert reached.result(PATIENCE) == 0
    late = beside(lambda: actor.request(here))
    until(lambda: actor.queued == 1)
    actor.resume()
    late()


def test_a_call_of_a_caller_takes_no_place_from_others(workers: Workers, actor: Actor) -> None:
    begun, over = threading.Event(), threading.Event()
    asked = beside(lambda: actor.request(lambda _: (begun.set(), over.wait(PATIENCE))))
    assert begun.wait(PATIENCE)

    assert serving(workers).post(lambda _: "told").result(PATIENCE) == "told"

    assert workers.handed == 0
    over.set()
    asked()


def test_an_error_of_the_work_is_the_callers_and_the_actor_goes_on(actor: Actor) -> None:
    with pytest.raises(ZeroDivisionError):
        beside(lambda: actor.request(lambda _: 1 // 0))()

    assert actor.post(lambda _: "told").result(PATIENCE) == "told"
    assert beside(lambda: actor.request(here) == here())()


def test_who_waits_less_than_the_call_may_take_does_not_run_it(world: World) -> None:
    world.put("c", Crafted(), '[resources]\ndeadline = "5s"\n')
    world.open()
    actor = world.runtime.probe.component("c").actor
    brief, patient = beside(lambda: [actor.request(here, wait) == here() for wait in (4.9, 5.0)])()

    assert not brief
    assert patient


def test_a_call_that_waits_in_wasi_is_run_by_its_caller_and_ends_at_its_deadline(world: World) -> None:
    world.put("sleeper", (FIXTURES / "sleeper" / "sleeper.wasm").read_bytes(), '[resources]\ndeadline = "60ms"\n')
    world.open()
    actor = world.runtime.probe.component("sleeper").actor

    assert beside(lambda: actor.request(here) == here())()
    with pytest.raises(GuestTrap) as caught:
        beside(lambda: world.runtime.request("sleeper", "sleep", 3_600_000_000_000))()
    assert caught.value.trap.kind is TrapKind.DEADLINE


def test_an_actor_that_does_not_accept_calls_refuses(actor: Actor) -> None:
    actor.accept(False)
    with pytest.raises(NotServing):
        beside(lambda: actor.request(here))()


SHORT = '[resources]\ndeadline = "60ms"\nfuel_per_call = "unlimited"\n'


@pytest.mark.parametrize(
    ("export", "limits", "kind"),
    [
        ("trap", "", TrapKind.UNREACHABLE),
        ("spin", SHORT, TrapKind.DEADLINE),
        ("spin", "[resources]\nfuel_per_call = 100000\n", TrapKind.OUT_OF_FUEL),
    ],
)
def test_a_trap_reaches_the_caller_and_supervision(world: World, export: str, limits: str, kind: TrapKind) -> None:
    world.put("c", Crafted(), limits)
    runtime = world.open()
    assert [beside(lambda: runtime.request("c", "add", 2))() for _ in range(2)] == [2, 4]

    with pytest.raises(GuestTrap) as caught:
        beside(lambda: runtime.request("c", export))()

    assert caught.value.trap.kind is kind
    row = world.wait_row("c", lambda row: row.state is State.RUNNING and row.restarts == 1)
    assert row.meters.errors == 1
    assert row.meters.calls == 3
    assert beside(lambda: runtime.request("c", "get"))() == world.call("c", "get")


def test_closing_cancels_the_call_of_a_caller(world: World) -> None:
    world.put("c", Crafted(), '[resources]\ndeadline = "1h"\nfuel_per_call = "unlimited"\n')
    runtime = world.open(shutdown=0.3)
    asked = beside(lambda: runtime.request("c", "spin"))
    world.wait_row("c", lambda row: row.running is not None)
    world.close()

    with pytest.raises(AirssysError):
        asked()


def test_on_an_event_loop_it_is_refused(world: World) -> None:
    world.put("c", Crafted())
    runtime = world.open()

    async def ask() -> Any:
        with pytest.raises(UsageError, match="event loop"):
            runtime.request("c", "get")
        return await runtime.invoke("c", "get")

    assert asyncio.run(ask()) == 0


def until(condition: Callable[[], bool]) -> None:
    """Wait until another thread has done what it is about to do."""
    pause, end_at = threading.Event(), perf_counter() + PATIENCE
    while not condition():
        assert perf_counter() < end_at
        pause.wait(0.001)
