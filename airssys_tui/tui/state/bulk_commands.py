"""Commands that can go to many components at once, and what each of these loses by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.api.commands import Command, Reload, Restart, Rollback, Start, Stop, Unload
from airssys_tui.api.views.components import ComponentView
from airssys_tui.core.events import EventAction
from airssys_tui.core.lifecycle import State

ALIVE: Final = frozenset({State.RUNNING, State.UPDATING, State.STARTING})


class BulkCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command that can be sent to many components.

    Attributes:
        verb: One or two words that begin the question.
        action: How the events of this session describe the command.
        done: The past participle, for the report.
        of_one: Makes the command for one component.
        stops: Whether the instance ends: its memory without a `state` export and its queued calls are lost.
        previews: Whether the question shows what the command would change.
    """

    verb: str
    action: EventAction
    done: str
    of_one: Callable[[str], Command]
    stops: bool = True
    previews: bool = False


START: Final = BulkCommand(verb="Start", done="started", of_one=Start, action=EventAction.START, stops=False)
STOP: Final = BulkCommand(verb="Stop", done="stopped", of_one=Stop, action=EventAction.STOP)
RESTART: Final = BulkCommand(verb="Restart", done="restarted", of_one=Restart, action=EventAction.RESTART)
RELOAD: Final = BulkCommand(verb="Reload", done="reloaded", of_one=Reload, action=EventAction.RELOAD)
UNLOAD: Final = BulkCommand(verb="Unload", done="unloaded", of_one=Unload, action=EventAction.UNLOAD)
ROLL_BACK: Final = BulkCommand(
    verb="Roll back", done="rolled back", of_one=Rollback, action=EventAction.ROLLBACK, previews=True
)


def losses(view: ComponentView, *, dropping: bool = False) -> list[str]:
    """Return what a component loses when its instance ends.

    Args:
        view: Its row.
        dropping: Whether its queued calls are dropped as well.
    """
    if view.state not in ALIVE:
        return []
    lost = [] if view.stateful else ["It has no `state` export: its memory is lost."]
    if dropping and view.meters.queue:
        lost.append(f"{_queued(view)} in its mailbox {'is' if view.meters.queue == 1 else 'are'} dropped.")
    if view.running is not None:
        lost.append(f"It is {view.running.text}: the call is cancelled if it does not end in time.")
    return lost


def _queued(view: ComponentView) -> str:
    return f"{view.meters.queue} queued call{'s' if view.meters.queue != 1 else ''}"


def loses(view: ComponentView, bulk: BulkCommand) -> tuple[str, str]:
    """Return in a few words what a component loses, and the tone to say it in."""
    if not bulk.stops or bulk.previews:
        return "", "quiet"
    parts = []
    if view.state in ALIVE:
        parts.append("keeps its state" if view.stateful else "loses its memory")
        if view.meters.queue and bulk in (STOP, UNLOAD):
            parts.append(f"drops {_queued(view)}")
        if view.running is not None:
            parts.append(f"may cancel {view.running.export}")
    return ", ".join(parts), "warn" if any(not part.startswith("keeps") for part in parts) else "quiet"
