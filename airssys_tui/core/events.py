"""What happened, as values: events of the runtime and decisions of the reload ledger."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How much an event matters."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class EventKind(StrEnum):
    """What an event is about; front ends filter by it."""

    SYSTEM = "system"
    LIFECYCLE = "lifecycle"
    LEDGER = "ledger"
    SUPERVISION = "supervision"
    HEALTH = "health"
    OPERATOR = "operator"
    LOG = "log"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened.

    Attributes:
        seq: Grows by one per event of a runtime; a gap means dropped events.
        at: Unix time in seconds.
        kind: What it is about.
        level: How much it matters.
        component: Text form of the identity, when one is concerned.
        revision: The revision, when one is concerned.
        text: One line for people, already sanitised.
        action: A stable word for programs: ``switched``, ``refused``, ``ignored``, ``restarting``, ``stopped``…
        generation: The generation of the reload, for ledger events.
    """

    seq: int
    at: float
    kind: EventKind
    level: Level
    text: str
    component: str | None = None
    revision: int | None = None
    action: str = ""
    generation: int | None = None
