"""A simulated runtime for screen tests, pictures and the demonstration.

It keeps the promises of the protocol (generations, futures, errors, lifecycle table, rollback rules) with components in
memory and a clock from the caller, so tests and pictures are reproducible. The contract suite of the real runtimes
runs on this one as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from airssys_tui.api.commands import (
    Command,
)
from airssys_tui.api.grant_matrix import grants_view
from airssys_tui.api.permission_story import permission_sentences
from airssys_tui.api.played import custom_series, disk, http, meters, story
from airssys_tui.api.played.commands import PlayedCommands
from airssys_tui.api.played.comparison import compare, preview
from airssys_tui.api.played.component import PlayedComponent
from airssys_tui.api.played.desk import PlayedCalls, PlayedDesk
from airssys_tui.api.played.events import PlayedEvents
from airssys_tui.api.played.messages import PlayedMessages
from airssys_tui.api.played.revisions import Release
from airssys_tui.api.played.rights import PlayedPermissions, PlayedRights
from airssys_tui.api.played.states import PlayedStates, exported
from airssys_tui.api.played.undo import PlayedUndo
from airssys_tui.api.views.components import ComponentDetail, ComponentView, Note, NoteKind
from airssys_tui.api.views.disk import Collected, DiskUse
from airssys_tui.api.views.http import MOST_REQUESTS, HttpView
from airssys_tui.api.views.impact import Impact
from airssys_tui.api.views.metering import MeterDetail
from airssys_tui.api.views.past import HistoryQuery, StateFile, StateView, Story
from airssys_tui.api.views.revisions import RevisionDiff, RevisionView, RollbackPreview
from airssys_tui.api.views.runtime import Done, EventPage, GroupView, Phase, Snapshot, WatchView
from airssys_tui.api.views.tracing import TraceView
from airssys_tui.core.errors import AirssysError, UnknownComponent, UsageError
from airssys_tui.core.events import Event, EventAction, EventKind, Level
from airssys_tui.core.lifecycle import State
from airssys_tui.core.text import GuestText, one_line, sanitise
from airssys_tui.core.units import GIB

FREE: Final = 12 * GIB
NATIVE: Final = WatchView()


@dataclass
class PlayedRuntime(PlayedCalls, PlayedCommands, PlayedPermissions, PlayedMessages):
    """An implementation of :class:`~airssys_tui.api.protocol.RuntimeApi` in memory.

    Attributes:
        clock: Returns Unix time in seconds; the meters follow it.
        folder: The watched folder that is shown.
        phase: State of the runtime.
        watch: How file changes are detected.
        problems: Sources that are not components.
        groups: The groups of supervision.
        patience: While set, answers are delayed until :meth:`settle`, to test a screen that waits.
        closed: Whether :meth:`close` was called.
        disk_full: Why new deployments are refused; empty if they are accepted.
        happened: Events since the runtime started.
        past: Events of earlier runs, oldest first.
        commands: Every command that was submitted, oldest first.
        states_kept: All saved states.
    """

    clock: Callable[[], float]
    folder: str = "components/"
    phase: Phase = Phase.RUNNING
    watch: WatchView = NATIVE
    problems: tuple[GuestText, ...] = ()
    groups: tuple[GroupView, ...] = ()
    patience: bool = False
    closed: bool = False
    disk_full: str = ""
    happened: PlayedEvents = field(default_factory=PlayedEvents)
    past: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    states_kept: PlayedStates = field(default_factory=PlayedStates)
    _components: dict[str, PlayedComponent] = field(default_factory=dict)
    _removed: dict[str, int] = field(default_factory=dict)
    _undo: PlayedUndo = field(default_factory=PlayedUndo)
    _generation: int = 1
    _sampled: float = 0.0
    _pending: list[tuple[Future[Any], Callable[[], Any]]] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Start sampling at the current time."""
        self.desk = PlayedDesk(self.clock)
        self.rights = PlayedRights(self.clock)
        self._sampled = self.clock()

    @property
    def components(self) -> tuple[PlayedComponent, ...]:
        """The components, so that another runtime can reuse them."""
        with self._lock:
            return tuple(self._components.values())

    @property
    def waiting(self) -> int:
        """Number of requests delayed by :attr:`patience`."""
        return len(self._pending)

    def add(self, components: Iterable[PlayedComponent]) -> PlayedRuntime:
        """Add components; return the runtime."""
        with self._lock:
            for component in components:
                component.touch(self._next())
                self._components[component.id] = component
        return self

    def remove(self, component: str) -> None:
        """Remove a component, as if it had been purged elsewhere."""
        with self._lock:
            del self._components[component]
            self._removed[component] = self._next()

    def edit(self, component: str, **changes: Any) -> None:
        """Change fields of a component's view."""
        with self._lock:
            found = self._get(component)
            found.view = msgspec.structs.replace(found.view, **changes)
            found.touch(self._next())

    def get(self, component: str) -> PlayedComponent:
        """Return a component so that a test can change it.

        Raises:
            UnknownComponent: If no component has that name.
        """
        return self._get(component)

    def emit(
        self,
        text: str,
        *,
        component: str | None = None,
        kind: EventKind = EventKind.DECISION,
        level: Level = Level.INFO,
        action: EventAction = EventAction.NONE,
        ago: float = 0.0,
    ) -> Event:
        """Record an event, ``ago`` seconds before now."""
        with self._lock:
            event = Event(
                seq=0,
                at=self.clock() - ago,
                kind=kind,
                level=level,
                component=component,
                revision=self._components[component].view.revision if component in self._components else None,
                text=text if kind is EventKind.LOG else sanitise(text),
                action=action,
            )
            self._next()
            return self.happened.add(event)

    def deploy(self, component: str, release: Release) -> None:
        """Put a release on disk, as if its file had been replaced and the watcher had noticed."""
        with self._lock:
            found = self._get(component)
            found.on_disk = release
            if release.digest in found.held_digests:
                self._say(found, f"ignored: {release.label} is held after a rollback", EventAction.IGNORED)
                return
            if self.disk_full:
                found.change(note=Note(NoteKind.REFUSED, sanitise(f"reload failed: {self.disk_full}")))
                self._say(found, f"refused {release.label} at store: {self.disk_full}", EventAction.REFUSED)
                return
            self.states_kept.save(found.view, "update", self.clock())
            self._say(found, *found.deploy(release, self.clock(), force=False))

    def settle(self) -> None:
        """Deliver the answers delayed by :attr:`patience`."""
        pending, self._pending = self._pending, []
        for future, work in pending:
            _finish(future, work)

    def snapshot(self, since: int = 0) -> Snapshot:
        """Return the snapshot; with ``since``, only rows that changed after that generation."""
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
                descriptors=23,
                descriptor_limit=1_024,
                last_event=self.happened.last,
                problems=self.problems,
                groups=self.groups,
                undo=self._undo.label,
                undo_loses=self._undo.loses,
                disk_full=sanitise(self.disk_full),
            )

    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        """Return at most ``limit`` of the newest events with a sequence number above ``after``, oldest first."""
        with self._lock:
            return self.happened.page(after, limit)

    def submit(self, command: Command, *, who: str = "operator", batch: str = "") -> Future[Done]:
        """Carry out a command."""

        def work() -> Done:
            with self._lock:
                self.commands.append(command)
                return self.carry_out(command, who, batch)

        return self.answer(work)

    def describe(self, component: str) -> Future[ComponentDetail]:
        """Return everything about one component."""
        return self.answer(lambda: self._get(component).describe(self.happened.recent(component)))

    def versions(self, component: str) -> Future[tuple[RevisionView, ...]]:
        """Return a component's timeline, newest first."""
        return self.answer(lambda: self._get(component).newest_first())

    def diff(self, component: str, revision: int, against: int | None = None) -> Future[RevisionDiff]:
        """Compare a revision with another one, or with the active one."""
        return self.answer(lambda: compare(self._get(component), revision, against))

    def preview_rollback(
        self, component: str, to: int | None = None, *, force: bool = False
    ) -> Future[RollbackPreview]:
        """Return what a rollback would do, without doing it; ``force`` as in the command."""
        return self.answer(lambda: preview(self._get(component), to, force=force))

    def traces(self, component: str, trace: str = "") -> Future[tuple[TraceView, ...]]:
        """Return the traces of a component, newest first, or the one of an id."""

        def work() -> tuple[TraceView, ...]:
            if not component:
                if not trace:
                    raise UsageError("name a component, or the id of a trace")
                return ()
            found = custom_series.traces(self._get(component).view, self.clock())
            request = http.trace_of_request(self._views(), self.clock(), trace) if trace else None
            return (request,) if request is not None else tuple(each for each in found if trace in {"", each.id})

        return self.answer(work)

    def http(self, component: str = "", requests: int = 100) -> Future[HttpView]:
        """Return where requests come in, the routes with their meters, and the last requests."""

        def work() -> HttpView:
            if not 0 <= requests <= MOST_REQUESTS:
                raise UsageError(f"{requests} requests; from 0 to {MOST_REQUESTS} are answered")
            name = self._get(component).id if component else ""
            return http.http(self._views(), self.clock(), name, requests)

        return self.answer(work)

    def _views(self) -> list[ComponentView]:
        return [component.view for component in self._components.values()]

    def states(self, component: str) -> Future[tuple[StateView, ...]]:
        """Return the saved states of a component, newest first."""
        return self.answer(lambda: self.states_kept.of(self._get(component).id))

    def export_state(self, component: str, snapshot: int) -> Future[StateFile]:
        """Return a saved state with its bytes."""
        return self.answer(lambda: exported(self.states_kept.get(self._get(component).id, snapshot)))

    def explain(self, component: str) -> Future[Story]:
        """Explain a component's last change."""

        def tell() -> Story:
            found, now = self._get(component), self.clock()
            told = story.told(found, now)
            more = permission_sentences(grants_view(self.rights.known(found)), now)
            return Story(told.component, told.sentences + more)

        return self.answer(tell)

    def impact(self, component: str) -> Future[Impact]:
        """Return what stopping a component would do."""
        return self.answer(lambda: story.impact(self._get(component), self._components.values()))

    def history(self, query: HistoryQuery) -> Future[EventPage]:
        """Return past events, oldest first, including those of earlier runs."""
        return self.answer(lambda: EventPage(self.happened.asked_for(query, self.past)))

    def disk(self) -> Future[DiskUse]:
        """Return the disk usage."""
        return self.answer(lambda: disk.use(self._components.values(), self.states_kept, self.clock(), self._free()))

    def collect(self, *, dry: bool = False) -> Future[Collected]:
        """Delete what no retention rule keeps; with ``dry``, only report it."""
        return self.answer(lambda: self._collect(dry=dry))

    def meters(self, component: str) -> Future[MeterDetail]:
        """Return one component's meters over time."""

        def work() -> MeterDetail:
            with self._lock:
                found = self._get(component)
                return meters.detail(found.view, found.load, found.timeline, self.clock())

        return self.answer(work)

    def close(self) -> None:
        """Close the runtime."""
        self.closed = True
        self.phase = Phase.STOPPED

    def _next(self) -> int:
        self._generation += 1
        return self._generation

    def _find(self, component: str) -> PlayedComponent | None:
        return self._components.get(component)

    def _get(self, component: str) -> PlayedComponent:
        found = self._components.get(component)
        if found is None:
            known = ", ".join(sorted(self._components)[:10]) or "none"
            raise UnknownComponent(
                f"there is no component {one_line(component)!r}", remedy=f"there are: {known}", component=component
            )
        return found

    def answer(self, work: Callable[[], Any]) -> Future[Any]:
        """Return a future that ends with the result or the error of ``work``: now, or at :meth:`settle`."""
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
                component.view = meters.sampled(component.view, component.load, now, elapsed)
                component.touch(generation)

    def _say(
        self, component: PlayedComponent, text: str, action: EventAction, kind: EventKind = EventKind.DECISION
    ) -> Done:
        level = Level.ERROR if action is EventAction.REFUSED else Level.INFO
        component.touch(self._next())
        self.emit(text, component=component.id, kind=kind, level=level, action=action)
        return Done(text=sanitise(f"{component.id}: {text}"), revision=component.view.revision)

    def _free(self) -> int:
        return 0 if self.disk_full else FREE

    def _collect(self, *, dry: bool) -> Collected:
        with self._lock:
            collected = disk.collected(self._components.values(), self.states_kept, self.clock(), dry=dry)
            if not dry:
                self.disk_full = ""
                self.emit(
                    f"collected {collected.revisions} revisions, {collected.states} states",
                    action=EventAction.COLLECTED,
                )
            return collected


def _identity(view: ComponentView) -> str:
    return view.id


def _finish(future: Future[Any], work: Callable[[], Any]) -> None:
    try:
        future.set_result(work())
    except AirssysError as error:
        future.set_exception(error)
