"""What host functions know about the component that calls them: its configuration, its log, its storage, its timers."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol

from airssys_tui.core.events import EventAction, EventKind, Level, Speaker
from airssys_tui.core.identity import ComponentId
from airssys_tui.core.keyvalue import KeyValues, WriteTerms
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.traps import PRINTED, PRINTED_LINE
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.doors.programs.program_door import ProgramDoor, ProgramSource
from airssys_tui.host.services.custom_metrics import Measures
from airssys_tui.host.services.messenger import LoneMessenger, Messenger
from airssys_tui.host.services.output_lines import Output, OutputBuffer
from airssys_tui.host.services.spans import Tracer, Traces
from airssys_tui.host.services.timer_table import Alarms
from airssys_tui.host.wasi_context import WasiContext
from airssys_tui.runtime.guard.component_guard import ComponentGuard
from airssys_tui.runtime.guard.standalone_guard import standalone_guard
from airssys_tui.runtime.machinery.component_services import Services
from airssys_tui.runtime.machinery.guest_threads import Workers
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.store.keyvalues.overlay import RETIRED, Overlay

if TYPE_CHECKING:
    from airssys_tui.engine.host import HostContext
    from airssys_tui.host.recording.call_recorder import Recorder

LINES_PER_SECOND: Final = 1_000


class LinkedImport(Protocol):
    """A link, as the instance sees it that imports over it: see ``link_edge``."""

    def call(self, context: HostContext, port: Any, arguments: tuple[Any, ...]) -> Any:
        """Call a function of the component that provides the import."""
        ...


NO_EDGES: Final[Mapping[str, LinkedImport]] = {}

_LOG, _LOGGED = EventKind.LOG, EventAction.LOG  # looking up a member of an enum takes a while, and guests log in loops


class ComponentTenant:
    """What host functions know about one instance and its component. Used on worker threads.

    An instance starts as a candidate: its changes stay with it until :meth:`take_over`.

    Args:
        component: The component's name.
        manifest: Its manifest.
        journal: Where its log lines go.
        workers: Notified when a host call blocks.
        services: The component's storage, measurements, traces and timers; None for an instance that never serves.
        guard: Decides what it may do; without one the default policy does.
        handles_timers: Whether it exports ``timer-handler``; the others for ``message-handler`` and
            ``callback-handler``.
        revision: Its revision; None if it has none.
        speaker: Marks the lines that it writes; a candidate's mark ends when it serves.
        recorder: Records its calls; None if they are not recorded.
        wasi: What it finds around it as a program of WASI; what its manifest says if not given.

    Attributes:
        heard: The last lines that it printed or logged since the call began.
        edges: The links of its imports, by the name of the imported interface; set before the instance is made.
    """

    edges: Mapping[str, LinkedImport] = NO_EDGES

    def __init__(
        self,
        component: str,
        manifest: Manifest,
        journal: Journal,
        workers: Workers,
        services: Services | None = None,
        *,
        guard: ComponentGuard | None = None,
        handles_timers: bool = False,
        handles_messages: bool = False,
        handles_callbacks: bool = False,
        revision: int | None = None,
        speaker: Speaker = Speaker.SERVING,
        recorder: Recorder | None = None,
        wasi: WasiContext | None = None,
    ) -> None:
        self.component = component
        self.recorder = recorder
        self.heard: list[str] = []  # a deque takes ten times the memory while it is empty
        self._revision = revision
        self._speaker = speaker
        self._manifest = manifest
        self._wasi = wasi
        self._config = tuple((entry.key, entry.value) for entry in manifest.config)
        self._journal = journal
        self._workers = workers
        self._services = services
        self._lock, self._hearing = threading.Lock(), threading.Lock()
        self._next_second = self._lines = self._dropped = 0
        self.guard = guard or standalone_guard(manifest)
        self.storage_terms = WriteTerms(manifest.limits.storage, manifest.durability)
        self._overlay: Overlay | None = Overlay(services.namespace if services is not None else None)
        self.storage: KeyValues = self._overlay
        self.measures = Measures()
        self.tracer = Tracer(Traces())
        self.alarms = Alarms()
        self.handles_timers = handles_timers
        self.handles_messages, self.handles_callbacks = handles_messages, handles_callbacks
        self.neighbours = services.neighbours if services is not None else {}

    @cached_property
    def filesystem(self) -> Filesystem:
        """Its doors to the files of the machine."""
        return Filesystem(self.guard)

    @cached_property
    def programs(self) -> ProgramDoor:
        """Its door to programs of the machine."""
        return ProgramDoor(self.guard, self._program_source, self.waiting)

    @cached_property
    def _program_source(self) -> ProgramSource:
        return ProgramSource() if self._services is None else self._services.programs

    @cached_property
    def network(self) -> NetworkDoor:
        """Its door to the network."""
        return NetworkDoor(self.guard, self.component, self.waiting)

    @property
    def identity(self) -> ComponentId:
        """The component's namespace and name."""
        return self._manifest.id

    @cached_property
    def messenger(self) -> Messenger:
        """What it sends messages with."""
        made = self._services.messengers if self._services is not None else None
        if made is not None:
            return made(self)
        identity = self._manifest.id
        return LoneMessenger({"namespace": identity.namespace, "name": identity.name})

    @property
    def is_candidate(self) -> bool:
        """Whether it does not serve yet."""
        return self._overlay is not None

    def first_work(self) -> Callable[[object], None] | None:
        """Return what is to be done before its first call as the one that serves; None for nothing."""
        messenger: Messenger | None = self.__dict__.get("messenger")
        held = messenger.held if messenger is not None else None
        backlog = self._services.backlog() if self._services is not None else None
        if held is None or backlog is None:
            return held or backlog

        def both(serving: object) -> None:
            backlog(serving)
            held(serving)

        return both

    @property
    def wasi(self) -> WasiContext:
        """What it finds around it as a program of WASI; made when it is first asked for, by whichever thread."""
        made = self._wasi
        if made is None:
            fresh = _wasi_context(self._manifest)
            with self._lock:
                made = self._wasi
                if made is None:
                    made = self._wasi = fresh
        return made

    @property
    def config(self) -> tuple[tuple[str, str], ...]:
        """The manifest's ``[config]`` table as keys and JSON texts."""
        return self._config

    def log(self, level: Level, message: str, fields: Sequence[tuple[str, str]]) -> None:
        """Log one line. Lines above :data:`LINES_PER_SECOND` are dropped, and their number is logged."""
        if fields:
            message = f"{message} {' '.join([f'{key}={value}' for key, value in fields])}"
        self._say(level, message, _LOGGED)

    def hear(self, *, final: bool = False) -> None:
        """Log what the guest wrote to stdout and stderr since the last time, within the same bound. From any thread.

        Args:
            final: Log unfinished lines as well: it writes no more.
        """
        with self._hearing:
            output = self.wasi.output.drain(final=final)
            if output.lines or output.dropped:
                self._log_output(output)

    def _log_output(self, output: Output) -> None:
        for line in output.lines:
            self._say(Level.INFO, line.text, EventAction(line.stream))
        if output.dropped:
            text = f"{output.dropped} bytes of output were dropped: more at once than is kept"
            self._write(Level.WARNING, text, action=EventAction.DROPPED)

    @property
    def pending(self) -> bool:
        """Whether :meth:`take_over` has storage changes to write, which blocks on the disk."""
        return self._overlay is not None and bool(self._overlay.changes)

    def stage(self, revision: int) -> None:
        """Write a candidate's changes to disk, without effect until they are committed. Blocks on the disk.

        Raises:
            StorageRefusal: If they exceed the quota.
            StoreError: If they cannot be written.
        """
        if self._services is not None and self._overlay is not None:
            self._services.namespace.stage(revision, self._overlay.changes, self.storage_terms.quota)

    def unstage(self, revision: int) -> None:
        """Discard the staged changes."""
        if self._services is not None:
            self._services.namespace.drop_staged(revision)

    def take_over(self, staged: int | None = None) -> None:
        """Let the changes of a candidate take effect: it serves from now on. Blocks on the disk if there are any.

        Args:
            staged: The revision they were staged for; None if they were not staged.

        Raises:
            StorageRefusal: If they were not staged and exceed the quota.
            StoreError: If they cannot be written. Staged ones are written before the storage is used again.
        """
        overlay, services = self._overlay, self._services
        if overlay is None or services is None:
            return
        if staged is not None:
            # From here on the namespace writes them before it does anything else.
            self._join(services)
            services.namespace.commit_staged(staged, self.storage_terms)
            return
        if overlay.changes:
            services.namespace.make(overlay.changes, self.storage_terms)
        self._join(services)

    def _join(self, services: Services) -> None:
        """Use the component's own storage, measurements, traces and timers from now on."""
        self.storage, self._overlay = services.namespace, None
        self._speaker = Speaker.SERVING
        self.guard.serve()
        services.measures.take_in(self.measures)
        services.traces.take_in(self.tracer.traces)
        services.alarms.take_in(self.alarms)
        self.measures, self.alarms = services.measures, services.alarms
        self.tracer = Tracer(services.traces)
        if self.recorder is not None:
            self.recorder.join()
        elif services.recordings is not None:
            services.recordings.clear()

    def step_down(self) -> None:
        """Detach from the component: another instance serves, and this one no longer has any effect."""
        self.programs.close()
        self.close()
        self.storage, self._overlay = RETIRED, None
        self.guard.retire()
        self._end_messages()
        self.measures, self.tracer, self.alarms = Measures(), Tracer(Traces()), Alarms()

    def close(self) -> None:
        """End what the instance has open in the world: the instance is gone or about to go. From any thread."""
        self._end_messages()
        network: NetworkDoor | None = self.__dict__.get("network")
        if network is not None:
            network.close()
        programs: ProgramDoor | None = self.__dict__.get("programs")
        if programs is not None:
            programs.close()
            if self._services is None:
                self._program_source.close()

    def _end_messages(self) -> None:
        messenger: Messenger | None = self.__dict__.get("messenger")
        if messenger is not None:
            messenger.retire()

    def trouble(self, text: str) -> None:
        """Log that the host could not serve a call."""
        if self._admit() is not None:
            self._write(Level.ERROR, text, action=EventAction.TROUBLE)

    def blocking(self) -> contextlib.AbstractContextManager[None]:
        """Announce that the worker is about to block in the host, briefly: for a disk or a lock."""
        return self._workers.blocking()

    def waiting(self) -> contextlib.AbstractContextManager[None]:
        """Announce that the worker is about to wait for as long as its call may take.

        Entering it raises :class:`~airssys_tui.core.errors.HostFault` if too many wait already.
        """
        return self._workers.waiting()

    def _write_dropped(self, lines: int) -> None:
        self._write(Level.WARNING, f"{lines} log lines were dropped: more than {LINES_PER_SECOND} in a second")

    def _say(self, level: Level, text: str, action: EventAction) -> None:
        """Log a line of the guest, unless it is one too many; it is heard all the same."""
        self.heard.append(text[:PRINTED_LINE])
        del self.heard[:-PRINTED]
        said = self._admit()
        if said is None:
            return
        if said:
            self._write_dropped(said)
        # As `_write` does, without its call: a guest may log in a loop.
        self._journal.emit(
            _LOG,
            text,
            component=self.component,
            revision=self._revision,
            level=level,
            action=action,
            speaker=self._speaker,
        )

    def _write(self, level: Level, text: str, *, action: EventAction = EventAction.LOG) -> None:
        self._journal.emit(
            EventKind.LOG,
            text,
            component=self.component,
            revision=self._revision,
            level=level,
            action=action,
            speaker=self._speaker,
        )

    def _admit(self) -> int | None:
        """Return how many lines were dropped before this one, or None if this one is dropped too."""
        now = time.monotonic()
        with self._lock:
            dropped = 0
            if now >= self._next_second:
                dropped, self._dropped = self._dropped, 0
                self._next_second, self._lines = int(now) + 1, 0
            self._lines += 1
            if self._lines > LINES_PER_SECOND:
                self._dropped += 1
                return None
        return dropped


def _wasi_context(manifest: Manifest) -> WasiContext:
    arguments = (manifest.package.name, *manifest.artifact.args)
    return WasiContext(OutputBuffer(), arguments, manifest.wasi.preopens)
