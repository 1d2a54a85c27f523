"""Every action once. Bindings, footer, help, palette and the README's key table are derived from this table.

Each action names a method ``action_NAME`` of the screen or of the app; its ``id`` is stable and is what a remapped key
refers to.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, StrEnum
from typing import Any, Final

import msgspec
from textual.binding import Binding


class View(StrEnum):
    """The screens that actions belong to."""

    REGISTRY = "registry"
    DETAIL = "detail"
    VERSIONS = "versions"
    EVENTS = "events"


class Danger(Enum):
    """The rung of the safety ladder that an action stands on."""

    VIEW = 1
    UNDOABLE = 2
    LOSES_STATE = 3


class Group(StrEnum):
    """How actions are grouped in help and in the key table."""

    MOVE = "Move"
    LOOK = "Look"
    SORT = "Sort"
    ACT = "Act on the component"
    LEAVE = "Screens and leaving"


ALL: Final = frozenset(View)
LISTS: Final = frozenset({View.REGISTRY, View.VERSIONS, View.EVENTS})
OF_ONE: Final = frozenset({View.REGISTRY, View.DETAIL, View.VERSIONS})
TABLE: Final = frozenset({View.REGISTRY})


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be done.

    Attributes:
        id: Stable name.
        keys: Keys as Textual names them; the first is the one shown.
        do: The action string for Textual.
        title: Two or three words, for palette and help.
        help: One sentence.
        group: Where it is listed.
        views: Screens that have it.
        danger: Its rung of the safety ladder.
        hint: Word in the footer; none when empty. ``rank`` orders hints, the lowest first.
        of_row: Means nothing without a row.
        everywhere: Bound on the app, so that it works on every screen.
        urgent: Takes precedence over whatever has the focus.
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


def _act(name: str, keys: str, title: str, text: str, group: Group, **more: Any) -> Action:
    do = more.pop("do", name.rpartition(".")[2].replace("-", "_"))
    more.setdefault("of_row", group is Group.ACT)
    return Action(id=name, keys=tuple(keys.split()), do=do, title=title, help=text, group=group, **more)


def _sort(key: str, by: str) -> Action:
    text = f"Sort by {by}; again reverses."
    return _act(f"sort.{by}", key, f"Sort by {by}", text, Group.SORT, views=TABLE, do=f"sort('{by}')")


_UNDO: Final = Danger.UNDOABLE
_LOSS: Final = Danger.LOSES_STATE

ACTIONS: Final[tuple[Action, ...]] = (
    _act("move.down", "j down", "Down", "Select the next row.", Group.MOVE),
    _act("move.up", "k up", "Up", "Select the row before.", Group.MOVE),
    _act("move.top", "g home", "Top", "Select the first row.", Group.MOVE),
    _act("move.bottom", "G end", "Bottom", "Select the last row.", Group.MOVE),
    _act("move.half-down", "ctrl+d pagedown", "Half a page down", "Move down by half a screen.", Group.MOVE),
    _act("move.half-up", "ctrl+u pageup", "Half a page up", "Move up by half a screen.", Group.MOVE),
    _act(
        "look.filter",
        "slash",
        "Filter",
        "Show only rows that contain what is typed; a leading ! inverts.",
        Group.LOOK,
        views=frozenset({View.REGISTRY, View.EVENTS}),
        hint="filter",
        of_row=True,
        rank=20,
        urgent=True,
    ),
    _act(
        "look.detail",
        "enter d",
        "Detail",
        "Show everything about the selected component.",
        Group.LOOK,
        views=frozenset({View.REGISTRY, View.EVENTS}),
        hint="detail",
        of_row=True,
        rank=21,
    ),
    _act(
        "look.versions",
        "v",
        "Versions",
        "Show the component's timeline: every revision, its outcome and why.",
        Group.LOOK,
        views=frozenset({View.REGISTRY, View.DETAIL}),
        hint="versions",
        of_row=True,
        rank=22,
    ),
    _act(
        "look.its-events",
        "e",
        "Its events",
        "Show the events of the selected component.",
        Group.LOOK,
        views=OF_ONE,
        hint="its events",
        of_row=True,
        rank=40,
    ),
    _act(
        "look.diff",
        "d",
        "Diff against the active one",
        "Show or hide what differs between the selected revision and the one that serves.",
        Group.LOOK,
        views=frozenset({View.VERSIONS}),
        hint="diff",
        rank=21,
    ),
    _act(
        "look.pause", "p", "Pause the view", "Hold the view still; data flows on behind it.", Group.LOOK, hint="pause"
    ),
    _act(
        "look.follow",
        "f",
        "Follow",
        "Keep the selection on screen when rows move; in events, keep the newest in view.",
        Group.LOOK,
        views=frozenset({View.REGISTRY, View.EVENTS}),
        hint="follow",
        rank=51,
    ),
    _act(
        "look.copy",
        "y",
        "Copy",
        "Copy the selected row's name, digest or text.",
        Group.LOOK,
        hint="copy",
        rank=60,
        of_row=True,
    ),
    _sort("N", "name"),
    _sort("S", "state"),
    _sort("F", "fuel"),
    _sort("M", "memory"),
    _sort("C", "cpu"),
    _sort("U", "uptime"),
    _act(
        "component.start",
        "s",
        "Start",
        "Start the component, and want it running.",
        Group.ACT,
        views=OF_ONE,
        danger=_UNDO,
        hint="start",
        rank=30,
    ),
    _act(
        "component.stop",
        "x",
        "Stop",
        "Save its state and stop it, and want it stopped.",
        Group.ACT,
        views=OF_ONE,
        danger=_LOSS,
        hint="stop",
        rank=31,
    ),
    _act(
        "component.restart",
        "r",
        "Restart",
        "Replace the instance with a fresh one of the same revision.",
        Group.ACT,
        views=OF_ONE,
        danger=_UNDO,
        hint="restart",
        rank=32,
    ),
    _act(
        "component.reload",
        "R",
        "Reload from disk now",
        "Deploy what is on disk, lifting holds and remembered refusals.",
        Group.ACT,
        views=OF_ONE,
        danger=_UNDO,
        hint="reload",
        rank=33,
    ),
    _act(
        "component.back-to-stable",
        "z",
        "Roll back to the previous stable",
        "Show what going back to the previous stable revision would change, and ask.",
        Group.ACT,
        views=OF_ONE,
        danger=_UNDO,
        hint="roll back",
        rank=23,
    ),
    _act(
        "component.back-to-selected",
        "b",
        "Roll back to the selected revision",
        "Show what going back to the selected revision would change, and ask.",
        Group.ACT,
        views=frozenset({View.VERSIONS}),
        danger=_UNDO,
        hint="roll back to it",
        rank=20,
    ),
    _act(
        "component.unload",
        "D delete",
        "Unload",
        "Take the component out of the system; its history stays.",
        Group.ACT,
        views=OF_ONE,
        danger=_LOSS,
        hint="unload",
        rank=34,
    ),
    _act("go.registry", "1", "Registry", "Show the table of components.", Group.LEAVE, hint="registry", rank=10),
    _act(
        "go.events",
        "4",
        "Events",
        "Show what happened, the reload ledger included.",
        Group.LEAVE,
        hint="events",
        rank=11,
    ),
    _act("go.back", "escape", "One level back", "Leave the filter or the screen.", Group.LEAVE),
    _act(
        "go.leave",
        "q",
        "Back, or quit",
        "Go back; at the registry, quit (asks while components run).",
        Group.LEAVE,
        hint="back",
        rank=25,
    ),
    _act(
        "app.help",
        "question_mark f1",
        "Help",
        "Show the keys of this screen.",
        Group.LEAVE,
        hint="help",
        rank=1,
        everywhere=True,
        urgent=True,
    ),
    _act(
        "app.palette",
        "colon ctrl+p",
        "Palette",
        "Find any action or component by typing.",
        Group.LEAVE,
        hint="palette",
        rank=24,
        everywhere=True,
        urgent=True,
    ),
    _act("app.ask-to-quit", "ctrl+c", "Quit", "Quit, asking while components run.", Group.LEAVE, everywhere=True),
    _act("app.leave-now", "ctrl+q", "Quit at once", "Quit without asking.", Group.LEAVE, everywhere=True, urgent=True),
)


def allowed(readonly: bool) -> tuple[Action, ...]:
    """Return the actions there are; when only reading, those that change the system do not exist."""
    return tuple(action for action in ACTIONS if not (readonly and action.danger is not Danger.VIEW))


def of_view(view: View, readonly: bool) -> tuple[Action, ...]:
    """Return the actions of a screen, in the order of the table."""
    return tuple(action for action in allowed(readonly) if view in action.views)


def bindings(actions: Iterable[Action], *, everywhere: bool) -> list[Binding]:
    """Return the bindings of actions; those of the app when ``everywhere``, those of a screen otherwise."""
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
    """Return the actions that the footer of a screen names, the most important first."""
    named = [action for action in of_view(view, readonly) if action.hint]
    return tuple(sorted(named, key=lambda action: action.rank))


_KEYS: Final = {
    "slash": "/",
    "question_mark": "?",
    "colon": ":",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "delete": "del",
    **{letter: f"shift+{letter}" for letter in "NSFMCU"},
}


def key_label(key: str) -> str:
    """Return a key as people write it."""
    return _KEYS.get(key, key)
