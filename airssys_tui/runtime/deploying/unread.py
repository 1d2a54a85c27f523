"""Entries of the folder from which no component was read: what is told of them, and which are read again.

An entry has one of four troubles, and each is told once, until the entry changes or has another one:

* *refused*: its files are there and cannot be a component. The row says why; what serves goes on.
* *overlooked*: it looks like a component and is none. There is no row; a line of the folder's problems says why.
* *unavailable*: the system cannot read it now. What serves goes on, and it is read again.
* *early*: its files are so new that more may follow. It is read again when they have rested.

What has no row, because no component name can be made from its name, is a problem of the folder too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from airssys_tui import __version__
from airssys_tui.core.errors import AdmissionError, AirssysError
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.regular_file import FileUnavailable, fault_of_reading
from airssys_tui.core.text import GuestText, escaped, one_line
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.deploying.postponed import Postponed
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.sources.folder import Early
from airssys_tui.runtime.sources.overlooked import Overlooked
from airssys_tui.store.catalog.records import Refusal

LONGEST: Final = 400
"""Characters of a problem."""


class Unread:
    """What could not be read, and what is told of it.

    Args:
        floor: The machinery.
        owner: Returns the component of an entry, or a new row for it; None if it can have none.

    Attributes:
        problems: What is told of entries without a row, by entry.
        postponed: The entries that are read again.
    """

    def __init__(self, floor: Floor, owner: Callable[[str], Component | None]) -> None:
        self._floor = floor
        self._owner = owner
        self.problems: dict[str, GuestText] = {}
        self.postponed = Postponed()

    def settle(self, key: str) -> None:
        """Forget an entry: it was read, or it is gone."""
        self.postponed.settle(key)
        self.problems.pop(key, None)

    def tell(self, key: str, text: str, component: str | None = None) -> None:
        """Tell once, as a problem of the folder, why an entry is not taken in.

        Args:
            key: The entry.
            text: What is wrong, with the escaped name of the entry.
            component: The component whose name it claims.
        """
        shown = one_line(text, LONGEST)
        if self.problems.get(key) == shown:
            return
        self.problems[key] = shown
        self._floor.journal.emit(
            EventKind.DECISION, text, component=component, action=EventAction.REFUSED, level=Level.ERROR
        )

    def overlooked(self, key: str, found: Overlooked) -> None:
        """Tell why something that looks like a component is none."""
        self.postponed.settle(key)
        self.tell(key, f"{found.reason}: not taken in → {found.remedy}")

    def refused(self, key: str, error: AirssysError) -> None:
        """Show why an entry cannot be a component; what serves goes on."""
        gate = error.gate if isinstance(error, AdmissionError) else Gate.MANIFEST
        self.postponed.settle(key)
        component = self._owner(key)
        if component is None:
            self.tell(key, f"{escaped(key)}: {error.message}" + (f" → {error.remedy}" if error.remedy else ""))
            return
        self.problems.pop(key, None)
        self._turn_away(component, gate, one_line(error.message, LONGEST))
        if component.update.task is not None:
            # A candidate made from the older files must not take over.
            component.update.advance()
            component.update.cancel()
        remedy = f" · {one_line(error.remedy)}" if error.remedy else ""
        said = f"refused at {gate}: {one_line(error.message, LONGEST)}{remedy}"
        self._decide(component, said, EventAction.REFUSED, Level.ERROR)

    def unavailable(self, key: str, error: FileUnavailable) -> None:
        """Keep things as they are while an entry cannot be read; say so, and read it again later."""
        news = self.postponed.postpone(key, error.message)
        component = self._owner(key)
        if component is None:
            self.tell(key, f"{error.message}; it is tried again")
            return
        self._turn_away(component, Gate.FILE, one_line(f"{error.message}; it is tried again", LONGEST))
        if news:
            serves = "; the instance goes on serving" if component.actor.serving is not None else ""
            remedy = f" · {error.remedy}" if error.remedy else ""
            said = f"{error.message}: it is tried again{serves}{remedy}"
            self._decide(component, said, EventAction.WAITING, Level.WARNING)

    def early(self, key: str, found: Early) -> None:
        """Read an entry again when its files have rested."""
        if self.postponed.postpone(key, "early", found.seconds):
            self._floor.journal.emit(
                EventKind.DECISION,
                f"{escaped(key)}: waiting, its files are new and more may follow",
                action=EventAction.WAITING,
                level=Level.DEBUG,
            )

    def unlisted(self, name: str, error: OSError | FileUnavailable) -> None:
        """Say that the folder itself cannot be listed now."""
        fault = error if isinstance(error, FileUnavailable) else fault_of_reading(error, name)
        self.tell(name, f"{fault.message}; it is tried again")

    def _turn_away(self, component: Component, gate: Gate, reason: GuestText) -> None:
        refusal = Refusal(component.name, "", "", gate, reason, self._floor.clock(), __version__)
        component.barred.turn_away(refusal)

    def _decide(self, component: Component, text: str, action: EventAction, level: Level) -> None:
        self._floor.journal.emit(EventKind.DECISION, text, component=component.name, action=action, level=level)
