"""Recorded calls, and what their replays gave."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.text import GuestText, Verbatim


class RecordedCallView(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded call.

    Attributes:
        number: Of the call; grows within the component while the runtime runs.
        export: Full path of the export.
        arguments: JSON array of what it was given; cut if it is long.
        result: JSON of what it returned; cut if it is long, empty if it did not return.
        trap: How it ended instead; empty if it returned.
        revision: The revision that was called.
        at: Unix time when it began.
        fuel: Fuel units used; None if that is not known.
        host_calls: How many calls of the host are recorded, drops of the host's resources included.
        bytes: Bytes of memory that the record takes.
        gap: Why a replay of it is not exact; empty if it is.
        cut: Why not all of it is recorded; empty if all is.
    """

    number: int
    export: Verbatim
    arguments: Verbatim
    result: Verbatim
    trap: GuestText
    revision: int
    at: float
    fuel: int | None
    host_calls: int
    bytes: int
    gap: GuestText = GuestText("")
    cut: GuestText = GuestText("")


class RecordingsView(msgspec.Struct, frozen=True, kw_only=True):
    """The recorded calls of a component.

    Attributes:
        component: Text form of the identity.
        wanted: Calls that its manifest asks to record; 0 if it is not recorded.
        calls: The calls, newest first.
        bytes: Bytes of memory that the records take, those that earlier calls need for them included.
        limit: Bytes that they may take.
        dropped: Calls that are wanted and not kept, for want of memory.
        cut: Calls of which not all could be recorded.
    """

    component: str
    wanted: int = 0
    calls: tuple[RecordedCallView, ...] = ()
    bytes: int = 0
    limit: int = 0
    dropped: int = 0
    cut: int = 0


class DifferenceKind(StrEnum):
    """In what a replay differs from its recording."""

    ARGUMENTS = "other-arguments"
    LEFT_OUT = "host-call-left-out"
    ADDED = "other-host-call"
    RESULT = "other-result"
    TRAP = "other-end"
    FUEL = "other-fuel"


_WORDS: Final = {
    DifferenceKind.ARGUMENTS: "other arguments",
    DifferenceKind.LEFT_OUT: "not called",
    DifferenceKind.ADDED: "another call",
    DifferenceKind.RESULT: "result",
    DifferenceKind.TRAP: "end",
    DifferenceKind.FUEL: "fuel",
}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference.

    Attributes:
        kind: What differs.
        host_call: How many host calls the recording has before it; None if it is not about a host call.
        recorded: What the recording has; empty for nothing.
        replayed: What the replay did instead; empty for nothing.
    """

    kind: DifferenceKind
    host_call: int | None = None
    recorded: Verbatim = ""
    replayed: Verbatim = ""

    @property
    def title(self) -> str:
        """What differs, and where, in a few words."""
        what = _WORDS[self.kind]
        return what if self.host_call is None else f"host call {self.host_call + 1}: {what}"


class ReplayOutcome(StrEnum):
    """What a replay found."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_REPLAYED = "not-replayed"


class ReplayedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded call that was run again.

    Attributes:
        call: The call.
        outcome: Whether it did the same.
        differences: The first differences, in order; at most 24.
        more: Differences that are not among them.
        fuel: Fuel units that the replay used; None if it was not run.
        fuel_counts: Whether the same fuel is expected: the same code, from the start of the instance.
        note: What to know about it, such as why it was not run.
    """

    call: RecordedCallView
    outcome: ReplayOutcome
    differences: tuple[Difference, ...] = ()
    more: int = 0
    fuel: int | None = None
    fuel_counts: bool = False
    note: GuestText = GuestText("")


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What replays of recorded calls gave.

    Attributes:
        component: Text form of the identity.
        revision: The revision that was run; None if each call ran in the one that was recorded.
        calls: The calls, in the order in which they were recorded.
    """

    component: str
    revision: int | None
    calls: tuple[ReplayedCall, ...]

    @property
    def same(self) -> bool:
        """Whether every call was run and did the same."""
        return all(call.outcome is ReplayOutcome.SAME for call in self.calls)
