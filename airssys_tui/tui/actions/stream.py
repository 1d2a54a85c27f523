"""The actions of events and logs."""

from __future__ import annotations

from typing import Final

from airssys_tui.tui.actions.action import Action, Group, Saves, act
from airssys_tui.tui.actions.view import STREAMS, View

_EVENTS: Final = frozenset({View.EVENTS})
_LOGS: Final = frozenset({View.LOGS})

STREAM_ACTIONS: Final[tuple[Action, ...]] = (
    act(
        "look.search",
        "ctrl+f",
        "Search",
        "Search for a regular expression; enter goes to the previous match, n and N to the others.",
        Group.LOOK,
        views=STREAMS,
        hint="search",
        rank=20,
    ),
    act("look.next-match", "n", "Next match", "Go to the next match.", Group.LOOK, views=STREAMS),
    act("look.match-before", "N", "Previous match", "Go to the previous match.", Group.LOOK, views=STREAMS),
    act(
        "look.level",
        "L",
        "Minimum level",
        "Raise the minimum level that is shown; after the highest, show all.",
        Group.LOOK,
        views=STREAMS,
        hint="level",
        rank=22,
    ),
    act(
        "look.kind",
        "K",
        "Event kind",
        "Show only one kind of event, each time the next; after the last, show all.",
        Group.LOOK,
        views=_EVENTS,
        hint="kind",
        rank=23,
    ),
    act(
        "look.older",
        "o",
        "Older lines",
        "Load older events or entries, those of earlier runs included.",
        Group.LOOK,
        views=_EVENTS | {View.AUDIT},
        hint="older",
        rank=25,
    ),
    act(
        "look.only-its-lines",
        "l",
        "Only this component",
        "Show only the lines of the selected line's component; again shows all.",
        Group.LOOK,
        views=_LOGS,
        do="only",
        hint="only its",
        rank=23,
    ),
    act(
        "look.only-its-events",
        "e",
        "Only this component",
        "Show only the events of the selected event's component; again shows all.",
        Group.LOOK,
        views=_EVENTS,
        do="only",
        hint="only its",
        rank=24,
    ),
    act("look.wrap", "w", "Wrap", "Wrap long lines, or cut them off.", Group.LOOK, views=STREAMS, hint="wrap", rank=40),
    act(
        "look.save",
        "ctrl+s",
        "Save to a file",
        "Save what is shown to a file; asks for its name, and before it overwrites one. A browser downloads it.",
        Group.LOOK,
        views=STREAMS,
        hint="save",
        saves=Saves.FILE,
        rank=41,
    ),
)
