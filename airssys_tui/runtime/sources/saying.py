"""What is said of a change when its files are deployed: how it was found, and how it settled."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.core.events import EventAction, Level
from airssys_tui.runtime.sources.settle import Found, Settled

_MISSED: Final = {
    Found.SURVEY: "the survey found a change the watcher missed",
    Found.DOUBT: "the survey found a change the watcher missed: files of the same size and time, with another content",
}


class Saying(msgspec.Struct, frozen=True):
    """A decision to report when the files that it is about are deployed."""

    text: str
    action: EventAction = EventAction.SETTLED
    level: Level = Level.DEBUG


def sayings(change: Settled) -> list[Saying]:
    """Return what is said of a settled change, in order."""
    bursts = f" ({change.bursts} notices)" if change.bursts > 1 else ""
    said = [Saying(f"settled in {change.waited * 1000:.0f} ms{bursts}")]
    if change.partial:
        said.insert(
            0, Saying(f"the files are whole now, {change.waited:.1f} s after a partial write", level=Level.INFO)
        )
    missed = _MISSED.get(change.found)
    return [Saying(missed, EventAction.FOUND, Level.INFO), *said] if missed else said
