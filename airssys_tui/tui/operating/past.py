"""Commands about the history and the disk: pins, stable flags, notes, quarantine, states, undo, the story."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from airssys_tui.api import wire
from airssys_tui.api.commands import (
    Annotate,
    Command,
    ImportState,
    LiftQuarantine,
    MarkStable,
    Pin,
    RestoreState,
    SaveState,
    Undo,
)
from airssys_tui.api.views.past import StateFile, StateView
from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.core.errors import UsageError
from airssys_tui.core.regular_file import FileError, read_regular
from airssys_tui.core.revision import MAX_NOTE, Outcome
from airssys_tui.core.units import format_size
from airssys_tui.tui.dialogs.disk import DiskQuestion, collected_text
from airssys_tui.tui.dialogs.prompt import Prompt
from airssys_tui.tui.dialogs.story import StoryPage
from airssys_tui.tui.drawing.moments import ago_text
from airssys_tui.tui.operating.background import in_background
from airssys_tui.tui.operating.operator import Operator
from airssys_tui.tui.operating.saving import ask_and_write
from airssys_tui.tui.widgets.filter_bar import editable

LARGEST = 256 * 1024 * 1024
"""Bytes of a file that can be imported."""


class PastOperations:
    """Sends these commands.

    Args:
        operator: Shows questions, sends and reports.
    """

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def undo(self) -> None:
        """Undo the operator's last action that can be undone; ask first if that loses something."""
        head = self._operator.session.feed.head
        if not head.undo:
            self._operator.say("there is nothing to undo", severity="warning")
        elif head.undo_loses:
            lines = [f"The last action was: {head.undo}.", "", f"Lost: {head.undo_loses}."]
            self._ask("Undo the last action?", "Undo", lines, Undo())
        else:
            self._do(Undo())

    def pin(self, component: str, revision: RevisionView) -> None:
        """Pin a revision, or unpin it."""
        self._do(Pin(component, revision.number, pinned=not revision.pinned))

    def set_stable(self, component: str, revision: RevisionView) -> None:
        """Set a revision's stable flag, or clear it."""
        self._do(MarkStable(component, revision.number, stable=not revision.stable))

    def release(self, component: str, revision: RevisionView) -> None:
        """Release a revision from quarantine, after asking."""
        if revision.outcome is not Outcome.QUARANTINED:
            self._operator.say(f"r{revision.number} is not quarantined", severity="warning")
            return
        lines = [
            revision.reason or "It was quarantined.",
            "",
            "After that it can be deployed and rolled back to again.",
        ]
        title = f"Release r{revision.number} of {component} from quarantine?"
        self._ask(title, "Release", lines, LiftQuarantine(component, revision.number))

    def note(self, component: str, revision: RevisionView) -> None:
        """Ask for a note and write it on a revision."""
        self._operator.run(self._noted(component, revision))

    async def _noted(self, component: str, revision: RevisionView) -> None:
        label = f"r{revision.number} ({revision.version or 'no version'})"
        prompt = Prompt(
            self._operator.session,
            f"Note on {label} of {component}",
            "Save",
            ["The note stays in the history. An empty one removes it."],
            value=revision.note,
            longest=MAX_NOTE,
        )
        answer = await self._operator.app.push_screen_wait(prompt)
        if answer is not None and answer != editable(revision.note, MAX_NOTE):
            await self._operator.perform(Annotate(component, revision.number, answer))

    def save_state(self, component: str) -> None:
        """Take a snapshot of a component's state now."""
        self._do(SaveState(component))

    def restore_state(self, component: str, state: StateView) -> None:
        """Load an earlier state, after showing what is lost."""
        session = self._operator.session
        view = session.feed.rows.get(component)
        now = f"r{view.revision}" if view is not None and view.revision is not None else "none"
        size = f" ({format_size(view.state_bytes)})" if view is not None and view.state_bytes is not None else ""
        taken = ago_text(state.at, session.sight.now)
        lines = [
            f"Active revision: {now}.",
            f"State {state.id}: {format_size(state.size)}, saved by r{state.revision} {taken} ({state.cause}).",
            "",
            f"It replaces the current state{size}, which is saved as a snapshot first.",
            "Changes to the state since then are lost.",
        ]
        if view is not None and view.revision in state.failed_by:
            lines.append(f"{now} failed to load this state before.")
        self._ask(f"Restore state {state.id} of {component}?", "Restore", lines, RestoreState(component, state.id))

    def export_state(self, component: str, state: StateView) -> None:
        """Write a state to a file."""
        self._operator.run(self._exported(component, state))

    async def _exported(self, component: str, state: StateView) -> None:
        api = self._operator.api()
        if api is None:
            return
        file = await self._operator.ask(api.export_state(component, state.id))
        if file is None:
            return
        name = f"{component.replace('/', '-')}-state-{state.id}.json"
        about = [f"State {state.id} of r{state.revision} of {component}, {format_size(state.size)}."]
        await ask_and_write(self._operator, wire.encode(file), Path.cwd() / name, about)

    def import_state(self, component: str) -> None:
        """Ask for a file and import the state in it."""
        self._operator.run(self._imported(component))

    async def _imported(self, component: str) -> None:
        operator = self._operator
        about = ["Path of an exported state. It is kept as a snapshot, not loaded."]
        prompt = Prompt(operator.session, f"Import a state of {component}", "Import", about, longest=1_000)
        answer = await operator.app.push_screen_wait(prompt)
        if not answer:
            return
        try:
            file = await asyncio.wrap_future(in_background(lambda: _read_state(answer), "import"))
        except (FileError, UsageError) as error:
            operator.say_error(error)
            return
        await operator.perform(ImportState(component, file))

    def explain(self, component: str) -> None:
        """Explain how a component got into its state."""
        api = self._operator.api()
        if api is not None:
            self._operator.app.push_screen(StoryPage(self._operator.session, component, api.explain(component)))

    def disk(self) -> None:
        """Show disk use, and collect if the operator agrees."""
        self._operator.run(self._collected())

    async def _collected(self) -> None:
        operator = self._operator
        api = operator.api()
        if api is None or not await operator.app.push_screen_wait(DiskQuestion(operator.session, api)):
            return
        done = await operator.ask(api.collect())
        if done is not None:
            operator.say(f"freed {format_size(done.bytes)}: {collected_text(done)}", title="collected")
        operator.look()

    def _do(self, command: Command) -> None:
        self._operator.run(self._operator.perform(command))

    def _ask(self, title: str, verb: str, lines: list[str], command: Command) -> None:
        self._operator.run(self._confirmed(title, verb, lines, command))

    async def _confirmed(self, title: str, verb: str, lines: list[str], command: Command) -> None:
        if await self._operator.agrees(title, verb, lines):
            await self._operator.perform(command)


def _read_state(name: str) -> StateFile:
    path = Path(name).expanduser()
    try:
        return wire.decode(read_regular(path, LARGEST), StateFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not an exported state", remedy="choose a file that an export wrote") from error
