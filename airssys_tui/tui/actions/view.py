"""The screens, each declared once: its name, its heading, and whether it is about one component.

An action names the screens that have it (``views``) and the screen that it opens (``opens``); the application makes the
screen of a view. A new screen starts here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Self


class View(StrEnum):
    """A screen.

    Attributes:
        heading: What the screen is called, in the help and at its top.
        of_one: Whether it is about one component: opening it needs one, and it lies on top of the previous screen. The
            others exist once and keep what they show.
    """

    heading: str
    of_one: bool

    def __new__(cls, name: str, heading: str = "", of_one: bool = False) -> Self:
        """Make a view whose value is its name; the name is the heading unless there is another."""
        view = str.__new__(cls, name)
        view._value_ = name
        view.heading = heading or name
        view.of_one = of_one
        return view

    REGISTRY = "registry"
    DETAIL = "detail", "", True
    VERSIONS = "versions", "", True
    EVENTS = "events"
    LOGS = "logs"
    METERS = "meters"
    METER = "meter", "meters of one component", True
    CALL = "call", "interface and call", True
    TRACES = "traces", "", True
    RECORDINGS = "recordings", "recorded calls", True
    GRANTS = "grants"
    RIGHTS = "rights", "capabilities", True
    AUDIT = "audit"
    HTTP = "http", "HTTP"


ALL: Final = frozenset(View)
OF_ONE: Final = frozenset({View.REGISTRY, View.DETAIL, View.VERSIONS, View.METERS, View.METER})
"""Screens on which one component is selected and can be acted on."""

TABLE: Final = frozenset({View.REGISTRY, View.METERS})
MARKS: Final = frozenset({View.REGISTRY})
RIGHTS: Final = frozenset({View.GRANTS, View.RIGHTS})
"""Screens on which a permission is selected and can be answered."""

STREAMS: Final = frozenset({View.EVENTS, View.LOGS})
GROWING: Final = STREAMS | {View.AUDIT}
"""Screens whose list grows, and is followed."""
