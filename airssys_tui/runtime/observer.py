"""Publishing what front ends see: samples once a second, rows that changed, one immutable snapshot."""

from __future__ import annotations

import threading
import time

import msgspec

from airssys_tui.api.views import ComponentView, Meters, Phase, Snapshot, WatchView
from airssys_tui.core.lifecycle import State
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.component import Component
from airssys_tui.runtime.floor import Floor
from airssys_tui.runtime.router import Router


class Observer:
    """Builds snapshots on the control loop; front ends read the newest from any thread.

    Args:
        floor: The machinery.
        router: The components.
        folder: The watched folder as it was given.
    """

    def __init__(self, floor: Floor, router: Router, folder: str) -> None:
        self._floor = floor
        self._router = router
        self._folder = one_line(folder)
        self._lock = threading.Lock()
        self._generation = 0
        self._rows: dict[str, ComponentView] = {}
        self._gone: dict[str, int] = {}
        self.phase = Phase.STARTING
        self.watch = WatchView("stopped")
        self.problems: tuple[GuestText, ...] = ()
        self._head = Snapshot(generation=0, at=floor.clock(), phase=Phase.STARTING, folder=self._folder)
        self._sorted: tuple[ComponentView, ...] = ()

    def sample(self) -> None:
        """Read the meters of every component and publish."""
        now = time.monotonic()
        for component in self._router:
            memory = self._memory(component)
            if component.rates.sample(now, component.actor.counters, memory[0] if memory else None):
                component.dirty = True
        self.publish()

    def publish(self) -> None:
        """Publish the rows that changed since the last time."""
        generation = self._generation + 1
        rows = dict(self._rows)
        changed = False
        for component in self._router:
            if component.dirty or component.name not in rows:
                rows[component.name] = self._row(component, generation)
                component.dirty = False
                changed = True
        present = {component.name for component in self._router}
        gone = [name for name in rows if name not in present]
        for name in gone:
            del rows[name]
        head = self._summary(generation, rows)
        if not changed and not gone and _same(head, self._head):
            return
        with self._lock:
            self._generation = generation
            self._rows = rows
            self._gone.update(dict.fromkeys(gone, generation))
            self._head = head
            self._sorted = tuple(rows[name] for name in sorted(rows))

    def snapshot(self, since: int) -> Snapshot:
        """Return the newest snapshot, or what changed after a generation."""
        with self._lock:
            head, rows, gone = self._head, self._sorted, self._gone
            removed = tuple(name for name, at in gone.items() if at > since and name not in self._rows)
        shown = rows if since <= 0 else tuple(row for row in rows if row.generation > since)
        return msgspec.structs.replace(
            head,
            at=self._floor.clock(),
            components=shown,
            removed=removed if since > 0 else (),
            last_event=self._floor.journal.last,
            dropped_events=self._floor.journal.dropped,
            busy=self._floor.workers.busy,
            stuck=self._floor.side.stuck,
        )

    def _summary(self, generation: int, rows: dict[str, ComponentView]) -> Snapshot:
        running = [row for row in rows.values() if row.state is State.RUNNING]
        memory = [row.meters.memory for row in running if row.meters.memory is not None]
        cpu = [row.meters.cpu for row in rows.values() if row.meters.cpu is not None]
        return Snapshot(
            generation=generation,
            at=self._floor.clock(),
            phase=self.phase,
            folder=self._folder,
            watch=self.watch,
            fuel_per_second=sum(row.meters.fuel_per_second for row in rows.values()),
            memory=sum(memory) if memory or not running else None,
            memory_limit=sum(row.meters.memory_limit for row in running),
            cpu=sum(cpu) if cpu or not rows else None,
            workers=self._floor.workers.count,
            problems=self.problems,
        )

    def _memory(self, component: Component) -> tuple[int, int] | None:
        serving = component.actor.serving
        use = serving.instance.memory if serving is not None else None
        return (use.current, use.peak) if use is not None else None

    def _meters(self, component: Component) -> Meters:
        counters, rates = component.actor.counters, component.rates
        memory = self._memory(component)
        manifest = component.active.manifest if component.active else None
        per_call = counters.fuel_per_call().get(component.active.revision) if component.active else None
        return Meters(
            fuel=counters.fuel,
            fuel_per_second=rates.fuel,
            fuel_per_call=per_call,
            memory=memory[0] if memory else None,
            memory_peak=memory[1] if memory else None,
            memory_limit=manifest.limits.memory if manifest else 0,
            cpu=rates.cpu,
            cpu_seconds=counters.cpu_ns / 1e9,
            calls=counters.calls,
            calls_per_second=rates.calls,
            errors=counters.errors,
            queue=component.actor.queued,
            dropped=counters.dropped,
            p50_ms=counters.latency.quantile(0.50),
            p95_ms=counters.latency.quantile(0.95),
            p99_ms=counters.latency.quantile(0.99),
        )

    def _row(self, component: Component, generation: int) -> ComponentView:
        return ComponentView(
            id=component.name,
            state=component.state,
            health=component.health,
            recovery=component.recovery,
            desired=component.desired,
            kind=component.kind,
            version=component.version,
            revision=component.active.revision if component.active else None,
            candidate=component.candidate,
            digest=component.active.digest if component.active else None,
            stable=component.stable,
            stateful=component.stateful,
            source=one_line(component.source),
            present=component.present,
            held=tuple(one_line(hold.version or hold.digest[7:15]) for hold in component.holds),
            note=component.note(),
            restarts=component.restarts,
            started_at=component.started_at,
            state_bytes=component.state_bytes,
            state_saved_at=component.state_saved_at,
            meters=self._meters(component),
            history=component.rates.history(),
            generation=generation,
        )


def _same(one: Snapshot, other: Snapshot) -> bool:
    return msgspec.structs.replace(one, generation=0, at=0.0) == msgspec.structs.replace(other, generation=0, at=0.0)
