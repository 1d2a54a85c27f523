"""One command for all marked components, sent a few at a time; every outcome is reported."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence

import msgspec

from airssys_tui.api.commands import Command
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.components import ComponentView
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.events import Level
from airssys_tui.tui.dialogs.bulk import AT_ONCE, BulkQuestion
from airssys_tui.tui.operating.operator import Operator
from airssys_tui.tui.state.bulk_commands import BulkCommand


class BulkOutcome(msgspec.Struct, frozen=True):
    """The outcome of one command of many."""

    component: str
    text: str
    failed: bool = False


async def carry_out(api: RuntimeApi, commands: Sequence[Command]) -> list[BulkOutcome]:
    """Submit commands, a few at a time, and await all; one that fails does not stop the others.

    They are one action for the operator, so one undo takes them all back.
    """
    batch = f"bulk-{uuid.uuid4().hex}" if len(commands) > 1 else ""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(command: Command) -> BulkOutcome:
        component = getattr(command, "component", "")
        async with turn:
            try:
                done = await asyncio.wrap_future(api.submit(command, batch=batch))
            except AirssysError as error:
                return BulkOutcome(component, str(error), failed=True)
            except Exception as error:  # noqa: BLE001 - a fault in the runtime is an outcome like any other
                return BulkOutcome(component, f"{type(error).__name__}: {error}", failed=True)
        return BulkOutcome(component, done.text)

    return list(await asyncio.gather(*map(one, commands)))


class BulkOperations:
    """Sends one command to all marked components.

    Args:
        operator: Shows questions and reports.
    """

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def ask(self, bulk: BulkCommand) -> None:
        """Ask, send the command to every marked component, and clear the marks when it is done."""
        api = self._operator.api()
        rows = self._operator.session.feed.rows
        views = [rows[component] for component in self._operator.session.marks if component in rows]
        if api is not None and views:
            self._operator.run(self._asked(api, bulk, views))

    async def _asked(self, api: RuntimeApi, bulk: BulkCommand, views: Sequence[ComponentView]) -> None:
        operator, session = self._operator, self._operator.session
        question = BulkQuestion(session, bulk, views, api.preview_rollback)
        commands = await operator.app.push_screen_wait(question)
        if not commands:
            return
        for command in commands:
            operator.mute(command)
        outcomes = await carry_out(api, commands)
        for outcome in outcomes:
            level = Level.ERROR if outcome.failed else Level.INFO
            session.feed.tell(
                outcome.text, at=session.clock(), component=outcome.component, level=level, action=bulk.action
            )
        session.marks.clear()
        failed = [outcome for outcome in outcomes if outcome.failed]
        operator.say(self._report(bulk, outcomes, failed), severity="warning" if failed else "information")
        operator.look()

    def _report(self, bulk: BulkCommand, outcomes: Sequence[BulkOutcome], failed: Sequence[BulkOutcome]) -> str:
        well = f"{len(outcomes) - len(failed)} of {len(outcomes)} {bulk.done}"
        if not failed:
            return well
        names = ", ".join(outcome.component for outcome in failed[:3])
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
        key = self._operator.session.keymap.key("go.events")
        return f"{well}; failed: {names}{more} (press {key} for the events)"
