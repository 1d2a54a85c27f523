"""The events of one component, emitted with its name and the revision that serves."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.events import MAX_TEXT, Event, EventAction, EventKind, Level
from airssys_tui.core.lifecycle import CommandEnd
from airssys_tui.core.text import one_line
from airssys_tui.runtime.components.parts.served import Served
from airssys_tui.runtime.components.parts.update import Update
from airssys_tui.runtime.machinery.journal import Journal

ACTIVE: Final = 0
"""Means the active revision, whatever its number; real revision numbers start at 1."""


class Teller:
    """Emits the events of one component. Any thread may use it.

    Each method takes one line for people and, where it has a choice, a stable word for programs.

    Args:
        journal: Where the events go.
        name: The component's name.
        served: Knows the active revision.
        update: Knows the generation of the newest change.
    """

    __slots__ = ("_journal", "_name", "_served", "_update")

    def __init__(self, journal: Journal, name: str, served: Served, update: Update) -> None:
        self._journal = journal
        self._name = name
        self._served = served
        self._update = update

    def lifecycle(
        self, text: str, action: EventAction, level: Level = Level.INFO, *, revision: int | None = ACTIVE
    ) -> None:
        """Emit an event about an instance or its state."""
        self._emit(EventKind.LIFECYCLE, text, action, level, revision)

    def ended(self, end: CommandEnd) -> None:
        """Emit the event that a command has ended."""
        action = EventAction.FAILED if end.failed else EventAction.COMPLETED
        self._journal.record(
            Event(
                seq=0,
                at=0.0,
                kind=EventKind.LIFECYCLE,
                level=Level.ERROR if end.failed else Level.INFO,
                text=one_line(f"command {end.told or end.text}", MAX_TEXT),
                component=self._name,
                revision=end.revision,
                action=action,
                exit_code=end.exit_code,
            )
        )

    def supervision(
        self, text: str, action: EventAction, level: Level = Level.WARNING, *, revision: int | None = ACTIVE
    ) -> None:
        """Emit an event about what supervision or probation found or did."""
        self._emit(EventKind.SUPERVISION, text, action, level, revision)

    def decision(
        self,
        text: str,
        action: EventAction,
        level: Level = Level.INFO,
        *,
        revision: int | None = ACTIVE,
        generation: int | None = None,
    ) -> None:
        """Emit a decision about files or revisions; the generation is that of the newest change if not given."""
        generation = self._update.generation if generation is None else generation
        self._emit(EventKind.DECISION, text, action, level, revision, generation=generation)

    def state(self, text: str, level: Level = Level.INFO) -> None:
        """Emit an event about a state that was saved, imported or lost."""
        self._emit(EventKind.LIFECYCLE, text, EventAction.STATE, level)

    def operator(self, text: str, action: EventAction, level: Level = Level.INFO) -> None:
        """Emit an event about an operator's command or its result."""
        self._emit(EventKind.OPERATOR, text, action, level)

    def health(self, text: str, action: EventAction, level: Level) -> None:
        """Emit an event about a change of the health."""
        self._emit(EventKind.HEALTH, text, action, level)

    def _emit(
        self,
        kind: EventKind,
        text: str,
        action: EventAction,
        level: Level,
        revision: int | None = None,
        *,
        generation: int | None = None,
    ) -> None:
        if revision == ACTIVE:
            active = self._served.artifact
            revision = active.revision if active is not None else None
        self._journal.emit(
            kind,
            text,
            component=self._name,
            revision=revision,
            action=action,
            level=level,
            generation=generation,
        )
