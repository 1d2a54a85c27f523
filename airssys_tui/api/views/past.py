"""What is kept of the past: states, stories, and which events are asked for."""

from __future__ import annotations

import msgspec

from airssys_tui.core.events import EventKind, Level
from airssys_tui.core.text import GuestText


class StateFile(msgspec.Struct, frozen=True, kw_only=True):
    """A state outside of its catalog, whole: what an export writes and an import reads.

    Attributes:
        component: The component it was taken from.
        revision: The revision, and its version.
        schema: What the component calls the form of its state.
        kind: ``text`` or ``binary``.
        at: Unix time when it was taken.
        digest: ``sha256:…`` of the bytes; an import whose bytes differ is refused.
        data: The bytes.
        format: Of this file.
    """

    component: str
    revision: int
    version: str | None
    schema: str
    kind: str
    at: float
    digest: str
    data: bytes
    format: int = 1


class StateView(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of a component's state that is kept.

    Attributes:
        id: Its number, over all components.
        revision: The revision it was taken from, and its version.
        schema: What the component calls the form of its state.
        cause: Why it was taken: ``update``, ``stop``, ``timer``, ``operator``, ``import``…
        at: Unix time.
        size: Bytes.
        digest: Of the bytes.
        failed_by: Revisions that could not load it.
        paired: Whether a rollback that restores that revision's state would take this one.
    """

    id: int
    component: str
    revision: int
    version: str | None
    schema: GuestText
    cause: str
    at: float
    size: int
    digest: str
    failed_by: tuple[int, ...] = ()
    paired: bool = False


class Story(msgspec.Struct, frozen=True):
    """The last change of a component, told in sentences, in the order in which things happened."""

    component: str
    sentences: tuple[GuestText, ...]


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the things that happened are asked for; everything that is given has to fit.

    Attributes:
        component: Text form of an identity.
        kinds: Kinds of events; empty for all.
        level: The least that matters.
        since: Unix time; nothing before it.
        until: Unix time; nothing at it or after it, so that older pages can be asked for. ``None`` for all.
        limit: At most this many, the newest.
    """

    component: str | None = None
    kinds: tuple[EventKind, ...] = ()
    level: Level = Level.DEBUG
    since: float = 0.0
    until: float | None = None
    limit: int = 500
