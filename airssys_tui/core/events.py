"""Events of the runtime and decisions about reloads, as values."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.text import Verbatim

MAX_TEXT: Final = 1_200
"""Characters of an event's text, except a line of a guest's log."""


class Level(StrEnum):
    """Severity of an event."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class EventKind(StrEnum):
    """Topic of an event; front ends filter by it."""

    SYSTEM = "system"
    LIFECYCLE = "lifecycle"
    DECISION = "decision"
    SUPERVISION = "supervision"
    HEALTH = "health"
    OPERATOR = "operator"
    LOG = "log"

    @classmethod
    def _missing_(cls, value: object) -> EventKind | None:
        return _FORMER.get(value) if isinstance(value, str) else None


_FORMER: Final = {"ledger": EventKind.DECISION}
"""Kinds as older versions of the program wrote them."""


class EventAction(StrEnum):
    """What was done, as a word for programs, in the order of the kinds; the values are sent and recorded.

    An unknown word, written by an older or a newer version of the program, is read as ``NONE``.
    """

    NONE = ""

    OPENED = "opened"
    DISORDER = "disorder"
    READY = "ready"
    WATCH = "watch"
    CONTROL = "control"
    DISK_FULL = "disk-full"
    DISK_ROOM = "disk-room"
    COLLECTED = "collected"
    CROWDED = "crowded"
    INTERNAL = "internal"
    CLOSED = "closed"

    WAITING = "waiting"
    PARTIAL_WRITE = "partial-write"
    SETTLED = "settled"
    FOUND = "found"
    IGNORED = "ignored"
    ACCEPTED = "accepted"
    PROGRESS = "progress"
    REHEARSED = "rehearsed"
    NO_EFFECT = "no-effect"
    SWITCHED = "switched"
    OPTIMISED = "optimised"
    REFUSED = "refused"
    ABORTED = "aborted"
    STORE = "store"
    REMOVED = "removed"
    QUARANTINED = "quarantined"
    LIFTED = "lifted"
    AWAITING_APPROVAL = "awaiting-approval"
    LINKED = "linked"
    APPROVED = "approved"

    STARTED = "started"
    RESTARTED = "restarted"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    RETIRED = "retired"
    CANCELLED = "cancelled"
    STATE = "state"
    STATE_LOST = "state lost"
    STORAGE = "storage"
    TIMERS = "timers"

    TRAPPED = "trapped"
    RESTARTING = "restarting"
    EXHAUSTED = "exhausted"
    ESCALATED = "escalated"
    COSTLIER = "costlier"
    UNPROVEN = "unproven"
    UNTRIED = "untried"
    STABLE = "stable"
    CHECKS = "checks"

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    RELOAD = "reload"
    UNLOAD = "unload"
    ROLLBACK = "rollback"
    PIN = "pin"
    ANNOTATE = "annotate"
    MARK_STABLE = "mark-stable"
    LIFT_QUARANTINE = "lift-quarantine"
    GRANTED = "granted"
    REVOKED = "revoked"
    SAVE_STATE = "save-state"
    RESTORE_STATE = "restore-state"
    IMPORT_STATE = "import-state"
    UNDO = "undo"
    DEAD_LETTER = "dead-letter"
    NOT_DONE = "not-done"

    LOG = "log"
    STDOUT = "stdout"
    STDERR = "stderr"
    REQUEST = "request"
    DROPPED = "dropped"
    DENIED = "denied"
    ASKED = "asked"
    TROUBLE = "trouble"

    @classmethod
    def _missing_(cls, value: object) -> EventAction | None:
        if value == "dearer":  # as older versions of the program wrote it
            return cls.COSTLIER
        return cls.NONE if isinstance(value, str) else None


class Speaker(StrEnum):
    """Which instance of a component wrote a line of its log."""

    SERVING = ""
    CANDIDATE = "candidate"
    TRIAL = "trial"

    @classmethod
    def _missing_(cls, value: object) -> Speaker | None:
        return cls.SERVING if isinstance(value, str) else None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event.

    Attributes:
        seq: Increases by one per event of a runtime; a gap means dropped events.
        at: Unix time in seconds.
        kind: The topic.
        level: The severity.
        component: Text form of the identity of the component concerned, if any.
        revision: The revision concerned, if any.
        text: What happened, for people; of a guest's log the line as the guest wrote it. Show it sanitised.
        action: What was done.
        generation: Which change of the component's files it belongs to, for decisions.
        speaker: Of a line of a guest's log: whether a candidate wrote it, or an instance for a trial.
        exit_code: Of the end of a command: its own exit code; None if it did not end by itself.
    """

    seq: int
    at: float
    kind: EventKind
    level: Level
    text: Verbatim
    component: str | None = None
    revision: int | None = None
    action: EventAction = EventAction.NONE
    generation: int | None = None
    speaker: Speaker = Speaker.SERVING
    exit_code: int | None = None
