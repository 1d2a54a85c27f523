"""Every action once: bindings, footer, help, palette and the documented key table are derived from this table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual.binding import Binding

from airssys_tui.tui.actions.action import Action, Danger, Group, Saves
from airssys_tui.tui.actions.call import CALL_ACTIONS
from airssys_tui.tui.actions.component import COMPONENT_ACTIONS
from airssys_tui.tui.actions.desk import DESK_ACTIONS
from airssys_tui.tui.actions.grant import GRANT_ACTIONS
from airssys_tui.tui.actions.http import HTTP_ACTIONS
from airssys_tui.tui.actions.revision import REVISION_ACTIONS
from airssys_tui.tui.actions.stream import STREAM_ACTIONS
from airssys_tui.tui.actions.trace import TRACE_ACTIONS
from airssys_tui.tui.actions.view import View

_ORDER: Final = tuple(Group)


def _place(action: Action) -> int:
    return _ORDER.index(action.group)


ACTIONS: Final = tuple(
    sorted(
        (
            *DESK_ACTIONS,
            *STREAM_ACTIONS,
            *COMPONENT_ACTIONS,
            *REVISION_ACTIONS,
            *CALL_ACTIONS,
            *TRACE_ACTIONS,
            *GRANT_ACTIONS,
            *HTTP_ACTIONS,
        ),
        key=_place,
    )
)
"""Every action, group by group."""


def allowed(readonly: bool) -> tuple[Action, ...]:
    """Return the actions; read-only leaves out those that change the system or write on the machine."""
    return tuple(action for action in ACTIONS if is_offered(action, readonly=readonly))


def is_offered(action: Action, *, readonly: bool, browser: bool = False) -> bool:
    """Return whether a screen offers an action.

    Args:
        action: The action.
        readonly: Nothing may change: neither the system, nor a file of the machine that the screen runs on.
        browser: The screen is shown in a browser, which downloads what is saved. Settings are not the browser's.
    """
    if readonly and action.danger is not Danger.VIEW:
        return False
    if action.saves is Saves.SETTINGS:
        return not (readonly or browser)
    return action.saves is Saves.NOTHING or browser or not readonly


def of_view(view: View, readonly: bool) -> tuple[Action, ...]:
    """Return the actions of a screen, in the order of the table."""
    return tuple(action for action in allowed(readonly) if view in action.views)


def bindings(actions: Iterable[Action], *, everywhere: bool) -> list[Binding]:
    """Return the bindings of actions: those of the app when ``everywhere``, else those of a screen."""
    return [
        Binding(
            ",".join(action.keys),
            action.do,
            action.title,
            show=False,
            priority=action.urgent,
            id=action.id,
            system=everywhere,
        )
        for action in actions
        if action.everywhere is everywhere
    ]


def hints(view: View, readonly: bool) -> tuple[Action, ...]:
    """Return the actions that the footer of a screen names, most important first."""
    named = [action for action in of_view(view, readonly) if action.hint]
    return tuple(sorted(named, key=lambda action: action.rank))


_KEYS: Final = {
    "slash": "/",
    "question_mark": "?",
    "colon": ":",
    "asterisk": "*",
    "plus": "+",
    "minus": "-",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "delete": "del",
    **{letter: f"shift+{letter}" for letter in "NSFMCU"},
}


def key_label(key: str) -> str:
    """Return a key the way people write it."""
    return _KEYS.get(key, key)
