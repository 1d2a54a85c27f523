"""How to get to each view by keys."""

from __future__ import annotations

from airssys_tui.tui.actions.table import of_view
from airssys_tui.tui.actions.view import View

WAYS: dict[View, tuple[str, ...]] = (
    {View.REGISTRY: ()}
    | {
        view: action.keys[:1]
        for view in View
        for action in of_view(View.REGISTRY, readonly=True)
        if action.opens is view is not View.REGISTRY and action.of_row is view.of_one
    }
    | {View.AUDIT: ("6", "t")}
)
"""The keys that lead from the registry, where the program begins, to each screen."""
