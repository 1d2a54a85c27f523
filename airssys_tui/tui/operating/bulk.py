"""One action on all marked components: it is typed to be confirmed, and names each one with what it loses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

import msgspec
from textual import on
from textual.widget import Widget
from textual.widgets import Input

from airssys_tui.api.commands import Command, Reload, Restart, Rollback, Start, Stop, Unload
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.revisions import RollbackPreview
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.events import Level
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import StatePolicy
from airssys_tui.tui.dialogs.modal import Choice, Question
from airssys_tui.tui.drawing.arrangement import state_word
from airssys_tui.tui.drawing.lines import Line, Span, safe, wrap
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.filter_bar import NO_CONTROLS

if TYPE_CHECKING:
    from airssys_tui.tui.operating.operations import Operations

AT_ONCE: Final = 4
"""Commands and previews under way at the same time."""

ALIVE: Final = frozenset({State.RUNNING, State.UPDATING, State.STARTING})


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What can be done to many.

    Attributes:
        verb: In a word or two, as a question begins.
        done: The same when it has happened.
        command: What is asked of the runtime for one component.
        stops: Whether memory without a state export goes, and calls that wait are dropped.
        previews: Whether the runtime is asked first what it would change.
    """

    verb: str
    done: str
    command: Callable[[str], Command]
    stops: bool = True
    previews: bool = False


START: Final = Deed(verb="Start", done="started", command=Start, stops=False)
STOP: Final = Deed(verb="Stop", done="stopped", command=Stop)
RESTART: Final = Deed(verb="Restart", done="restarted", command=Restart)
RELOAD: Final = Deed(verb="Reload", done="reloaded", command=Reload)
UNLOAD: Final = Deed(verb="Unload", done="unloaded", command=Unload)
ROLL_BACK: Final = Deed(verb="Roll back", done="rolled back", command=Rollback, previews=True)


class Outcome(msgspec.Struct, frozen=True):
    """What came of one command of many."""

    component: str
    text: str
    failed: bool = False


def losses(view: ComponentView, *, dropping: bool = False) -> list[str]:
    """Return what a component loses when its instance goes.

    Args:
        view: Its row.
        dropping: Whether the calls that wait in its mailbox are dropped as well.
    """
    if view.state not in ALIVE:
        return []
    lost = [] if view.stateful else ["It has no `state` export: what it holds in memory is lost."]
    if dropping and view.meters.queue:
        lost.append(f"{view.meters.queue} calls that wait in its mailbox are dropped.")
    return lost


def _loses(view: ComponentView, deed: Deed) -> tuple[str, str]:
    """Return in a few words what a component loses, and the tone of that."""
    if not deed.stops or deed.previews:
        return "", "quiet"
    parts = []
    if view.state in ALIVE:
        parts.append("keeps its state" if view.stateful else "loses its memory")
        if view.meters.queue and deed in (STOP, UNLOAD):
            parts.append(f"drops {view.meters.queue} waiting calls")
    return ", ".join(parts), "warn" if any(not part.startswith("keeps") for part in parts) else "quiet"


