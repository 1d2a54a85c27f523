"""Commands about a component: each asks first if something would be lost, then is sent.

Questions are loaded when the first one is asked: the first picture does not wait for them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from airssys_tui.api.commands import (
    Command,
    GroupCommand,
    Reload,
    Restart,
    RestartGroup,
    Start,
    StartGroup,
    Stop,
    StopGroup,
    Unload,
)
from airssys_tui.api.views.components import ComponentView, NoteKind
from airssys_tui.api.views.groups import components_of
from airssys_tui.api.views.impact import Effect, EffectKind
from airssys_tui.api.views.runtime import GroupView
from airssys_tui.core.text import one_line
from airssys_tui.tui.operating.operator import Operator
from airssys_tui.tui.state.bulk_commands import STOP, BulkCommand, losses

if TYPE_CHECKING:
    from airssys_tui.tui.dialogs.rollback import RollbackQuestion
    from airssys_tui.tui.operating.answers import Answers
    from airssys_tui.tui.operating.bulk import BulkOperations
    from airssys_tui.tui.operating.past import PastOperations


MOST_TOLD: Final = 8
"""Effects on others that a question names."""


class Operations(Operator):
    """Commands about one component; those about many, and about revisions and states, are its attributes."""

    @cached_property
    def past(self) -> PastOperations:
        """Pins, notes, states, undo, the disk."""
        from airssys_tui.tui.operating.past import PastOperations  # noqa: PLC0415 - late: see above

        return PastOperations(self)

    @cached_property
    def bulk(self) -> BulkOperations:
        """One command for all marked components."""
        from airssys_tui.tui.operating.bulk import BulkOperations  # noqa: PLC0415 - late: see above

        return BulkOperations(self)

    @cached_property
    def answers(self) -> Answers:
        """Grants, refusals and approvals."""
        from airssys_tui.tui.operating.answers import Answers  # noqa: PLC0415 - late: see above

        return Answers(self)

    def start(self, component: str | None) -> None:
        """Start a component."""
        if (view := self._view(component)) is not None:
            self.run(self.perform(Start(view.id)))

    def stop(self, component: str | None) -> None:
        """Stop a component; ask first when something would be lost, or when others depend on it."""
        if (view := self._view(component)) is not None:
            self.run(self._stop(view))

    async def _stop(self, view: ComponentView) -> None:
        lost = [*losses(view, dropping=True), *await self._harm(view)]
        await (self._confirmed(view, Stop(view.id), "Stop", lost) if lost else self.perform(Stop(view.id)))

    async def _harm(self, view: ComponentView) -> list[str]:
        """Return what others, and it itself, would miss; what its row tells is not among it."""
        api = self.api()
        if api is None:
            return []
        impact = await self.ask(api.impact(view.id))
        if impact is None:
            return []
        told = [_sentence(view, each) for each in impact.effects if each.harm and not _on_row(view, each)]
        more = len(told) - MOST_TOLD
        return [*told[:MOST_TOLD], *([f"And {more} more."] if more > 0 else [])]

    def restart(self, component: str | None) -> None:
        """Restart a component; ask first when memory without a `state` export would be lost."""
        if (view := self._view(component)) is not None:
            self._guarded(view, Restart(view.id), "Restart", losses(view))

    def reload(self, component: str | None) -> None:
        """Deploy the files on disk; ask first when memory without a `state` export would be lost.

        A change on disk is deployed automatically unless its digest is held or was refused. In any other case a reload
        changes nothing, the runtime says so, and there is nothing to ask.
        """
        if (view := self._view(component)) is not None:
            waits = bool(view.held) or view.note.kind is NoteKind.REFUSED
            self._guarded(view, Reload(view.id), "Reload", losses(view) if waits else [])

    def unload(self, component: str | None) -> None:
        """Unload a component, after asking."""
        view = self._view(component)
        if view is not None:
            self.run(self._unload(view))

    async def _unload(self, view: ComponentView) -> None:
        lost = losses(view, dropping=True) or ["It stops serving; its state is saved."]
        lost += [*await self._harm(view), "Its history stays; a later start or reload brings it back."]
        await self._confirmed(view, Unload(view.id), "Unload", lost)

    def roll_back(self, component: str | None, to: int | None = None) -> None:
        """Show what a rollback would change, and ask."""
        api = self.api()
        view = self._view(component)
        if api is not None and view is not None:
            from airssys_tui.tui.dialogs.rollback import RollbackQuestion  # noqa: PLC0415 - late: see above

            self.run(self._answered(RollbackQuestion(self.session, view.id, api.preview_rollback, to)))

    async def _answered(self, question: RollbackQuestion) -> None:
        command = await self.app.push_screen_wait(question)
        if command is not None:
            await self.perform(command)

    def group(self, group: GroupView, bulk: BulkCommand) -> None:
        """Start, stop or restart a group; ask first when one of its components would lose something."""
        name = group.name
        commands: dict[str, GroupCommand] = {
            "Start": StartGroup(name),
            "Stop": StopGroup(name),
            "Restart": RestartGroup(name),
        }
        command = commands.get(bulk.verb)
        if command is None:
            self.say(f"a group cannot be {bulk.done}: mark its components", severity="warning")
            return
        rows = self.session.feed.rows
        views = [rows[name] for name in components_of(self.session.feed.head.groups, group.name) if name in rows]
        lost = [f"{view.id}: {said}" for view in views for said in losses(view, dropping=bulk is STOP)]
        self.run(self._confirmed_group(bulk, command, lost if bulk.stops else []))

    async def _confirmed_group(self, bulk: BulkCommand, command: GroupCommand, lost: list[str]) -> None:
        question = f"{bulk.verb} the group {command.group}?"
        if not lost or await self.agrees(question, bulk.verb, lost):
            await self.perform(command)

    def _view(self, component: str | None) -> ComponentView | None:
        view = self.session.feed.rows.get(component) if component is not None else None
        if view is None:
            self.say("no component is selected", severity="warning")
        return view

    def _guarded(self, view: ComponentView, command: Command, verb: str, lost: list[str]) -> None:
        self.run(self._confirmed(view, command, verb, lost) if lost else self.perform(command))

    async def _confirmed(self, view: ComponentView, command: Command, verb: str, lost: list[str]) -> None:
        version = view.version or "no version"
        revision = f"r{view.revision}" if view.revision is not None else "no revision"
        about = f"{view.id} is {view.state}: {version}, {revision}."
        if await self.agrees(f"{verb} {view.id}?", verb, [about, "", *lost]):
            await self.perform(command)


def _on_row(view: ComponentView, effect: Effect) -> bool:
    return effect.kind is EffectKind.CALL and effect.component == view.id


def _sentence(view: ComponentView, effect: Effect) -> str:
    text = one_line(effect.text, 400)
    return f"{text[:1].upper()}{text[1:]}." if effect.component == view.id else f"{text}."  # it begins with a name
