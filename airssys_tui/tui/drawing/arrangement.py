"""Which rows are shown, and in which order: live filter and sort, as pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Final

import msgspec

from airssys_tui.api.views.components import ComponentView
from airssys_tui.core.lifecycle import RecoveryKind, State


class Sort(StrEnum):
    """What rows are sorted by."""

    NAME = "name"
    STATE = "state"
    FUEL = "fuel"
    MEMORY = "memory"
    CPU = "cpu"
    UPTIME = "uptime"


class Arrangement(msgspec.Struct, frozen=True):
    """The operator's choice of rows and of their order.

    Attributes:
        sort: What rows are sorted by.
        reverse: Whether the natural direction of that order is reversed.
        query: The filter as typed.
    """

    sort: Sort = Sort.NAME
    reverse: bool = False
    query: str = ""

    def by(self, sort: Sort) -> Arrangement:
        """Sort by this; the same again reverses the order."""
        return msgspec.structs.replace(self, sort=sort, reverse=self.sort is sort and not self.reverse)

    @property
    def ascending(self) -> bool:
        """Whether the smallest comes first; figures sort from the largest by default."""
        return (self.sort in {Sort.NAME, Sort.STATE}) != self.reverse


_SEVERITY: Final = {
    State.FAILED: 0,
    State.UPDATING: 2,
    State.STARTING: 3,
    State.STOPPING: 4,
    State.INSTALLING: 5,
    State.INSTALLED: 6,
    State.RUNNING: 7,
    State.STOPPED: 8,
    State.UNINSTALLED: 9,
}


def state_word(view: ComponentView) -> str:
    """Return the word for a row's state: the lifecycle's, or ``backoff`` before a restart."""
    if view.state is State.FAILED and view.recovery.kind is RecoveryKind.BACKOFF:
        return "backoff"
    return "unloaded" if view.state is State.UNINSTALLED else view.state.value


def _severity(view: ComponentView) -> int:
    return 1 if state_word(view) == "backoff" else _SEVERITY[view.state]


_FIGURES: Final[dict[Sort, Callable[[ComponentView], Any]]] = {
    Sort.STATE: _severity,
    Sort.FUEL: lambda view: view.meters.fuel_per_second,
    Sort.MEMORY: lambda view: view.meters.memory if view.meters.memory is not None else -1,
    Sort.CPU: lambda view: view.meters.cpu if view.meters.cpu is not None else -1.0,
    Sort.UPTIME: lambda view: -view.started_at if view.started_at is not None else float("-inf"),
}


def matcher(query: str) -> Callable[[ComponentView], bool]:
    """Return a test for a filter: name, state, health, version or note contain every word; ``!`` inverts."""
    inverted = query.startswith("!")
    words = query.removeprefix("!").lower().split()
    if not words:
        return lambda _: True

    def matches(view: ComponentView) -> bool:
        text = f"{view.id}\n{state_word(view)}\n{view.health}\n{view.version or ''}\n{view.note.text}".lower()
        return all(word in text for word in words) is not inverted

    return matches


def arrange(views: Iterable[ComponentView], how: Arrangement) -> list[str]:
    """Return the identities to show, in order; equal figures sort by name."""
    chosen = [view for view in views if matches(view)] if (matches := _filter(how)) else list(views)
    if how.sort is Sort.NAME:
        return sorted((view.id for view in chosen), reverse=how.reverse)
    figure = _FIGURES[how.sort]
    named = sorted(chosen, key=lambda view: view.id)
    return [view.id for view in sorted(named, key=figure, reverse=not how.ascending)]


def _filter(how: Arrangement) -> Callable[[ComponentView], bool] | None:
    return matcher(how.query) if how.query.strip("! ") else None
