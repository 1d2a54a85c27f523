"""Ticks and answers that come before a screen is put together, or while it is removed: they leave it alone."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.core.errors import NotServing
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.dialogs.bulk import BulkQuestion
from airssys_tui.tui.dialogs.disk import DiskQuestion
from airssys_tui.tui.dialogs.rollback import RollbackQuestion
from airssys_tui.tui.dialogs.story import StoryPage
from airssys_tui.tui.screens.screen_table import MODES, screen_about_all, screen_about_one
from airssys_tui.tui.state.bulk_commands import ROLL_BACK
from tests.support.screens import connected, desk, wait_until


def made(app, view, **more):
    """A screen that is not on the stack of screens yet, of a class with more methods than its own."""
    kind = screen_about_all(view) if view in MODES else screen_about_one(view)
    watched = type(kind.__name__, (kind,), more)
    return watched(app.session, app.operations, *([] if view in MODES else ["counter"]))


@pytest.mark.parametrize("view", View)
async def test_a_tick_leaves_a_screen_alone_that_is_not_there_yet_or_no_more(view):
    app, ticked = desk(), []

    def tick(screen):
        # All widgets are gone, and while the application ends the screen is on the stack still.
        app.tick()
        screen.show()
        ticked.append(screen)

    async with app.run_test() as pilot:
        await connected(pilot)
        screen = made(app, view, on_unmount=tick)
        screen.show()
        await app.push_screen(screen)
        await wait_until(pilot, lambda: screen.is_whole)
        app.tick()
    assert ticked == [screen]
    assert screen.is_mounted
    assert not screen.is_whole


async def test_a_saved_view_that_is_read_late_is_kept_by_a_registry_that_is_gone():
    app = desk()
    async with app.run_test() as pilot:
        await connected(pilot)
        screen = app.screen
    how = screen.arrangement.by(screen.arrangement.sort)
    screen.take(how)
    assert screen.arrangement == how


def rollback(app, answers):
    return RollbackQuestion(app.session, "counter", lambda *_, **__: next(answers), None)


def bulk(app, answers):
    return BulkQuestion(app.session, ROLL_BACK, [app.session.feed.rows["counter"]], lambda _: next(answers))


def disk(app, answers):
    api = scenes.mixed()
    api.disk = lambda: next(answers)
    return DiskQuestion(app.session, api)


@pytest.mark.parametrize("ask", [rollback, bulk, disk])
async def test_an_answer_that_comes_late_leaves_a_question_alone_that_is_gone(ask):
    app, late = desk(), Future()
    late.set_exception(NotServing("it is too late"))
    async with app.run_test() as pilot:
        await connected(pilot)
        question = ask(app, iter([Future(), late]))
        await app.push_screen(question)
        await wait_until(pilot, lambda: question.is_mounted)
        await app.pop_screen()
        await question.load()


async def test_a_story_that_comes_late_leaves_its_page_alone():
    app, late = desk(), Future()
    late.set_exception(NotServing("it is too late"))
    async with app.run_test() as pilot:
        await connected(pilot)
        page = StoryPage(app.session, "counter", Future())
        await app.push_screen(page)
        await wait_until(pilot, lambda: page.is_mounted)
        await app.pop_screen()
        page.asked = late
        await page.load()
    assert page.failure is not None
