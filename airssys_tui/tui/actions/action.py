"""Actions: each has a stable id, keys, texts, the screens that offer it, and a level of danger.

Each action names a method ``action_NAME`` of the screen or of the app. Remapped keys in the configuration file refer to
its ``id``.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Any

import msgspec

from airssys_tui.tui.actions.view import ALL, TABLE, View


class Danger(Enum):
    """How dangerous an action is: its rung of the safety ladder."""

    VIEW = 1
    UNDOABLE = 2
    LOSES_STATE = 3


class Saves(Enum):
    """What an action writes on the machine of the screen's process; a browser gets a file as a download instead."""

    NOTHING = 0
    FILE = 1
    SETTINGS = 2


class Group(StrEnum):
    """How actions are grouped in help and in the key table."""

    MOVE = "Move"
    LOOK = "View"
    SORT = "Sort"
    ACT = "Act on the component"
    LEAVE = "Screens and quitting"


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the operator can do.

    Attributes:
        id: Stable name.
        keys: Keys as Textual names them; the first is the one shown.
        do: The action string for Textual.
        title: Two or three words, for the palette.
        help: One sentence.
        group: Where it is listed.
        views: Screens that have it.
        danger: Its rung of the safety ladder.
        hint: Word in the footer; without one the footer leaves the action out.
        rank: Importance of the hint, the lowest first: where the footer has no room for all, it keeps these. Up to 21
            what a screen is for, 22 the other screens, from 23 on what else can be done.
        of_row: Needs a row to act on.
        everywhere: Bound on the app, so that it works on every screen.
        urgent: Takes precedence over the focused widget.
        opens: The screen that it opens, for an action that opens one.
        saves: What it writes on the machine of the screen's process.
    """

    id: str
    keys: tuple[str, ...]
    do: str
    title: str
    help: str
    group: Group
    views: frozenset[View] = ALL
    danger: Danger = Danger.VIEW
    hint: str = ""
    rank: int = 50
    of_row: bool = False
    everywhere: bool = False
    urgent: bool = False
    opens: View | None = None
    saves: Saves = Saves.NOTHING


def act(name: str, keys: str, title: str, text: str, group: Group, **more: Any) -> Action:
    """Return an action; its method is named after the last part of its id unless ``do`` is given."""
    do = more.pop("do", name.rpartition(".")[2].replace("-", "_"))
    more.setdefault("of_row", group is Group.ACT)
    return Action(id=name, keys=tuple(keys.split()), do=do, title=title, help=text, group=group, **more)


def opens(name: str, keys: str, title: str, text: str, view: View, *, its: bool = False, **more: Any) -> Action:
    """Return an action that opens a screen.

    Args:
        name: Its id.
        keys: Its keys, separated by spaces.
        title: Its title.
        text: Its help.
        view: The screen.
        its: Whether the screen then shows only the selected component; a screen about one component always does.
        more: Further fields of the action.
    """
    its = its or view.of_one
    group = Group.LOOK if its else Group.LEAVE
    do = f"open_view('{view}', True)" if its else f"open_view('{view}')"
    return act(name, keys, title, text, group, do=do, opens=view, of_row=its, **more)


def sort(key: str, by: str) -> Action:
    """Return the action that sorts the registry by a column."""
    text = f"Sort by {by}; again reverses the order."
    return act(f"sort.{by}", key, f"Sort by {by}", text, Group.SORT, views=TABLE, do=f"sort('{by}')")
