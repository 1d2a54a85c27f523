"""What stopping a component would do to it and to others."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from airssys_tui.core.text import Verbatim


class EffectKind(StrEnum):
    """What an effect is about."""

    LINK = "link"
    CALL = "call"
    TOPIC = "topic"
    REQUEST = "request"
    GROUP = "group"
    RETURN = "return"


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that would happen.

    Attributes:
        kind: What it is about.
        component: Who it happens to.
        text: What happens, as a sentence; show it sanitised.
        harm: Whether somebody loses something by it.
        depth: Steps from the component that is stopped: 0 for itself, 1 for who depends on it directly.
    """

    kind: EffectKind
    component: str
    text: Verbatim
    harm: bool = True
    depth: int = 0


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """What stopping a component would do.

    Attributes:
        component: The component.
        effects: What would happen: to itself first, then to others, the nearest first.
        omitted: Effects that are left out, as there are too many.
    """

    component: str
    effects: tuple[Effect, ...] = ()
    omitted: int = 0
