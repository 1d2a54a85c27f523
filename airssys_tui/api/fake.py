"""A runtime that is played, not run: for screen tests, snapshots and demonstrations.

It keeps the promises of the protocol (generations, futures, errors, the lifecycle table, the rules of undo) on
components in memory and a clock that is handed in, so that a test or a picture is the same every time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from airssys_tui.api import fake_meters
from airssys_tui.api.commands import Command, Reload, Restart, Rollback, Start, Stop, Unload
from airssys_tui.api.fake_component import FakeComponent, Release
from airssys_tui.api.views import (
    CallReport,
    ComponentDetail,
    ComponentView,
    Done,
    EventPage,
    Phase,
    RevisionDiff,
    RevisionView,
    RollbackPreview,
    Snapshot,
    WatchView,
)
from airssys_tui.core.errors import AirssysError, ExportNotFound, NotServing, UnknownComponent
from airssys_tui.core.events import Event, EventKind, Level
from airssys_tui.core.lifecycle import State
from airssys_tui.core.text import GuestText, one_line, sanitise

EVENTS_KEPT: Final = 2_000
NATIVE: Final = WatchView()


@dataclass
class FakeRuntime:
    """An implementation of :class:`~airssys_tui.api.protocol.RuntimeApi` in memory.

    Attributes:
        clock: Unix time in seconds; meters move with it.
        folder: Shown as the watched folder.
        phase: Where the runtime is.
        watch: How changes are noticed.
        problems: Sources that are no component.
        patience: While set, answers wait until :meth:`settle`; shows what a screen does meanwhile.
        closed: Whether :meth:`close` was called.
    """

    clock: Callable[[], float]
    folder: str = "components/"
    phase: Phase = Phase.RUNNING
    watch: WatchView = NATIVE
    problems: tuple[GuestText, ...] = ()
    patience: bool = False
    closed: bool = False
    commands: list[Command] = field(default_factory=list)
    _components: dict[str, FakeComponent] = field(default_factory=dict)
    _removed: dict[str, int] = field(default_factory=dict)
    _events: deque[Event] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    _generation: int = 1
    _seq: int = 0
    _sampled: float = 0.0
    _pending: list[tuple[Future[Any], Callable[[], Any]]] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Begin to measure now."""
        self._sampled = self.clock()

    def add(self, components: Iterable[FakeComponent]) -> FakeRuntime:
        """Take components in, and return the runtime."""
        with self._lock:
            for component in components:
                component.touch(self._next())
                self._components[component.id] = component
        return self

    def remove(self, component: str) -> None:
        """Forget a component, as if it had been purged elsewhere."""
        with self._lock:
            del self._components[component]
            self._removed[component] = self._next()

    def edit(self, component: str, **changes: Any) -> None:
        """Change fields of a component's view."""
        with self._lock:
            found = self._get(component)
            found.view = msgspec.structs.replace(found.view, **changes)
            found.touch(self._next())

    def get(self, component: str) -> FakeComponent:
        """Return a component to script it.

        Raises:
            UnknownComponent: If there is none of that name.
        """
        return self._get(component)

    def emit(
        self,
        text: str,
        *,
        component: str | None = None,
        kind: EventKind = EventKind.LEDGER,
        level: Level = Level.INFO,
        action: str = "",
        ago: float = 0.0,
    ) -> Event:
        """Record an event as the runtime would."""
        with self._lock:
            self._seq += 1
            revision = self._components[component].view.revision if component in self._components else None
            event = Event(
                seq=self._seq,
                at=self.clock() - ago,
                kind=kind,
                level=level,
                component=component,
                revision=revision,
                text=sanitise(text),
                action=action,
            )
            self._events.append(event)
            self._next()
            return event

    def deploy(self, component: str, release: Release) -> None:
        """Put a release on disk, as if its file had been replaced and the watcher had seen it."""
        with self._lock:
            found = self._get(component)
            found.on_disk = release
            if release.digest in found.held_digests:
                self._say(found, f"ignored: {release.label} is held after a rollback", "ignored")
                return
            self._say(found, *found.deploy(release, self.clock(), force=False))

    def settle(self) -> None:
        """Answer what waits while :attr:`patience` is set."""
        pending, self._pending = self._pending, []
        for future, work in pending:
            _finish(future, work)

    def snapshot(self, since: int = 0) -> Snapshot:
        """Return the runtime as it is now; with ``since``, only rows that changed after that generation."""
        with self._lock:
            self._sample()
            views = [component.view for component in self._components.values()]
            return Snapshot(
                generation=self._generation,
                at=self.clock(),
                phase=self.phase,
                folder=sanitise(self.folder),
                components=tuple(view for view in sorted(views, key=_identity) if view.generation > since),
                removed=tuple(name for name, at in self._removed.items() if at > since),
                watch=self.watch,
                fuel_per_second=sum(view.meters.fuel_per_second for view in views),
                memory=sum(view.meters.memory or 0 for view in views),
                memory_limit=sum(view.meters.memory_limit for view in views if view.meters.memory is not None),
                cpu=sum(view.meters.cpu or 0.0 for view in views),
                workers=2,
                busy=1,
                last_event=self._seq,
                problems=self.problems,
            )

    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        """Return at most ``limit`` of the newest events with a sequence number above ``after``, oldest first."""
        with self._lock:
            newer = [event for event in self._events if event.seq > after]
            shown = tuple(newer[-limit:])
            missed = (shown[0].seq - after - 1) if shown else 0
            return EventPage(events=shown, missed=max(0, missed))

    def submit(self, command: Command, *, who: str = "operator") -> Future[Done]:
        """Carry out a command."""

        def work() -> Done:
            with self._lock:
                self.commands.append(command)
                return self._carry_out(command, who)

        return self._answer(work)

    def describe(self, component: str) -> Future[ComponentDetail]:
        """Return everything about one component."""
        return self._answer(lambda: self._get(component).describe(self._recent(component)))

    def versions(self, component: str) -> Future[tuple[RevisionView, ...]]:
        """Return a component's timeline, newest first."""
        return self._answer(lambda: self._get(component).newest_first())

    def diff(self, component: str, revision: int) -> Future[RevisionDiff]:
        """Compare a revision with the active one."""
        return self._answer(lambda: self._get(component).diff(revision))

    def preview_rollback(self, component: str, to: int | None = None) -> Future[RollbackPreview]:
        """Return what a rollback would do, without doing it."""
        return self._answer(lambda: self._get(component).preview(to))

    def call(self, component: str, export: str, arguments: str = "[]") -> Future[CallReport]:
        """Call an export; the played component answers with its arguments."""
        return self._answer(lambda: self._call(component, export, arguments))

    def close(self) -> None:
        """Let go of the runtime."""
        self.closed = True
        self.phase = Phase.STOPPED

    def _next(self) -> int:
        self._generation += 1
        return self._generation

    def _get(self, component: str) -> FakeComponent:
        found = self._components.get(component)
        if found is None:
            known = ", ".join(sorted(self._components)[:10]) or "none"
            raise UnknownComponent(
                f"there is no component {one_line(component)!r}", remedy=f"there are: {known}", component=component
            )
        return found

    def _recent(self, component: str) -> tuple[Event, ...]:
        return tuple(event for event in self._events if event.component == component)[-20:]

    def _answer(self, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        if self.patience:
            self._pending.append((future, work))
        else:
            _finish(future, work)
        return future

    def _sample(self) -> None:
        now = self.clock()
        elapsed = int(now - self._sampled)
        if elapsed < 1:
            return
        self._sampled += elapsed
        generation = self._next()
        for component in self._components.values():
            if component.view.state is State.RUNNING:
                component.view = fake_meters.sampled(component.view, component.load, now, elapsed)
                component.touch(generation)

    def _say(self, component: FakeComponent, text: str, action: str, kind: EventKind = EventKind.LEDGER) -> Done:
        level = Level.ERROR if action == "refused" else Level.INFO
        component.touch(self._next())
        self.emit(text, component=component.id, kind=kind, level=level, action=action)
        return Done(text=sanitise(f"{component.id}: {text}"), revision=component.view.revision)

    def _carry_out(self, command: Command, who: str) -> Done:
        component = self._get(command.component)
        now = self.clock()
        match command:
            case Start():
                return self._say(component, *component.start(now), EventKind.LIFECYCLE)
            case Stop():
                return self._say(component, *component.stop(now), EventKind.LIFECYCLE)
            case Restart():
                return self._say(component, *component.restart(now), EventKind.LIFECYCLE)
            case Unload():
                return self._say(component, *component.unload(now), EventKind.LIFECYCLE)
            case Reload():
                return self._say(component, *component.reload(now, force=command.force))
            case Rollback():
                return self._say(component, *component.roll_back(command, now, who))

    def _call(self, component: str, export: str, arguments: str) -> CallReport:
        found = self._get(component)
        if found.view.state is not State.RUNNING:
            raise NotServing(
                f"{component} is {found.view.state} and takes no calls",
                remedy=f"start {component} first",
                component=component,
            )
        path = found.find_export(export)
        if path is None:
            raise ExportNotFound(f"{component} has no export {one_line(export)!r}", component=component)
        values = msgspec.json.decode(arguments)
        return CallReport(
            export=path,
            result=msgspec.json.encode(values[0] if values else None).decode(),
            fuel=found.load.fuel_per_call,
            seconds=0.000_02,
            cpu_seconds=0.000_02,
            memory_peak=found.view.meters.memory,
            revision=found.view.revision,
        )


def _identity(view: ComponentView) -> str:
    return view.id


def _finish(future: Future[Any], work: Callable[[], Any]) -> None:
    try:
        future.set_result(work())
    except AirssysError as error:
        future.set_exception(error)
