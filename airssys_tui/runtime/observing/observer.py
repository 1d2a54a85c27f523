"""Publishing what front ends see: samples of the meters, the rows that changed, one immutable snapshot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import islice, takewhile
from operator import attrgetter
from typing import Final

import msgspec

from airssys_tui.api.views.components import Awaiting, ComponentView, LinkView, Meters, RunningCall
from airssys_tui.api.views.metering import Exhaustion, MeterDetail, RevisionCost
from airssys_tui.api.views.runtime import GroupView, Phase, Snapshot, WatchView
from airssys_tui.core.description import artifact_label
from airssys_tui.core.identity import ComponentId
from airssys_tui.core.revision import Tier
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.types.interface import InterfaceType
from airssys_tui.host.services.neighbour import MAX_INTERFACES, Neighbour
from airssys_tui.runtime.actors.contract import version_value
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.evidence import has_evidence
from airssys_tui.runtime.components.note import is_waiting, note_of
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.metering.counters import PERCENTILES
from airssys_tui.runtime.metering.revision_costs import revision_costs
from airssys_tui.runtime.metering.series import SampleTick
from airssys_tui.runtime.observing.custom_meters import custom_dropped, custom_series, series_count
from airssys_tui.runtime.observing.totals import Totals

LONG_CALL: Final = 1.0
"""Seconds after which a call that runs is shown on its row."""


class UndoOffer(msgspec.Struct, frozen=True):
    """What the operator can undo now, and what that would lose for good; each is empty if there is no such thing."""

    label: GuestText = GuestText("")
    loses: GuestText = GuestText("")


PUBLISH: Final = 0.05
"""Seconds until a change of a component is visible to front ends."""

AT_START: Final = (0.002, 0.5)
"""Seconds more during the start, for each row of the last time and at most: components of a large folder change several
times in a moment, and their rows are built anew each time."""


class Observer:
    """Builds snapshots on the control loop; front ends read the newest from any thread.

    Args:
        floor: The machinery.
        router: The components.
        folder: The watched folder as it was given.
        undo: Returns what can be undone now; called from any thread.

    Attributes:
        waiting: Components with a note that tells how long something takes, as of their last row.
        printing: Components with an instance that may print, as of their last row.
        linked: Returns the links of a component.
        groups: Returns the groups of the folder.
        followers: Called with each component whose row is built anew, and whether it is still there.
    """

    def __init__(self, floor: Floor, router: Router, folder: str, undo: Callable[[], UndoOffer]) -> None:
        self._floor = floor
        self._router = router
        self._folder = one_line(folder)
        self._undo = undo
        self._lock = threading.Lock()
        self._generation = 0
        self._built = 0
        self._rows: dict[str, ComponentView] = {}
        self._stale: dict[str, Component] = {}
        self._sorted: tuple[ComponentView, ...] | None = None
        self._totals = Totals()
        self._gone: dict[str, int] = {}
        self._introduced: dict[str, object] = {}
        self._descriptors = floor.descriptors.used
        self.waiting: set[str] = set()
        self.printing: set[str] = set()
        self.linked: Callable[[Component], tuple[LinkView, ...]] = lambda _: ()
        self.groups: Callable[[], tuple[GroupView, ...]] = tuple
        self.followers: tuple[Callable[[Component, bool], None], ...] = ()
        self.phase = Phase.STARTING
        self.watch = WatchView("stopped")
        self.problems: tuple[GuestText, ...] = ()
        self.disk_full = GuestText("")
        self._head = Snapshot(generation=0, at=floor.clock(), phase=Phase.STARTING, folder=self._folder)
        self._origin = self._sampled = time.monotonic()
        self.tick = SampleTick(0, floor.clock(), floor.settings.sample, floor.settings.sample)

    def sample(self, components: Iterable[Component]) -> None:
        """Sample the meters of components, unless nothing happened in them; publish, unless the start is under way."""
        tick = self.tick = self._next_tick()
        self._descriptors = self._floor.descriptors.used
        for component in components:
            counters = component.actor.counters
            component.shown.runs(_long_call(component))
            if component.shown.series.rests(counters):
                continue
            memory = self._memory(component)
            if component.shown.series.sample(tick, counters, memory[0] if memory else None):
                component.shown.touch()
        if self.phase is not Phase.STARTING:  # the rows of a start are published at their own pace, see `pause`
            self.publish()

    def _next_tick(self) -> SampleTick:
        now, step, before = time.monotonic(), self._floor.settings.sample, self.tick
        span = max(now - self._sampled, 1e-9)
        self._sampled = now
        # Numbers follow the clock, so that 120 of them are two minutes even if the sampler was late.
        number = max(before.number + 1, round((now - self._origin) / step))
        return SampleTick(number, self._floor.clock(), step, span)

    def meters(self, component: Component, versions: Mapping[int, str | None]) -> MeterDetail:
        """Return one component's meters over time.

        Args:
            component: The component.
            versions: The versions of its revisions.
        """
        memory = self._memory(component)
        used = memory[0] if memory else None
        series, tick = component.shown.series, self.tick
        now = self._meters(component)
        trend = series.memory_trend(tick.step)
        full = now.memory_full_in
        return MeterDetail(
            component=component.name,
            now=now,
            recent=series.recent(tick, used),
            long=series.long(tick),
            costs=tuple(
                RevisionCost(number, versions.get(number), cost.fuel_per_call, cost.calls, cost.p50_ms)
                for number, cost in revision_costs(component.actor.counters, component.actor.costs).items()
            ),
            exhaustion=(Exhaustion("memory", full, trend.rate),) if trend is not None and full is not None else (),
            custom=custom_series(self._floor.services.find(component.name)),
            custom_dropped=custom_dropped(self._floor.services.find(component.name)),
        )

    def renew(self, component: Component) -> None:
        """Have the row of a component built anew, or withdrawn, with the next publication."""
        self._stale[component.name] = component

    @property
    def pause(self) -> float:
        """Seconds until a change is published: longer during the start, the more rows change."""
        each, most = AT_START
        return PUBLISH + (min(each * self._built, most) if self.phase is Phase.STARTING else 0.0)

    def publish(self) -> None:
        """Publish the rows that changed since the last call; the others cost nothing."""
        generation = self._generation + 1
        stale, self._stale = self._stale, {}
        try:
            rows, gone = self._renewed(stale, generation)
        except BaseException:
            self._stale = stale | self._stale
            raise
        self._built = len(rows)
        for row in rows:
            self._totals.replace(self._rows.get(row.id), row)
        for name in gone:
            self._totals.replace(self._rows[name], None)
        head = self._summary(generation)
        if not rows and not gone and _same(head, self._head):
            return
        with self._lock:
            for name in gone:
                del self._rows[name]
                self._gone[name] = generation
            for row in rows:
                # The newest come last, so that what changed after a generation is at the end.
                self._rows.pop(row.id, None)
                self._rows[row.id] = row
                self._gone.pop(row.id, None)
            self._generation = generation
            self._head = head
            self._sorted = None

    def _renewed(self, stale: Mapping[str, Component], generation: int) -> tuple[list[ComponentView], list[str]]:
        """Build these rows anew; return them, and the names of those whose component is gone."""
        rows, gone = [], []
        for name, touched in stale.items():
            touched.shown.begin_row()
            component = self._router.named(name)
            for follow in self.followers:
                follow(touched, component is touched)
            if component is not None:
                rows.append(self._row(component, generation))
                self._introduce(component)
                self._watch_over(component)
            elif name in self._rows:
                gone.append(name)
                self._forget(name)
        return rows, gone

    def _watch_over(self, component: Component) -> None:
        """Have a component attended to once a second as long as there is a reason; the others cost nothing."""
        for kept, applies in ((self.waiting, is_waiting(component)), (self.printing, component.prints)):
            if applies:
                kept.add(component.name)
            else:
                kept.discard(component.name)

    def _introduce(self, component: Component) -> None:
        """Update what other components see of this one."""
        active = component.active
        known = active.revision if active else None, component.state, component.life.health
        if self._introduced.get(component.name) == known:
            return
        self._introduced[component.name] = known
        faces = (item.name for item in active.interface.exports if isinstance(item, InterfaceType)) if active else ()
        self._floor.services.neighbours[component.id.namespace, component.id.name] = Neighbour(
            id=component.id,
            version=version_value(component.version) if component.version else None,
            state=component.state,
            health=component.life.health,
            interfaces=tuple(islice(faces, MAX_INTERFACES)),
        )

    def _forget(self, name: str) -> None:
        identity = ComponentId.parse(name)
        self._introduced.pop(name, None)
        self.waiting.discard(name)
        self.printing.discard(name)
        self._floor.services.neighbours.pop((identity.namespace, identity.name), None)

    def snapshot(self, since: int) -> Snapshot:
        """Return the newest snapshot; with ``since``, only rows that changed after that generation."""
        with self._lock:
            head = self._head
            rows = self._sorted if since <= 0 else None
            if rows is None:
                found = list(takewhile(lambda row: row.generation > since, reversed(self._rows.values())))
            removed = tuple(name for name, at in self._gone.items() if at > since) if since > 0 else ()
        if rows is None:
            rows = tuple(sorted(found, key=attrgetter("id")))
            self._keep_sorted(head, rows, since)
        offer = self._undo()
        return msgspec.structs.replace(
            head,
            at=self._floor.clock(),
            components=rows,
            removed=removed,
            undo=offer.label,
            undo_loses=offer.loses,
            last_event=self._floor.journal.last,
            dropped_events=self._floor.journal.dropped,
            unwritten_events=self._floor.journal.unwritten_dropped,
            tallies=self._floor.journal.tallies,
            busy=self._floor.workers.busy,
            handed=self._floor.workers.handed,
            descriptors=self._descriptors,
            descriptor_limit=self._floor.descriptors.limit,
        )

    def _keep_sorted(self, head: Snapshot, rows: tuple[ComponentView, ...], since: int) -> None:
        """Keep all rows in order for who asks next, unless there are newer ones."""
        with self._lock:
            if since <= 0 and self._head is head:
                self._sorted = rows

    def _summary(self, generation: int) -> Snapshot:
        totals = self._totals
        return Snapshot(
            generation=generation,
            at=self._floor.clock(),
            phase=self.phase,
            folder=self._folder,
            watch=self.watch,
            fuel_per_second=totals.fuel_per_second,
            memory=totals.memory,
            memory_limit=totals.memory_limit,
            cpu=totals.cpu,
            workers=self._floor.workers.count,
            problems=self.problems,
            groups=self.groups(),
            disk_full=self.disk_full,
        )

    def _memory(self, component: Component) -> tuple[int, int] | None:
        serving = component.actor.serving
        use = serving.instance.memory if serving is not None else None
        return (use.current, use.peak) if use is not None else None

    def _meters(self, component: Component) -> Meters:
        counters, series = component.actor.counters, component.shown.series
        memory = self._memory(component)
        manifest = component.active.manifest if component.active else None
        limit = manifest.limits.memory if manifest else 0
        trend = series.memory_trend(self.tick.step)
        p50, p95, p99 = counters.latency.quantiles(PERCENTILES)
        return Meters(
            fuel=counters.fuel,
            fuel_per_second=series.fuel,
            fuel_per_call=counters.fuel_per_call(),
            memory=memory[0] if memory else None,
            memory_peak=memory[1] if memory else None,
            memory_limit=limit,
            cpu=series.cpu,
            cpu_seconds=counters.cpu_ns / 1e9,
            calls=counters.calls,
            calls_per_second=series.calls,
            errors=counters.errors,
            hand_traps=counters.hand_traps,
            queue=component.actor.queued,
            dropped=counters.dropped,
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            call_seconds=counters.wall_ns / 1e9,
            call_buckets=counters.latency.buckets(),
            memory_full_in=trend.reaches(limit) if trend is not None else None,
            fuel_change=component.actor.costs.fuel_change(counters.previous),
        )

    def probation_until(self, component: Component) -> float | None:
        """Return the Unix time at which the probation of the active revision ends, or None without one."""
        trial = component.proof.trial
        if trial is None or component.proof.stable or not trial.terms.judged:
            return None
        return round(self._floor.clock() + trial.remaining, 1)

    def _row(self, component: Component, generation: int) -> ComponentView:
        return ComponentView(
            id=component.name,
            state=component.state,
            health=component.life.health,
            recovery=component.supervision.recovery,
            desired=component.intent.desired,
            kind=component.served.kind,
            version=component.version,
            revision=component.active.revision if component.active else None,
            candidate=component.update.candidate,
            awaiting=_awaiting(component),
            digest=component.active.digest if component.active else None,
            stable=component.proof.stable,
            untried=component.active is not None and not has_evidence(component),
            tier=_tier(component),
            stateful=component.stateful,
            source=one_line(component.files.key),
            present=component.files.present,
            held=tuple(artifact_label(hold.version, hold.digest) for hold in component.barred.holds),
            note=note_of(component, time.monotonic()),
            running=component.shown.running,
            exit_code=component.life.ended.exit_code if component.life.ended is not None else None,
            restarts=component.supervision.restarts,
            started_at=component.life.started_at,
            state_bytes=component.shown.state_bytes,
            state_saved_at=component.shown.state_saved_at,
            probation_until=self.probation_until(component),
            quarantined=tuple(sorted(bad.number for bad in component.proof.quarantined.values())),
            links=self.linked(component),
            meters=self._meters(component),
            custom_series=series_count(self._floor.services.find(component.name)),
            history=component.shown.series.history(),
            generation=generation,
        )


def _awaiting(component: Component) -> Awaiting | None:
    """Return the revision that waits for approval, if one does."""
    refusal = component.refusal
    if refusal is None or refusal.revision is None or not refusal.undecided:
        return None
    return Awaiting(refusal.revision, one_line(refusal.reason))


def _long_call(component: Component) -> RunningCall | None:
    """Return the call that has been running for at least :data:`LONG_CALL`, if there is one."""
    command = component.life.command
    serving = command.serving if command is not None else component.actor.serving
    call = serving.in_flight if serving is not None else None
    if call is None or call.seconds < LONG_CALL:
        return None
    return RunningCall(one_line(call.export.rpartition("#")[2], 64), int(call.seconds))


def _tier(component: Component) -> Tier | None:
    """Return which compiler made the code that runs now; None if none runs."""
    command = component.life.command
    serving = command.serving if command is not None else component.actor.serving
    return serving.tier if serving is not None else None


def _same(one: Snapshot, other: Snapshot) -> bool:
    return msgspec.structs.replace(one, generation=0, at=0.0) == msgspec.structs.replace(other, generation=0, at=0.0)