async def carry_out(api: RuntimeApi, commands: Sequence[Command]) -> list[Outcome]:
    """Submit commands, a few at a time, and wait for all; one that fails keeps no other from being done."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(command: Command) -> Outcome:
        component = getattr(command, "component", "")
        async with turn:
            try:
                done = await asyncio.wrap_future(api.submit(command))
            except AirssysError as error:
                return Outcome(component, str(error), failed=True)
            except Exception as error:  # noqa: BLE001 - a fault in the runtime is an outcome like any other
                return Outcome(component, f"{type(error).__name__}: {error}", failed=True)
        return Outcome(component, done.text)

    return list(await asyncio.gather(*map(one, commands)))


class BulkQuestion(Question[tuple[Command, ...]]):
    """Asks whether something is to be done to all marked components; yes has to be typed.

    Args:
        deed: What.
        views: To which; those that are gone meanwhile are refused by the runtime, one by one.
        preview: Asks the runtime what a rollback would change.
    """

    AUTO_FOCUS = "Input"

    def __init__(
        self,
        session: Session,
        deed: Deed,
        views: Sequence[ComponentView],
        preview: Callable[[str], Future[RollbackPreview]],
    ) -> None:
        count = len(views)
        super().__init__(session, f"{deed.verb} {count} component{'s' if count != 1 else ''}?", deed.verb)
        self.deed = deed
        self.views = tuple(views)
        self.previews: dict[str, RollbackPreview | AirssysError] = {}
        self._preview = preview

    @property
    def word(self) -> str:
        """What has to be typed: how many there are."""
        return str(len(self.views))

    @property
    def ready(self) -> bool:
        """Whether everything that is asked for is on the screen."""
        return not self.deed.previews or len(self.previews) == len(self.views)

    def extra(self) -> Iterator[Widget]:
        """Yield the line that is typed in."""
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
        if self.deed.previews:
            self.run_worker(self._load(), exit_on_error=False)

    async def _load(self) -> None:
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
        self.redraw()
        self._allow()

    def text(self, width: int) -> Sequence[Line]:
        """Return every component with what it loses or becomes."""
        glyphs = self.session.glyphs
        lines: list[Line] = []
        for view in self.views:
            said, tone = self._becomes(view) if self.deed.previews else _loses(view, self.deed)
            number = f" r{view.revision}" if view.revision is not None else ""
            name = f"{view.id}  {view.version or 'no version'}{number}, {state_word(view)}"
            first, *rest = wrap(safe(name, glyphs), width)
            lines += [(Span(first, "strong"),), *((Span(part, "strong"),) for part in rest)]
            lines += [(Span(f"  {part}", tone),) for part in wrap(safe(said, glyphs), width - 2) if said]
        if self.deed is UNLOAD:
            lines += [(), (Span("Their history stays; a later start or reload brings them back."),)]
        return lines

    def _becomes(self, view: ComponentView) -> tuple[str, str]:
        found = self.previews.get(view.id)
        if found is None:
            return f"asking what it would change{self.session.glyphs.ellipsis}", "quiet"
        if isinstance(found, AirssysError):
            return f"left out: {found}", "bad"
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
        """Return the commands; what cannot be rolled back is left out."""
        if not (self.ready and self._typed()):
            return ()
        if not self.deed.previews:
            return tuple(self.deed.command(view.id) for view in self.views)
        return tuple(
            Rollback(component, to=found.diff.then.number, state=_policy(found))
            for component, found in self.previews.items()
            if not isinstance(found, AirssysError)
        )

    def no(self) -> tuple[Command, ...]:
        """Return nothing."""
        return ()

    def _typed(self) -> bool:
        said = self.query_one(Input).value.strip().lower()
        return said in {self.word, self.deed.verb.lower()}

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
    """Return what happens to the state: the first of the runtime's choices that is possible."""
    possible = next((choice.policy for choice in preview.state if choice.possible), StatePolicy.FRESH)
    return StatePolicy(possible)


class Many:
    """What is done to all marked components at once.

    Args:
        operations: Shows questions and reports.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def ask(self, deed: Deed) -> None:
        """Ask, and have it done to every marked component; the marks go when it is done."""
        api = self._operations.api()
        rows = self._operations.session.feed.rows
        views = [rows[component] for component in self._operations.session.marks if component in rows]
        if api is not None and views:
            self._operations.run(self._asked(api, deed, views))

    async def _asked(self, api: RuntimeApi, deed: Deed, views: Sequence[ComponentView]) -> None:
        operations, session = self._operations, self._operations.session
        question = BulkQuestion(session, deed, views, api.preview_rollback)
        commands = await operations.app.push_screen_wait(question)
        if not commands:
            return
        for command in commands:
            operations.mute(command)
        outcomes = await carry_out(api, commands)
        for outcome in outcomes:
            level = Level.ERROR if outcome.failed else Level.INFO
            session.feed.tell(
                outcome.text, at=session.clock(), component=outcome.component, level=level, action=deed.verb.lower()
            )
        session.marks.clear()
        failed = [outcome for outcome in outcomes if outcome.failed]
        operations.say(self._told(deed, outcomes, failed), severity="warning" if failed else "information")
        operations.look()

    def _told(self, deed: Deed, outcomes: Sequence[Outcome], failed: Sequence[Outcome]) -> str:
        well = f"{len(outcomes) - len(failed)} of {len(outcomes)} {deed.done}"
        if not failed:
            return well
        names = ", ".join(outcome.component for outcome in failed[:3])
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
        key = self._operations.session.keymap.key("go.events")
        return f"{well}; failed: {names}{more} (why: events, {key})"
