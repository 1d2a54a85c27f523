"""The past: saved states, stories, and queries for events."""

from __future__ import annotations

import msgspec

from airssys_tui.core.events import EventKind, Level
from airssys_tui.core.text import GuestText, Verbatim


class StateFile(msgspec.Struct, frozen=True, kw_only=True):
    """A saved state with its bytes, as an export writes it and an import reads it.

    Attributes:
        component: The component that saved it.
        revision: Number of the revision that saved it.
        version: Version of that revision; None if it has no version.
        schema: The component's own name for the layout of its state; show it sanitised.
        kind: ``text`` or ``binary``.
        at: Unix time when it was saved.
        digest: ``sha256:…`` of the bytes; an import refuses bytes that do not match it.
        data: The bytes, at most 2 MiB.
        format: Version of this layout.
    """

    component: str
    revision: int
    version: str | None
    schema: Verbatim
    kind: str
    at: float
    digest: str
    data: bytes
    format: int = 1


class StateView(msgspec.Struct, frozen=True, kw_only=True):
    """A saved state of a component, without its bytes.

    Attributes:
        id: Its number, unique over all components.
        component: Text form of the identity.
        revision: Number of the revision that saved it.
        version: Version of that revision; None if it has no version.
        schema: The component's own name for the layout of its state.
        cause: Why it was saved: ``update``, ``stop``, ``timer``, ``operator``, ``import``…
        at: Unix time when it was saved.
        size: Bytes.
        digest: ``sha256:…`` of the bytes.
        failed_by: Numbers of the revisions that failed to load it.
        paired: Whether a rollback to ``revision`` with the policy ``restore`` would load this state.
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
    """The last change of a component in sentences, in the order in which things happened; show them sanitised."""

    component: str
    sentences: tuple[Verbatim, ...]


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which past events to return; an event has to match every condition.

    Attributes:
        component: Text form of an identity; None for all events.
        kinds: Kinds of events; empty for all.
        level: Lowest level.
        since: Unix time of the earliest event.
        until: Unix time before which events must have happened, for paging backwards; None for no end.
        limit: Maximum number of events; the newest are returned.
    """

    component: str | None = None
    kinds: tuple[EventKind, ...] = ()
    level: Level = Level.DEBUG
    since: float = 0.0
    until: float | None = None
    limit: int = 500
