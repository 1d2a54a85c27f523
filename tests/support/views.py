"""How to get to each view by keys."""

from __future__ import annotations

from airssys_tui.tui.actions.view import View

WAYS = {
    View.REGISTRY: (),
    View.DETAIL: ("enter",),
    View.VERSIONS: ("v",),
    View.EVENTS: ("4",),
    View.LOGS: ("5",),
    View.METERS: ("2",),
    View.METER: ("m",),
    View.CALL: ("i",),
    View.TRACES: ("t",),
}
"""The keys that lead to each screen."""
