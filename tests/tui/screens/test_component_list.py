"""How the desk behaves: what it shows, what it keeps, and what cannot bring it down."""

from __future__ import annotations

import threading

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.api.played.revisions import Release
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.core.errors import AirssysError, StoreError, UsageError
from airssys_tui.core.gates import Gate
from airssys_tui.tui.app import AirssysApp
from airssys_tui.tui.dialogs.modal import Choice, Confirm
from airssys_tui.tui.dialogs.rollback import RollbackQuestion
from airssys_tui.tui.drawing.themes import THEMES
from airssys_tui.tui.screens.events import EventScreen
from airssys_tui.tui.screens.meters import MetersScreen
from airssys_tui.tui.screens.registry import RegistryScreen
from airssys_tui.tui.screens.versions import VersionsScreen
from airssys_tui.tui.widgets.line_pane import LinePane
from tests.support.screens import NEVER, connected, desk, shows, text_of, wait_until

SIZE = (120, 40)


async def test_the_first_picture_is_there_before_the_runtime():
    gate = threading.Event()
    runtime = scenes.mixed()

    def connect():
        gate.wait(20)
        return runtime

    app = AirssysApp(connect, folder="components/", clock=scenes.still, refresh=NEVER)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "Starting: looking for components in components/")
        gate.set()
        await shows(pilot, "counter", "greeter")


async def test_a_failed_connection_says_why_and_can_be_left():
    def connect():
        raise StoreError("the disk is gone", remedy="put it back")

    app = AirssysApp(connect, folder="components/", clock=scenes.still, refresh=NEVER)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "store", "the disk is gone", "Next: put it back")
        await pilot.press("s", "z", "v", "enter")
        await pilot.press("q")
        await wait_until(pilot, lambda: app.return_value == 1)


async def test_any_exception_of_connecting_is_shown():
    def connect():
        raise ZeroDivisionError("[/foo]\x1b[2J")

    app = AirssysApp(connect, folder="components/", clock=scenes.still, refresh=NEVER)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "ZeroDivisionError: [/foo]␛[2J")


async def test_changes_arrive_by_themselves():
    runtime = scenes.mixed()
    async with desk(runtime, refresh=0.02).run_test(size=SIZE) as pilot:
        await shows(pilot, "greeter")
        runtime.edit("greeter", version="4.5.6")
        await shows(pilot, "4.5.6 r1")
        runtime.remove("primes")
        await wait_until(pilot, lambda: "primes" not in text_of(pilot.app))


async def test_a_hidden_screen_catches_up_when_it_is_shown():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("4")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, EventScreen))
        runtime.edit("greeter", version="4.5.6")
        pilot.app.tick()
        await pilot.press("1")
        await shows(pilot, "4.5.6 r1")


async def test_the_selection_survives_filter_and_sort_and_removal():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        screen = pilot.app.screen
        screen.table.select("greeter")
        await pilot.press("F")
        assert screen.target == "greeter"
        await pilot.press("slash", *"failed")
        await pilot.pause()
        assert screen.table.keys
        assert "greeter" not in screen.table.keys
        await pilot.press("escape")
        await pilot.pause()
        assert screen.target == "greeter"
        runtime.remove("greeter")
        pilot.app.tick()
        await pilot.pause()
        assert screen.target in screen.table.keys


async def test_only_lines_that_differ_are_painted():
    runtime = scenes.many(500, scenes.still)
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        table = pilot.app.screen.table
        painted: list[int] = []
        inner = table.render_line

        def counting(y):
            painted.append(y)
            return inner(y)

        table.render_line = counting
        runtime.edit("part-00003", restarts=7)
        runtime.edit("part-00400", restarts=7)
        pilot.app.tick()
        await pilot.pause()
        assert painted == [4]


async def test_the_rows_do_not_cost_widgets():
    async with desk(scenes.many(10_000, scenes.still)).run_test(size=SIZE) as pilot:
        await connected(pilot)
        assert len(list(pilot.app.screen.query("*"))) < 30
        await pilot.press("G")
        await shows(pilot, "part-09999")


async def test_a_runtime_that_does_not_answer_makes_the_view_stale():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)

        def fail(since=0):
            raise AirssysError("the socket is gone")

        answer, runtime.snapshot = runtime.snapshot, fail
        pilot.app.tick()
        await shows(pilot, "STALE", "No answer from the runtime: the socket is gone", "greeter")
        runtime.snapshot = answer
        pilot.app.tick()
        await wait_until(pilot, lambda: "STALE" not in text_of(pilot.app))


async def test_the_rollback_question_is_there_at_once_and_cannot_be_confirmed_unread():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        runtime.patience = True
        await pilot.press("z")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, RollbackQuestion))
        await shows(pilot, "loading the preview")
        assert pilot.app.screen.query_one("#yes", Choice).disabled
        assert pilot.app.focused.id == "cancel"
        runtime.settle()
        await shows(pilot, "r5   1.0.0")
        assert not pilot.app.screen.query_one("#yes", Choice).disabled
        assert pilot.app.focused.id == "cancel"
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, RegistryScreen))
        assert runtime.commands == []


async def test_an_error_of_a_command_is_a_toast():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE, notifications=True) as pilot:
        await connected(pilot)
        await pilot.press("s")
        await shows(pilot, "not possible in this state", "counter is running: start is not possible")


async def test_a_fault_of_the_runtime_is_a_toast_too():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE, notifications=True) as pilot:
        await connected(pilot)

        def explode(*_):
            raise AirssysError("[/foo]\x1b[2J", remedy="[bold]")

        runtime.carry_out = explode
        await pilot.press("s")
        await shows(pilot, "[/foo]␛[2J", "[bold]")


