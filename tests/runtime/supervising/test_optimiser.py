"""Optimised code that is made behind takes over with the state, in the same revision, and never at a call's cost."""

from __future__ import annotations

import threading

import pytest

from airssys_tui.core.errors import AdmissionError, GateRefusal
from airssys_tui.core.events import Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.manifest.tier_choice import TierChoice
from airssys_tui.core.refusal import RefusalKind
from airssys_tui.core.revision import Tier
from airssys_tui.runtime.deploying.code_loading import load_code
from airssys_tui.runtime.supervising import optimiser
from tests.support.command_line import eventually
from tests.support.components import Crafted
from tests.support.world import World

ASKED = TierChoice(asked=Tier.BASELINE)
ONE = Crafted(salt="1")


def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hold back optimised code until the event is set."""
    let = threading.Event()
    load = optimiser.load_code

    async def wait(floor, *args, **more):  # type: ignore[no-untyped-def]
        await floor.behind(let.wait, 30)
        return await load(floor, *args, **more)

    monkeypatch.setattr(optimiser, "load_code", wait)
    return let


@pytest.mark.parametrize("strategy", ["blue-green", "stop-start"])
def test_optimised_code_takes_over_with_the_state_and_without_a_revision(
    world: World, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    let = held(monkeypatch)
    world.put("c", ONE, f'[deployment]\nstrategy = "{strategy}"\n')
    world.open(tier=ASKED)
    assert world.row("c").tier is Tier.BASELINE
    world.call("c", "add", 3)
    let.set()
    told = world.wait_event("c", "optimised")
    world.publish()
    assert world.row("c").tier is Tier.OPTIMISED
    assert world.call("c", "get") == 3
    assert "r1 goes on with optimised code" in told.text
    assert (told.kind, told.revision) == ("decision", 1)
    assert [revision.number for revision in world.history("c")] == [1]
    assert world.row("c").restarts == 0
    world.reopen(tier=ASKED, sample=3600.0)
    assert world.row("c").tier is Tier.OPTIMISED, "it is kept for the next start"
    assert world.call("c", "get") == 3


def test_calls_that_come_meanwhile_are_answered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    let = held(monkeypatch)
    world.put("c", ONE)
    world.open(tier=ASKED)
    let.set()
    answers = [world.runtime.invoke("c", "add", 1) for _ in range(200)]
    assert [answer.result(30) for answer in answers] == list(range(1, 201))
    world.wait_event("c", "optimised")
    assert world.call("c", "get") == 200


@pytest.mark.parametrize("strategy", ["blue-green", "stop-start"])
def test_a_call_that_runs_is_not_cancelled_for_it(world: World, strategy: str) -> None:
    spin = "(loop $on (br_if $on (i64.eqz (local.get 0))))"
    world.put(
        "c",
        Crafted(add=spin),
        f'[deployment]\nstrategy = "{strategy}"\n[supervision]\nshutdown = "0s"\n'
        '[resources]\ndeadline = "30s"\nfuel_per_call = "unlimited"\n',
    )
    world.open(tier=ASKED, sample=3600.0)
    component = world.runtime.probe.component("c")
    serving = component.actor.serving
    assert serving is not None
    call = world.runtime.invoke("c", "add", 0)
    eventually(lambda: serving.in_flight is not None)  # a call that begins is no event

    async def improve() -> None:
        code = (await load_code(world.runtime.probe.floor, component.active.digest)).code
        with pytest.raises(GateRefusal):
            await world.runtime.probe.system.instances.improve(component, code)

    world.run(improve)
    assert component.actor.serving is serving
    assert not call.done()
    serving.cancel()


@pytest.mark.parametrize("kind", RefusalKind)
def test_what_cannot_be_optimised_serves_on(world: World, monkeypatch: pytest.MonkeyPatch, kind: RefusalKind) -> None:
    tried: list[str] = []

    async def refuse(_: object, digest: str, **more: object) -> None:
        tried.append(digest)
        raise AdmissionError("it took more than 2m of CPU time to compile", gate=Gate.COMPILE, kind=kind)

    monkeypatch.setattr(optimiser, "load_code", refuse)
    monkeypatch.setattr(optimiser, "AGAIN", 0.0)
    world.put("c", ONE)
    world.open(tier=ASKED)
    again = kind is RefusalKind.CIRCUMSTANCE
    told = world.wait_event("c", "optimised", 3 if again else 1)
    assert told.level is Level.WARNING
    assert "r1 stays with baseline code: it took more than 2m" in told.text
    assert world.call("c", "add", 1) == 1
    assert world.row("c").tier is Tier.BASELINE
    if not again:
        world.run(lambda: world.runtime.probe.floor.disk(lambda: None))
        assert len(tried) == 1


def test_what_is_compiled_behind_goes_to_the_end_of_the_queue(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    let = held(monkeypatch)
    for name in ("a", "b", "c"):
        world.put(name, Crafted(salt=name))
    world.open(tier=ASKED)
    assert {world.row(name).tier for name in ("a", "b", "c")} == {Tier.BASELINE}
    world.install("d", ONE)
    assert world.row("d").tier is Tier.BASELINE, "what somebody waits for does not wait for what nobody waits for"
    let.set()
    for name in ("a", "b", "c", "d"):
        world.wait_event(name, "optimised")


def test_a_runtime_that_is_closed_gives_up_what_it_compiles_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    let = held(monkeypatch)
    world.put("c", ONE)
    world.open(tier=ASKED)
    world.close()
    let.set()
    world.open(tier=ASKED, sample=3600.0)
    assert world.row("c").tier is Tier.BASELINE
