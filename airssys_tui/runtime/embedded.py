"""A runtime in this process: the control loop in its own thread, and the api over it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from airssys_tui.api.commands import Command
from airssys_tui.api.views.calling import Check, CheckOutcome, InterfaceView, OpenHandle
from airssys_tui.api.views.components import ComponentDetail
from airssys_tui.api.views.disk import Collected, DiskUse
from airssys_tui.api.views.metering import MeterDetail
from airssys_tui.api.views.past import HistoryQuery, StateFile, StateView
from airssys_tui.api.views.revisions import RevisionDiff, RevisionView, RollbackPreview
from airssys_tui.api.views.runtime import CallReport, Done, EventPage, Snapshot
from airssys_tui.core.errors import CapacityError, UsageError
from airssys_tui.core.events import Event, EventAction, Level
from airssys_tui.core.lifecycle import STOP_EACH
from airssys_tui.core.text import escaped
from airssys_tui.runtime.actors.reply import Reply
from airssys_tui.runtime.components.evidence import has_evidence
from airssys_tui.runtime.history.past_events import history
from airssys_tui.runtime.history.timeline import compare, timeline
from airssys_tui.runtime.machinery import heap
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from airssys_tui.runtime.message_answers import MessageAnswers
from airssys_tui.runtime.metering.revision_costs import revision_costs
from airssys_tui.runtime.probe import Probe
from airssys_tui.runtime.recording_answers import RecordingAnswers
from airssys_tui.runtime.request_answers import RequestAnswers
from airssys_tui.runtime.rights_answers import RightsAnswers
from airssys_tui.runtime.story_answers import StoryAnswers
from airssys_tui.runtime.system import System
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.paths import as_given, default_state_dir

T = TypeVar("T")


class EmbeddedRuntime(RightsAnswers, RequestAnswers, RecordingAnswers, MessageAnswers, StoryAnswers):
    """The runtime of one folder, in this process. Implements ``api.RuntimeApi``; open it with :meth:`open`."""

    def __init__(self, floor: Floor, folder: str) -> None:
        self._floor = floor
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._ready: Future[System] = Future()
        self._closing = threading.Lock()
        self._asked: set[asyncio.Task[Any]] = set()
        self._closed = False
        self._leaving: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._thread.start()
        self._system = self._ready.result()

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        state_dir: Path | None = None,
        adopt: bool = False,
        settings: RuntimeSettings | None = None,
    ) -> EmbeddedRuntime:
        """Lock the state directory, start the control loop, and begin to resume and scan.

        Args:
            folder: The folder of components.
            state_dir: The state directory; derived from the folder's real path if not given.
            adopt: Take over a state directory that belonged to another folder.
            settings: The settings; defaults if not given.

        Raises:
            UsageError: If there is no such folder, or its path is not UTF-8 text.
            StoreError: If the state directory cannot be opened; see its subclasses.
        """
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a folder", remedy="name a folder with components, or create it")
        given = _recordable(as_given(folder))
        settings = settings or RuntimeSettings()
        where = state_dir or default_state_dir(folder)
        state = StateDirectory.open(where, folder=given, adopt=adopt, max_code=settings.code_cache)
        try:
            floor = Floor(given, state, settings)
        except BaseException:
            state.close()
            raise
        return cls(floor, str(folder))

    @property
    def probe(self) -> Probe:
        """The internals of this runtime, for tests and benchmarks."""
        return Probe(self._floor, self._system, self._loop)

    @property
    def state_dir(self) -> Path:
        """The state directory."""
        return self._floor.state.path

    def wait_settled(self, timeout: float | None = None) -> bool:
        """Wait until recorded components were resumed and the first scan is done; return whether that is so."""
        waiting = asyncio.run_coroutine_threadsafe(self._system.settled.wait(), self._loop)
        try:
            return waiting.result(timeout)
        except TimeoutError:
            waiting.cancel()
            return False

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call a function for each event, on the thread that emits it; return a function that stops it."""
        return self._floor.journal.listen(listener)

    def announce(self, text: str) -> None:
        """Record a problem around the runtime, such as with a client."""
        self._floor.journal.system(text, EventAction.CONTROL, Level.WARNING)

    def crowding(self) -> CapacityError | None:
        """Return why this process has no room for another client, or None if it has."""
        return self._floor.descriptors.crowding("another client")

    def at_close(self, leave: Callable[[], None]) -> None:
        """Call a function when the runtime begins to close, before anything is stopped."""
        self._leaving.append(leave)

    def snapshot(self, since: int = 0) -> Snapshot:
        """Return the present snapshot; with ``since``, only rows that changed after that generation."""
        return self._system.observer.snapshot(since)

    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        """Return the newest events after a sequence number, oldest first; at most ``limit``."""
        return self._floor.journal.page(after, limit)

    def submit(self, command: Command, *, who: str = "operator", batch: str = "") -> Future[Done]:
        """Carry out a command."""
        return self._on_loop(lambda: self._system.dispatcher.carry_out(command, who, batch))

    def describe(self, component: str) -> Future[ComponentDetail]:
        """Return the details of a component."""
        return self._on_loop(lambda: self._system.details.of(component))

    def versions(self, component: str) -> Future[tuple[RevisionView, ...]]:
        """Return a component's timeline, newest first."""

        async def ask() -> tuple[RevisionView, ...]:
            found = self._system.router.find(component)
            costs = revision_costs(found.actor.counters, found.actor.costs)
            return await self._floor.disk(timeline, self._floor.state.catalog, found.name, costs, has_evidence(found))

        return self._on_loop(ask)

    def diff(self, component: str, revision: int, against: int | None = None) -> Future[RevisionDiff]:
        """Compare a revision with another one, or with the active one."""

        async def ask() -> RevisionDiff:
            found = self._system.router.find(component)
            missing = partial(self._system.guards.ungranted, found.name)
            catalog = self._floor.state.catalog
            return await self._floor.disk(compare, catalog, found.name, revision, against, missing=missing)

        return self._on_loop(ask)

    def preview_rollback(
        self, component: str, to: int | None = None, *, force: bool = False
    ) -> Future[RollbackPreview]:
        """Return what a rollback would do, without doing it; ``force`` as in the command."""

        async def ask() -> RollbackPreview:
            return await self._system.rollbacks.preview(self._system.router.find(component), to, force=force)

        return self._on_loop(ask)

    def meters(self, component: str) -> Future[MeterDetail]:
        """Return one component's meters over time."""

        async def ask() -> MeterDetail:
            found = self._system.router.find(component)
            numbers = tuple(revision_costs(found.actor.counters, found.actor.costs))
            versions = await self._floor.disk(self._floor.state.catalog.versions, found.name, numbers)
            return self._system.observer.meters(found, versions)

        return self._on_loop(ask)

    def history(self, query: HistoryQuery) -> Future[EventPage]:
        """Return past events, oldest first, including those of earlier runtimes."""

        async def ask() -> EventPage:
            return await self._floor.disk(history, self._floor.state.catalog, query, self._floor.journal.known())

        return self._on_loop(ask)

    def states(self, component: str) -> Future[tuple[StateView, ...]]:
        """Return the snapshots of a component's state, newest first."""

        async def ask() -> tuple[StateView, ...]:
            return await self._system.states.views(self._system.router.find(component))

        return self._on_loop(ask)

    def export_state(self, component: str, snapshot: int) -> Future[StateFile]:
        """Return a snapshot with its bytes."""

        async def ask() -> StateFile:
            return await self._system.states.export(self._system.router.find(component), snapshot)

        return self._on_loop(ask)

    def disk(self) -> Future[DiskUse]:
        """Return what the state uses on disk."""
        return self._on_loop(self._system.disk.use)

    def collect(self, *, dry: bool = False) -> Future[Collected]:
        """Remove what no retention rule keeps; with ``dry``, only report it."""
        return self._on_loop(lambda: self._system.retention.collect(dry=dry))

    def call(self, component: str, export: str, arguments: str = "[]", *, force: bool = False) -> Future[CallReport]:
        """Call an export of a running component with a JSON array of arguments."""
        return self._on_loop(lambda: self._system.desk.call(component, export, arguments, force=force))

    def interface(self, component: str) -> Future[InterfaceView]:
        """Return a component's imports and exports with their types and documentation."""
        return self._on_loop(lambda: self._system.desk.interface(component))

    def open_handles(self, component: str) -> Future[tuple[OpenHandle, ...]]:
        """Return the open handles: resources that calls returned and that are kept for later calls."""

        async def ask() -> tuple[OpenHandle, ...]:
            return self._system.desk.open_handles(component)

        return self._on_loop(ask)

    def close_handle(self, component: str, resource: int) -> Future[Done]:
        """Close an open handle."""
        return self._on_loop(lambda: self._system.desk.close_handle(component, resource))

    def checks(self, component: str) -> Future[tuple[Check, ...]]:
        """Return the saved checks, in the order of their replay."""
        return self._on_loop(lambda: self._system.desk.checks(component))

    def save_check(self, component: str, name: str, export: str, arguments: str) -> Future[Check]:
        """Save a call as a check, with the result of a fresh instance."""
        return self._on_loop(lambda: self._system.desk.save_check(component, name, export, arguments))

    def drop_check(self, component: str, name: str) -> Future[Done]:
        """Delete a check."""
        return self._on_loop(lambda: self._system.desk.drop_check(component, name))

    def verify(self, component: str) -> Future[tuple[CheckOutcome, ...]]:
        """Replay a component's checks in a fresh instance of its active revision."""
        return self._on_loop(lambda: self._system.desk.verify(component))

    def invoke(self, component: str, export: str, *args: Any) -> Reply[Any]:
        """Call an export by its full path with Python values; the short way for programs in this process.

        Raises:
            NotServing: If the component does not accept calls.
        """
        found = self._system.router.find(component)
        return found.actor.post(lambda serving: serving.call(export, *args).value)

    def request(self, component: str, export: str, *args: Any, timeout: float | None = None) -> Any:
        """Call an export like :meth:`invoke` and return its result; while the component is idle, on this thread.

        On the main thread, and where the stack is less than 8 MiB, a worker always runs it.

        Args:
            component: The component's name.
            export: Full path of the export.
            args: Python values.
            timeout: Seconds to wait; for ever if not given.

        Raises:
            UsageError: If this thread runs an event loop, which must not wait: ``await invoke(...)`` there.
            TimeoutError: If there is no result by then; the call goes on.
            AirssysError: If the component does not take calls, an argument does not fit, or it traps.
        """
        _require_no_loop()
        found = self._system.router.find(component)
        return found.actor.request(lambda serving: serving.call(export, *args).value, timeout)

    def close(self) -> None:
        """Stop everything in bounded time; states are saved. Closing twice does nothing.

        The time is the setting ``shutdown``, and :data:`~airssys_tui.core.lifecycle.STOP_EACH` for each component.
        """
        with self._closing, heap.at_rest():
            if self._closed:
                return
            for leave in self._leaving:
                leave()
            self._closed = True
            # Guests get most of the time; cancelled calls and the threads end within the rest.
            limit = self._floor.settings.shutdown + STOP_EACH * len(self._system.router)
            stopping = asyncio.run_coroutine_threadsafe(self._leave(0.8 * limit), self._loop)
            try:
                stopping.result(limit + 0.5)
            except TimeoutError:
                stopping.cancel()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(0.25)
            self._floor.close(0.25)
            self._floor.state.close()

    def _on_loop(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        if self._closed:
            raise UsageError("the runtime is closed")
        return asyncio.run_coroutine_threadsafe(self._followed(ask()), self._loop)

    async def _followed(self, asked: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(asked)
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        return await task

    async def _leave(self, patience: float) -> None:
        for task in tuple(self._asked):
            task.cancel()  # it holds the lock of its component; its caller gets the cancellation
        await self._system.stop(patience)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def begin() -> None:
            try:
                self._ready.set_result(System(self._floor, self._folder))
            except BaseException as error:  # noqa: BLE001 - the opener waits for it on another thread
                self._ready.set_exception(error)
                return
            system = self._ready.result()
            with heap.growing():
                await system.start()
                if len(system.router) >= heap.MANY:
                    heap.keep()

        task = self._loop.create_task(begin())
        try:
            self._loop.run_forever()
        finally:
            left = asyncio.all_tasks(self._loop) | {task}
            for unfinished in left:
                unfinished.cancel()
            self._loop.run_until_complete(asyncio.wait(left, timeout=1.0))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()


def _recordable(folder: Path) -> Path:
    """Return a folder whose path can be recorded: the note of the owner and the catalog hold text.

    Raises:
        UsageError: Its path is not UTF-8.
    """
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        shown = escaped(str(folder))
        raise UsageError(f"the path {shown} is not UTF-8 text", remedy="rename the folder") from error
    return folder


def _require_no_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError("this thread runs an event loop, which must not wait", remedy="`await runtime.invoke(...)` there")