async def test_reloads_are_told_once():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE, notifications=True) as pilot:
        await connected(pilot)
        for version in ("2.0.0", "2.0.1", "2.0.2"):
            runtime.deploy("greeter", Release(version=version))
        pilot.app.tick()
        await shows(pilot, "3 reloads, latest greeter r4")


async def test_versions_show_what_arrives():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("v")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, VersionsScreen) and pilot.app.screen.revisions)
        runtime.deploy("counter", Release(version="7.0.0"))
        pilot.app.tick()
        await shows(pilot, "7.0.0")


async def test_reasons_are_not_selected():
    async with desk().run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("v")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, VersionsScreen) and pilot.app.screen.revisions)
        seen = []
        for _ in range(6):
            seen.append(pilot.app.screen.selected)
            await pilot.press("j")
        assert seen == [4, 3, 2, 1, 1, 1]
        for _ in range(6):
            await pilot.press("k")
        assert pilot.app.screen.selected == 4


async def test_quitting_waits_for_the_runtime_beside_the_screen():
    runtime = scenes.mixed()
    gate = threading.Event()
    inner = runtime.close

    def close():
        gate.wait(20)
        inner()

    runtime.close = close
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("ctrl+q")
        await shows(pilot, "stopping")
        assert pilot.app.return_value is None
        gate.set()
        await wait_until(pilot, lambda: pilot.app.return_value == 0)
    assert runtime.closed


async def test_a_second_quit_does_not_wait():
    runtime = scenes.mixed()
    gate = threading.Event()
    runtime.close = lambda: gate.wait(20)
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("ctrl+q")
        await shows(pilot, "stopping")
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: pilot.app.return_value == 0)
    gate.set()


async def test_an_empty_desk_quits_without_asking():
    runtime = PlayedRuntime(scenes.still)
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await shows(pilot, "No components in components/. Drop a .wasm here.")
        await pilot.press("q")
        await wait_until(pilot, lambda: pilot.app.return_value == 0)


async def test_events_let_go_of_the_newest_and_take_hold_again():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("4")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, EventScreen))
        screen = pilot.app.screen
        await pilot.press("k")
        held = screen.table.key
        runtime.emit("one more")
        pilot.app.tick()
        await pilot.pause()
        assert screen.table.key == held
        await pilot.press("G")
        runtime.emit("and another")
        pilot.app.tick()
        await shows(pilot, "and another")
        assert screen.table.position == len(screen.table.keys) - 1


async def test_the_mouse_selects_sorts_and_opens():
    async with desk().run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.click("#components", offset=(4, 4))
        assert pilot.app.screen.target == "greeter"
        await pilot.click("#components", offset=(61, 0))
        assert pilot.app.screen.arrangement.sort.value == "memory"
        await pilot.click("#components", offset=(4, 2), times=2)
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, RegistryScreen))


async def test_every_size_draws_every_screen():
    for size in ((20, 6), (60, 20), (200, 60)):
        async with desk("polling").run_test(size=size) as pilot:
            await connected(pilot)
            for key in ("v", "d", "z", "escape", "escape", "enter", "escape", "4", "question_mark", "escape", "1", "q"):
                await pilot.press(key)
                await pilot.pause()
            for pane in pilot.app.screen.query(LinePane):
                assert pane.size.width <= size[0]


def test_an_unknown_theme_is_the_callers_error(monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", "airsys-drak")
    with pytest.raises(UsageError, match="airsys-drak") as caught:
        desk()
    assert all(theme.name in caught.value.remedy for theme in THEMES)


async def test_a_reload_asks_only_when_something_waits_to_be_deployed():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE, notifications=True) as pilot:
        await connected(pilot)
        pilot.app.screen.table.select("greeter")
        await pilot.press("R")
        await shows(pilot, "greeter already serves what is on disk")
        runtime.deploy("greeter", Release(version="2.0.0", gate=Gate.HEALTH_PROBE, reason="no"))
        pilot.app.tick()
        await pilot.press("R")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await shows(pilot, "Reload greeter?", "its memory is lost")


async def test_one_goes_back_where_one_came_from():
    async with desk().run_test(size=SIZE) as pilot:
        await connected(pilot)
        for keys, kind in (("v", VersionsScreen), ("4", EventScreen), ("2", MetersScreen)):
            await pilot.press(keys)
            await wait_until(pilot, lambda kind=kind: isinstance(pilot.app.screen, kind))
        for key, kind in (("escape", EventScreen), ("q", VersionsScreen), ("q", RegistryScreen)):
            await pilot.press(key)
            await wait_until(pilot, lambda kind=kind: isinstance(pilot.app.screen, kind))


async def test_what_is_behind_a_question_goes_on():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("z")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, RollbackQuestion))
        runtime.edit("counter", version="9.9.9")
        pilot.app.tick()
        await shows(pilot, "9.9.9 r2", "Roll back counter")


async def test_nothing_is_done_unseen_where_there_is_no_room():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=(39, 15)) as pilot:
        await connected(pilot)
        await shows(pilot, "This terminal is 39x15.", "The screen needs 40x15.")
        await pilot.press("x", "s", "D", "z")
        await pilot.pause()
        assert isinstance(pilot.app.screen, RegistryScreen)
        assert runtime.commands == []
        await pilot.resize_terminal(80, 24)
        await shows(pilot, "counter", "running")
