"""Disk usage of a simulated runtime, and the garbage collection that frees it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from airssys_tui.api.played.bookkeeping import purge
from airssys_tui.api.played.component import PlayedComponent
from airssys_tui.api.played.revisions import PlayedRevision
from airssys_tui.api.played.states import PlayedStates
from airssys_tui.api.views.disk import Collected, DiskUse
from airssys_tui.core.revision import Outcome
from airssys_tui.core.text import one_line
from airssys_tui.core.units import KIB, format_size

KEEP: Final = 10
"""Revisions kept per component, besides the active one, pinned ones and those that were stable within a day."""

DAY: Final = 86_400.0
STATES_KEPT: Final = 20
COMPILED: Final = 9
"""Size of compiled code as a multiple of the artifact."""


def use(components: Iterable[PlayedComponent], states: PlayedStates, now: float, free: int) -> DiskUse:
    """Return the disk usage."""
    components = list(components)
    blobs = {each.digest: each.size for one in components for each in one.timeline if _kept(each)}
    rows = sum(len(one.timeline) for one in components)
    return DiskUse(
        catalog=64 * KIB + rows * KIB,
        blobs=sum(blobs.values()),
        code=sum(blobs.values()) * COMPILED,
        states=states.size(),
        free=free,
        reclaimable=collected(components, states, now, dry=True).bytes,
    )


def collected(components: Iterable[PlayedComponent], states: PlayedStates, now: float, *, dry: bool) -> Collected:
    """Delete everything that no retention rule keeps; with ``dry``, only report it."""
    items: list[str] = []
    revisions, dropped, freed = 0, 0, 0
    for component in components:
        for revision in surplus(component.timeline, now):
            size = revision.size * (1 + COMPILED)
            items.append(f"{component.id} r{revision.number} {revision.version or ''}: code, {format_size(size)}")
            revisions += 1
            freed += size
            if not dry:
                purge(component, revision.number)
        old = [view for view in states.of(component.id)[STATES_KEPT:] if not view.paired]
        items += [f"{component.id} state {view.id} of r{view.revision}, {format_size(view.size)}" for view in old]
        dropped += len(old)
        freed += sum(view.size for view in old)
        if not dry:
            states.drop(view.id for view in old)
    lines = tuple(map(one_line, items[:200]))
    return Collected(dry=dry, items=lines, revisions=revisions, states=dropped, bytes=freed)


def surplus(timeline: list[PlayedRevision], now: float) -> list[PlayedRevision]:
    """Return the revisions whose code no retention rule keeps."""
    old = [each for each in timeline[:-KEEP] if _kept(each)]
    return [
        each
        for each in old
        if each.outcome is not Outcome.ACTIVE and not each.pinned and not (each.stable and now - each.created_at < DAY)
    ]


def _kept(revision: PlayedRevision) -> bool:
    return revision.outcome is not Outcome.PURGED
