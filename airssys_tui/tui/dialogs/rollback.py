"""The rollback dialog: what would change, which digests would be held, what happens to the state."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import ClassVar, Final, Protocol

from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from airssys_tui.api.commands import Rollback
from airssys_tui.api.views.revisions import RollbackPreview, StateChoice
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.identity import short_digest
from airssys_tui.core.revision import StatePolicy
from airssys_tui.tui.actions.remedies import in_keys
from airssys_tui.tui.dialogs.modal import Choice, Question
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import LABEL, Line, Span, labelled, safe, wrap
from airssys_tui.tui.drawing.revision_lines import diff_lines, revision_line
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import Painter

ROOMY: Final = 48
"""Dialogs narrower than this leave out the label of the state choice."""


class Previews(Protocol):
    """Previews a rollback, as :meth:`~airssys_tui.api.protocol.RuntimeApi.preview_rollback` does."""

    def __call__(self, component: str, to: int | None = None, *, force: bool = False) -> Future[RollbackPreview]:
        """Ask."""
        ...


class StatePicker(Painter, can_focus=True):
    """Chooses one of the state policies; those that are not possible cannot be chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "shift(-1)", show=False),
        Binding("right,l,space", "shift(1)", show=False),
    ]

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="state", classes="extra")
        self.glyphs = glyphs
        self.choices: tuple[StateChoice, ...] = ()
        self.chosen = 0

    def offer(self, choices: tuple[StateChoice, ...]) -> None:
        """Offer these choices; the first possible one is chosen."""
        self.choices = choices
        self.chosen = next((index for index, choice in enumerate(choices) if choice.possible), 0)
        self.refresh()

    @property
    def policy(self) -> StatePolicy:
        """The chosen policy."""
        return StatePolicy(self.choices[self.chosen].policy) if self.choices else StatePolicy.KEEP

    @property
    def can_choose(self) -> bool:
        """Whether any of the choices is possible."""
        return any(choice.possible for choice in self.choices)

    def action_shift(self, by: int) -> None:
        """Choose the next possible policy."""
        count = len(self.choices)
        for step in range(1, count):
            index = (self.chosen + by * step) % count
            if self.choices[index].possible:
                self.chosen = index
                break
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint the choices in the first line and what the chosen one means below."""
        if not self.choices:
            return self.strip((), self.size.width)
        if y >= 1:
            text = safe(self.choices[self.chosen].text, self.glyphs)
            indent = " " * LABEL if self.size.width >= ROOMY else ""
            parts = wrap(text, max(8, self.size.width - len(indent)))
            part = parts[y - 1] if y - 1 < len(parts) else ""
            return self.strip((Span(indent), Span(part, "quiet")), self.size.width)
        roomy = self.size.width >= ROOMY
        spans = [Span(f"{'state':<{LABEL}}", "quiet")] if roomy else []
        for index, choice in enumerate(self.choices):
            bullet = self.glyphs.chosen if index == self.chosen else self.glyphs.other
            tone = "quiet" if not choice.possible else "strong" if index == self.chosen else "plain"
            label = f"{bullet} {safe(choice.policy, self.glyphs)}{'' if choice.possible else ' (not possible)'}"
            spans += [Span(label, tone), Span("   " if roomy else "  ")]
        return self.strip(tuple(spans), self.size.width, over="cursor" if self.has_focus else "")


class RollbackQuestion(Question[Rollback | None]):
    """Asks before a rollback, and shows its preview as soon as it arrives.

    Args:
        component: Which component.
        preview: Asks the runtime what a rollback would do.
        to: The revision to go back to; ``None`` for the previous stable one.

    Attributes:
        preview: What it would do.
        refusal: Why it is refused. If there is a preview nevertheless, the button forces the rollback and says so.
    """

    def __init__(self, session: Session, component: str, preview: Previews, to: int | None) -> None:
        where = f"r{to}" if to is not None else "its previous stable revision"
        super().__init__(session, f"Roll back {component} to {where}?", "Roll back")
        self.component = component
        self._to = to
        self._asked = preview
        self.preview: RollbackPreview | None = None
        self.refusal: AirssysError | None = None

    def extra(self) -> Iterator[Widget]:
        """Yield the choice of what happens to the state."""
        yield StatePicker(self.session.glyphs)

    def on_mount(self) -> None:
        """Wait for the preview."""
        self.query_one("#yes", Choice).disabled = True
        self.query_one(StatePicker).display = False
        super().on_mount()
        self.run_worker(self.load(), exit_on_error=False)

    async def load(self) -> None:
        """Ask what the rollback would do, and show the answer."""
        try:
            self.preview = await asyncio.wrap_future(self._asked(self.component, self._to))
        except AirssysError as error:
            self.refusal = error
        if self.refusal is not None and self._to is not None:
            with contextlib.suppress(AirssysError):
                self.preview = await asyncio.wrap_future(self._asked(self.component, self._to, force=True))
        if not self.is_running:
            return  # it was closed before the answer came
        if self.preview is not None:
            target = self.preview.diff.then
            self.heading = safe(
                f"Roll back {self.component} to r{target.number} ({target.version or short_digest(target.digest)})?",
                self.session.glyphs,
            )
            picker = self.query_one(StatePicker)
            picker.offer(self.preview.state)
            picker.display = True
            yes = self.query_one("#yes", Choice)
            yes.disabled = not picker.can_choose
            if self.refusal is not None:
                yes.rename("Force rollback")
        self.redraw()

    def text(self, width: int) -> Sequence[Line]:
        """Return what would change, or why it is refused."""
        glyphs = self.session.glyphs
        refused: list[Line] = []
        if self.refusal is not None:
            refused = labelled("refused", safe(str(self.refusal), glyphs), width, "bad")
            remedy = in_keys(self.refusal.remedy, self.session.keymap)
            refused += labelled("next", safe(remedy, glyphs), width) if remedy else []
        if self.preview is not None:
            reason = self.preview.diff.then.reason if refused else ""
            why = labelled("because", safe(reason, glyphs), width, "bad") if reason else []
            return [*refused, *why, *self._changes(self.preview, width)]
        return refused or [(Span(f"loading the preview{glyphs.ellipsis}", "quiet"),)]

    def _changes(self, preview: RollbackPreview, width: int) -> list[Line]:
        glyphs = self.session.glyphs
        lines = labelled("now", revision_line(preview.diff.now, glyphs), width)
        lines += labelled("then", revision_line(preview.diff.then, glyphs, becomes=preview.becomes), width, "strong")
        lines += diff_lines(preview.diff.lines, width, glyphs)
        if preview.holds:
            held = ", ".join(safe(label, glyphs, 40) for label in preview.holds)
            lines += labelled(
                "held", f"{held} will not be redeployed until the file changes or you reload", width, "accent"
            )
        return lines

    def yes(self) -> Rollback | None:
        """Return the command."""
        if self.preview is None:
            return None
        policy = self.query_one(StatePicker).policy
        target = self.preview.diff.then.number
        return Rollback(self.component, to=target, state=policy, force=self.refusal is not None)

    def no(self) -> Rollback | None:
        """Return ``None``."""
        return None
