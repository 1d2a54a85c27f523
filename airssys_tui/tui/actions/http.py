"""The actions of the HTTP screen."""

from __future__ import annotations

from typing import Final

from airssys_tui.tui.actions.action import Action, Group, act, opens
from airssys_tui.tui.actions.view import View

HTTP_ACTIONS: Final[tuple[Action, ...]] = (
    opens("go.http", "7", "HTTP", "Show routes and requests over HTTP.", View.HTTP),
    act(
        "http.open",
        "enter right",
        "Open the request",
        "Go to the requests of the selected route, or open the trace of the selected request.",
        Group.LOOK,
        views=frozenset({View.HTTP}),
        do="open_request",
        hint="requests, trace",
        rank=6,
    ),
    act(
        "http.pane",
        "tab left",
        "Other list",
        "Go to the requests, or back to the routes.",
        Group.LOOK,
        views=frozenset({View.HTTP}),
        do="switch_pane",
        hint="other list",
        rank=30,
    ),
)
