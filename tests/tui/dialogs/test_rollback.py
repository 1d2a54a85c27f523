"""The rollback dialog: a state policy that is not possible is shown as such and cannot be chosen by any key."""

from __future__ import annotations

from concurrent.futures import Future
from itertools import product

import msgspec
import pytest

from airssys_tui.api.commands import Rollback
from airssys_tui.api.views.revisions import StateChoice
from airssys_tui.core.revision import StatePolicy
from airssys_tui.core.text import GuestText
from airssys_tui.tui.dialogs.modal import Choice
from airssys_tui.tui.dialogs.rollback import RollbackQuestion, StatePicker
from tests.support.screens import connected, desk, text_of, wait_until

POLICIES = [StatePolicy.KEEP, StatePolicy.RESTORE, StatePolicy.FRESH]


def choices(*possible: bool) -> tuple[StateChoice, ...]:
    return tuple(
        StateChoice(policy, possible=can, text=GuestText(f"about {policy}"))
        for policy, can in zip(POLICIES, possible, strict=True)
    )


class Asked:
    """A rollback dialog of `counter` whose preview offers given choices."""

    def __init__(self, *possible: bool) -> None:
        self.answers: list[Rollback | None] = []
        self._offered = choices(*possible)

    async def open(self, pilot) -> RollbackQuestion:
        await connected(pilot)
        question = RollbackQuestion(pilot.app.session, "counter", self._preview(pilot.app.session.api), None)
        await pilot.app.push_screen(question, self.answers.append)
        await wait_until(pilot, lambda: question.preview is not None and question.query_one(StatePicker).choices)
        await pilot.pause()
        return question

    def _preview(self, api):
        def preview(component, to=None, *, force=False):
            future = Future()
            found = api.preview_rollback(component, to, force=force).result()
            future.set_result(msgspec.structs.replace(found, state=self._offered))
            return future

        return preview


@pytest.mark.parametrize("possible", [flags for flags in product([True, False], repeat=3) if any(flags)])
async def test_keys_reach_every_possible_policy_and_no_other(possible):
    asked, wanted = Asked(*possible), {p for p, can in zip(POLICIES, possible, strict=True) if can}
    async with desk("mixed").run_test(size=(120, 40)) as pilot:
        question = await asked.open(pilot)
        picker = question.query_one(StatePicker)
        assert picker.policy == next(policy for policy in POLICIES if policy in wanted), "the first possible one"
        picker.focus()
        await pilot.pause()
        seen = {picker.policy}
        for key in ("right", "right", "space", "l", "left", "h", "left", "h"):
            await pilot.press(key)
            assert picker.policy in wanted
            seen.add(picker.policy)
        assert seen == wanted
        said = text_of(pilot.app)
        for policy in POLICIES[:2]:  # a fresh state is always possible in a runtime
            assert (f"{policy} (not possible)" in said) is (policy not in wanted)
        question.query_one("#yes", Choice).focus()
        await pilot.press("enter")
        await wait_until(pilot, lambda: asked.answers)
    assert asked.answers[0].state in wanted


async def test_without_any_possible_policy_nothing_can_be_confirmed():
    asked = Asked(False, False, False)
    async with desk("mixed").run_test(size=(120, 40)) as pilot:
        question = await asked.open(pilot)
        assert question.query_one("#yes", Choice).disabled
        picker = question.query_one(StatePicker)
        picker.focus()
        await pilot.press("right", "left", "space")
        assert picker.chosen == 0
        await pilot.press("escape")
        await wait_until(pilot, lambda: asked.answers)
    assert asked.answers == [None]
