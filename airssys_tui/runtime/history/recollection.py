"""What there is to tell of a component: what the catalog has recorded, and what only a running runtime knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from airssys_tui.api.views.past import HistoryQuery
from airssys_tui.core.errors import UnknownComponent
from airssys_tui.core.events import Event, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import CommandEnd, Recovery, State
from airssys_tui.core.revision import Outcome, Revision
from airssys_tui.runtime.history.past_events import history
from airssys_tui.runtime.history.timeline import gates_passed
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.records import ComponentRecord, Hold, Refusal, SnapshotInfo

MOST_REFUSED: Final = 3
"""Maximum refused candidates that are told one by one."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalog has recorded of one component.

    Attributes:
        component: Its desired state and its source.
        revisions: Its newest revisions, and older ones that rollbacks look at; newest first.
        gates: Gates passed with milliseconds, by revision.
        holds: The held digests.
        refusals: The remembered refusals.
        snapshots: The saved states, newest first.
        events: Its events, oldest first.
        now: Unix time.
        ended: How its last run ended, if it is a command.
    """

    component: ComponentRecord
    revisions: tuple[Revision, ...] = ()
    gates: dict[int, tuple[tuple[Gate, float], ...]] = {}
    holds: tuple[Hold, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    snapshots: tuple[SnapshotInfo, ...] = ()
    events: tuple[Event, ...] = ()
    now: float = 0.0
    tried: frozenset[int] = frozenset()
    ended: CommandEnd | None = None

    @property
    def name(self) -> str:
        """The component."""
        return self.component.id

    @property
    def active(self) -> Revision | None:
        """The active revision."""
        return next((record for record in self.revisions if record.outcome is Outcome.ACTIVE), None)

    @property
    def before(self) -> Revision | None:
        """The revision that served before it."""
        active = self.active
        served = [record for record in self.revisions if record.activated_at is not None]
        return next((r for r in served if active is not None and r.number < active.number), None)


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """What only a running runtime knows about a component.

    Attributes:
        state: Its state.
        recovery: What supervision waits for.
        trouble: What is wrong, one line.
        candidate: The revision on its way through the gates.
        probation_until: Unix time at which its probation ends.
        tried: Whether the active revision has given enough evidence to be judged.
        unread: Why the files in the folder got no revision number, one line; empty if they got one.
    """

    state: State
    recovery: Recovery = Recovery()
    trouble: str = ""
    candidate: int | None = None
    probation_until: float | None = None
    tried: bool = True
    unread: str = ""


def recollect(
    catalog: Catalog, name: str, now: float, known: Iterable[Event] = (), unrecorded: ComponentRecord | None = None
) -> Told:
    """Read what the catalog has recorded of a component. Blocks on the catalog.

    Args:
        catalog: The catalog.
        name: The component's name.
        now: Unix time.
        known: Events that a runtime still has in memory.
        unrecorded: What is told of a component that a runtime shows and that is not recorded: nothing of it was ever
            accepted.

    Raises:
        UnknownComponent: If it is not recorded, and nothing else is to be told.
    """
    record = catalog.component(name) or unrecorded
    if record is None:
        raise UnknownComponent(f"no component {name} is recorded", component=name)
    lines = {line.number: line for line in (*catalog.lines(name), *catalog.landmarks(name))}
    revisions = tuple(lines[number] for number in sorted(lines, reverse=True))
    told = Told(component=record, revisions=revisions)
    wanted = {r.number for r in (told.active, *revisions[: MOST_REFUSED + 1]) if r is not None}
    deployments = [d for d in catalog.deployments(name) if d.revision in wanted]
    return msgspec.structs.replace(
        told,
        gates={d.revision: gates_passed(catalog, d.id) for d in deployments if d.revision is not None},
        holds=catalog.holds(name),
        refusals=catalog.refusals(name),
        snapshots=catalog.snapshots(name),
        tried=frozenset(number for number, record in catalog.costs(name).items() if record.tried),
        events=history(catalog, HistoryQuery(component=name, level=Level.INFO, limit=1_000), known).events,
        now=now,
        ended=catalog.command_end(name),
    )
