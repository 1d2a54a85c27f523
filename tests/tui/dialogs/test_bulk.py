"""Marks and what is done to all that is marked: typed to be confirmed, a few at a time, each outcome told."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.api.commands import Reload, Restart, Rollback, Stop, Unload
from airssys_tui.api.played import scenes
from airssys_tui.api.views.components import RunningCall
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.events import EventAction
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import StatePolicy
from airssys_tui.core.text import sanitise
from airssys_tui.tui.dialogs.bulk import AT_ONCE, BulkQuestion
from airssys_tui.tui.dialogs.modal import Choice
from airssys_tui.tui.drawing.arrangement import Arrangement
from airssys_tui.tui.operating.bulk import carry_out
from airssys_tui.tui.screens.events import EventScreen
from airssys_tui.tui.screens.registry import RegistryScreen
from airssys_tui.tui.state.bulk_commands import losses
from airssys_tui.tui.state.marks import Marks
from tests.support.exercises.desk import OF_MARKS
from tests.support.exercises.sitting import Sitting
from tests.support.hostile import offenders
from tests.support.screens import connected, desk, shows, wait_until

SIZE = (120, 40)
NAMES = [f"part-{number}" for number in range(6)]


@pytest.mark.parametrize("name", OF_MARKS)
async def test_what_is_marked(name):
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE, notifications=True) as pilot:
        await connected(pilot)
        await OF_MARKS[name](Sitting(pilot, runtime))


@given(st.lists(st.tuples(st.sampled_from(["toggle", "add", "keep", "clear"]), st.sets(st.sampled_from(NAMES)))))
def test_marks_are_a_set_in_the_order_of_marking(steps):
    marks, model = Marks(), []
    for step, names in steps:
        chosen = sorted(names)
        if step == "toggle":
            for name in chosen:
                marks.toggle(name)
                model = [each for each in model if each != name] if name in model else [*model, name]
        elif step == "add":
            marks.add(chosen)
            model += [name for name in chosen if name not in model]
        elif step == "keep":
            marks.keep(chosen)
            model = [name for name in model if name in names]
        else:
            marks.clear()
            model = []
        assert list(marks) == model
        assert len(marks) == len(model)
        assert all((name in marks) is (name in model) for name in NAMES)


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["space", "j", "k", "G", "g", "F", "M", "S", "N", "U", "asterisk"]),
        st.sampled_from(["remove", "filter", "unfilter"]),
    ),
    min_size=3,
    max_size=14,
)


async def walk(steps):
    runtime = scenes.mixed()
    known = {view.id for view in runtime.snapshot().components}
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        screen, marks = pilot.app.screen, pilot.app.session.marks
        for step in steps:
            before = set(marks)
            if step == "remove" and len(known) > 1:
                gone = sorted(known)[len(before) % len(known)]
                runtime.remove(gone)
                known.discard(gone)
                pilot.app.tick()
                await pilot.pause()
                assert set(marks) == before - {gone}
            elif step in {"filter", "unfilter"}:
                screen.take(Arrangement(query="running" if step == "filter" else ""))
                await pilot.pause()
                assert set(marks) == before, "a filter takes no marks away"
            elif step != "remove":
                await pilot.press(step)
                if step not in {"space", "asterisk"}:
                    assert set(marks) == before, "moving and sorting take no marks away"
            assert set(marks) <= known
            assert screen.target is None or screen.target in screen.table.keys
            assert bool(screen.table.keys) == (screen.target is not None)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_marks_and_selection_survive_sorting_filtering_and_removal(steps):
    asyncio.run(walk(steps))


async def test_many_commands_are_under_way_a_few_at_a_time():
    waiting: list[tuple[Future[Done], str]] = []
    most = 0
    batches: set[str] = set()

    class Slow:
        def submit(self, command, *, batch):
            nonlocal most
            batches.add(batch)
            future: Future[Done] = Future()
            waiting.append((future, command.component))
            most = max(most, sum(not each.done() for each, _ in waiting))
            return future

    work = asyncio.ensure_future(carry_out(Slow(), [Stop(f"part-{number}") for number in range(10)]))
    answered = 0
    while not work.done():
        await asyncio.sleep(0)
        if answered < len(waiting):
            future, name = waiting[answered]
            answered += 1
            if name == "part-3":
                future.set_exception(AirssysError("no"))
            elif name == "part-4":
                future.set_exception(ZeroDivisionError("worse"))
            else:
                future.set_result(Done(sanitise(f"{name}: stopped")))
    outcomes = work.result()
    assert most == AT_ONCE
    assert len(batches) == 1, "they are undone as one"
    assert batches.pop()
    assert [outcome.component for outcome in outcomes] == [f"part-{number}" for number in range(10)]
    assert [outcome.component for outcome in outcomes if outcome.failed] == ["part-3", "part-4"]
    assert outcomes[4].text == "ZeroDivisionError: worse"


async def test_each_outcome_is_an_event_and_all_of_them_one_toast():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE, notifications=True) as pilot:
        await connected(pilot)
        await pilot.press("asterisk", "x")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, BulkQuestion))
        await pilot.press("8", "enter")
        await shows(pilot, "of 8 stopped; failed:")
        assert len(pilot.app._notifications) == 1  # noqa: SLF001 - Textual tells nowhere else
        assert not pilot.app.session.marks
        await pilot.press("4")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, EventScreen))
        told = [event for event in pilot.app.session.log if event.action == EventAction.STOP]
        assert {event.component for event in told} == {view.id for view in runtime.snapshot().components}
        await shows(pilot, "pipeline/parse is stopped: stop is not possible")


async def test_yes_cannot_be_chosen_before_it_is_typed():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("space", "j", "space", "D")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, BulkQuestion))
        yes = pilot.app.screen.query_one("#yes", Choice)
        assert yes.disabled
        await pilot.press("3", "enter")
        assert yes.disabled
        await pilot.press("backspace", "2")
        assert not yes.disabled
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, RegistryScreen))
        assert runtime.commands == []
        assert len(pilot.app.session.marks) == 2, "who says no keeps the marks"


async def test_a_rollback_of_many_shows_what_each_becomes_and_leaves_out_what_cannot():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE, notifications=True) as pilot:
        await connected(pilot)
        runtime.patience = True
        await pilot.press("space", "j", "j", "j", "space", "z")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, BulkQuestion))
        await shows(pilot, "loading the preview")
        await pilot.press("2", "enter")
        assert isinstance(pilot.app.screen, BulkQuestion), "nobody confirms what is not on the screen yet"
        runtime.patience = False
        runtime.settle()
        await shows(pilot, "becomes r5, as r1 1.0.0", "state: keep", "held: 1.1.0, 1.3.0", "skipped: greeter")
        await pilot.press("enter")
        await wait_until(pilot, lambda: runtime.commands)
        assert runtime.commands == [Rollback("counter", to=1, state=StatePolicy.KEEP)]
        await shows(pilot, "1 of 1 rolled back")


async def test_what_is_hostile_is_asked_about_in_plain_words():
    async with desk("hostile").run_test(size=SIZE) as pilot:
        await connected(pilot)
        for key in ("x", "z", "D"):
            await pilot.press("space", key)
            await wait_until(pilot, lambda: isinstance(pilot.app.screen, BulkQuestion))
            await pilot.pause()
            assert offenders(pilot.app) == set()
            await pilot.press("escape", "escape")


@pytest.mark.parametrize(("key", "command"), [("r", Restart), ("R", Reload), ("D", Unload)])
async def test_the_other_actions_take_the_marks_too(key, command):
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("space", "j", "j", "j", "space", key)
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, BulkQuestion))
        await pilot.press("2", "enter")
        await wait_until(pilot, lambda: len(runtime.commands) == 2)
        assert set(runtime.commands) == {command("counter"), command("greeter")}


async def test_readonly_marks_but_does_nothing():
    runtime = scenes.mixed()
    async with desk(runtime, readonly=True).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("space", "x", "r", "R", "z", "D", "s")
        await pilot.pause()
        assert isinstance(pilot.app.screen, RegistryScreen)
        assert list(pilot.app.session.marks) == ["counter"]
        assert runtime.commands == []


@pytest.mark.parametrize(("seconds", "told"), [(1, "1 s"), (12, "12 s"), (75, "1m15s")])
def test_what_would_be_cancelled_is_named_before_a_component_stops(seconds: int, told: str):
    still = scenes.mixed().snapshot().components[0]
    quiet = msgspec.structs.replace(still, state=State.RUNNING, stateful=True, running=None)
    busy = msgspec.structs.replace(quiet, running=RunningCall(sanitise("bump"), seconds))

    assert not [line for line in losses(quiet) if "running" in line]
    assert f"running bump for {told}" in losses(busy, dropping=True)[-1]
