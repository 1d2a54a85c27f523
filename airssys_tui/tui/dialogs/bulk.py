"""The question before one command goes to all marked components: it lists what each loses; the operator types yes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Final

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from airssys_tui.api.commands import Command, Rollback
from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.revisions import RollbackPreview
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.revision import StatePolicy
from airssys_tui.tui.dialogs.modal import Choice, Question
from airssys_tui.tui.drawing.arrangement import state_word
from airssys_tui.tui.drawing.lines import Line, Span, safe, wrap
from airssys_tui.tui.state.bulk_commands import UNLOAD, BulkCommand, loses
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.filter_bar import NO_CONTROLS

AT_ONCE: Final = 4
"""Commands and previews under way at the same time."""


class BulkQuestion(Question[tuple[Command, ...]]):
    """Asks before one command goes to all marked components; the operator types yes.

    Args:
        bulk: The command.
        views: The components; the runtime refuses, one by one, those that are gone by then.
        preview: Asks the runtime what a rollback would change.
    """

    AUTO_FOCUS = "Input"

    def __init__(
        self,
        session: Session,
        bulk: BulkCommand,
        views: Sequence[ComponentView],
        preview: Callable[[str], Future[RollbackPreview]],
    ) -> None:
        count = len(views)
        super().__init__(session, f"{bulk.verb} {count} component{'s' if count != 1 else ''}?", bulk.verb)
        self.bulk = bulk
        self.views = tuple(views)
        self.previews: dict[str, RollbackPreview | AirssysError] = {}
        self._preview = preview

    @property
    def word(self) -> str:
        """The text to type as confirmation: the number of components."""
        return str(len(self.views))

    @property
    def ready(self) -> bool:
        """Whether every preview has arrived."""
        return not self.bulk.previews or len(self.previews) == len(self.views)

    def extra(self) -> Iterator[Widget]:
        """Yield the input for the confirmation."""
        yield Input(
            placeholder=f"type {self.word} to confirm",
            restrict=NO_CONTROLS,
            compact=True,
            max_length=20,
            classes="extra typed",
        )

    def on_mount(self) -> None:
        """Ask for the previews."""
        super().on_mount()
        self._allow()
        if self.bulk.previews:
            self.run_worker(self.load(), exit_on_error=False)

    async def load(self) -> None:
        """Ask about every component, and show the answers."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(component: str) -> None:
            async with turn:
                found: RollbackPreview | AirssysError
                try:
                    found = await asyncio.wrap_future(self._preview(component))
                except AirssysError as error:
                    found = error
                self.previews[component] = found

        await asyncio.gather(*(one(view.id) for view in self.views))
        if not self.is_running:
            return  # the question was closed before the answer came
        self.redraw()
        self._allow()

    def text(self, width: int) -> Sequence[Line]:
        """Return each component with what it loses or becomes."""
        glyphs = self.session.glyphs
        lines: list[Line] = []
        for view in self.views:
            said, tone = self._becomes(view) if self.bulk.previews else loses(view, self.bulk)
            number = f" r{view.revision}" if view.revision is not None else ""
            name = f"{view.id}  {view.version or 'no version'}{number}, {state_word(view)}"
            first, *rest = wrap(safe(name, glyphs), width)
            lines += [(Span(first, "strong"),), *((Span(part, "strong"),) for part in rest)]
            lines += [(Span(f"  {part}", tone),) for part in wrap(safe(said, glyphs), width - 2) if said]
        if self.bulk is UNLOAD:
            lines += [(), (Span("Their history stays; a later start or reload brings them back."),)]
        return lines

    def _becomes(self, view: ComponentView) -> tuple[str, str]:
        found = self.previews.get(view.id)
        if found is None:
            return f"loading the preview{self.session.glyphs.ellipsis}", "quiet"
        if isinstance(found, AirssysError):
            return f"skipped: {found}", "bad"
        then = found.diff.then
        held = f"; held: {', '.join(found.holds)}" if found.holds else ""
        changes = sum(line.change != "same" for line in found.diff.lines)
        differs = f", {changes} difference{'s' if changes != 1 else ''}" if changes else ""
        policy = _policy(found)
        return (
            f"becomes r{found.becomes}, as r{then.number} {then.version or ''}{differs}, state: {policy}{held}",
            "plain",
        )

    def yes(self) -> tuple[Command, ...]:
        """Return the commands; components that cannot be rolled back are skipped."""
        if not (self.ready and self._typed()):
            return ()
        if not self.bulk.previews:
            return tuple(self.bulk.of_one(view.id) for view in self.views)
        return tuple(
            Rollback(component, to=found.diff.then.number, state=_policy(found))
            for component, found in self.previews.items()
            if not isinstance(found, AirssysError)
        )

    def no(self) -> tuple[Command, ...]:
        """Return no command."""
        return ()

    def _typed(self) -> bool:
        said = self.query_one(Input).value.strip().lower()
        return said in {self.word, self.bulk.verb.lower()}

    def _allow(self) -> None:
        self.query_one("#yes", Choice).disabled = not (self.ready and self._typed())

    @on(Input.Changed)
    def _changed(self, message: Input.Changed) -> None:
        message.stop()
        self._allow()

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if self.ready and self._typed():
            self.dismiss(self.yes())


def _policy(preview: RollbackPreview) -> StatePolicy:
    """Return the first state policy that the runtime offers and that is possible."""
    possible = next((choice.policy for choice in preview.state if choice.possible), StatePolicy.FRESH)
    return StatePolicy(possible)
