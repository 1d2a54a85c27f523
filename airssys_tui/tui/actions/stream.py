"""The actions on what streams by: events and logs."""

from __future__ import annotations

from typing import Final

from airssys_tui.tui.actions.action import Action, Group, act
from airssys_tui.tui.actions.view import STREAMS, View

_EVENTS: Final = frozenset({View.EVENTS})
_LOGS: Final = frozenset({View.LOGS})

STREAM_ACTIONS: Final[tuple[Action, ...]] = (
    act(
        "look.search",
        "ctrl+f",
        "Search",
        "Find a regular expression in what is shown; enter goes to the match before, n and N to others.",
        Group.LOOK,
        views=STREAMS,
        hint="search",
        rank=20,
    ),
    act("look.next-match", "n", "Next match", "Go to the next match.", Group.LOOK, views=STREAMS),
    act("look.match-before", "N", "Match before", "Go to the match before.", Group.LOOK, views=STREAMS),
    act(
        "look.level",
        "L",
        "Least level",
        "Show only what matters at least so much: info, warnings, errors; then all again.",
        Group.LOOK,
        views=STREAMS,
        hint="level",
        rank=22,
    ),
    act(
        "look.kind",
        "K",
        "Kind of events",
        "Show only events of one kind, the next each time; then all again.",
        Group.LOOK,
        views=_EVENTS,
        hint="kind",
        rank=23,
    ),
    act(
        "look.older",
        "o",
        "Older events",
        "Ask for events from before the first one, also of earlier runs.",
        Group.LOOK,
        views=_EVENTS,
        hint="older",
        rank=25,
    ),
    act(
        "look.only-its-lines",
        "l",
        "Only its lines",
        "Show only the lines of the selected one's component; again, those of all.",
        Group.LOOK,
        views=_LOGS,
        do="only",
        hint="only its",
        rank=23,
    ),
    act(
        "look.only-its-events",
        "e",
        "Only its events",
        "Show only the events of the selected one's component; again, those of all.",
        Group.LOOK,
        views=_EVENTS,
        do="only",
        hint="only its",
        rank=24,
    ),
    act("look.wrap", "w", "Wrap", "Wrap long lines, or cut them.", Group.LOOK, views=STREAMS, hint="wrap", rank=40),
    act(
        "look.save",
        "ctrl+s",
        "Save to a file",
        "Write what is shown to a file; asks for its name, and before it writes over another.",
        Group.LOOK,
        views=STREAMS,
        hint="save",
        rank=41,
    ),
)
