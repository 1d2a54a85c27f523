"""The system of one folder: everything on the control loop, assembled here, started and stopped in order.

Start: restore the recorded components; start those that are to run, dependencies first; scan the folder; watch it. From
then on three things change the system, each under the lock of the component concerned: settled changes of files, the
operator's commands, and supervision. Stop: nothing new begins; updates are cancelled; instances are drained, saved and
shut down; the journal is written last.

Background tasks run until the stop: sampling (meters, health checks, probation, timed saves) once a second, publishing
rows that changed, writing the journal, watching the disk, collecting what retention does not keep. A task that fails is
reported as an internal error, and the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Final

from airssys_tui.api.views.runtime import Phase, WatchView
from airssys_tui.core.capability.policy_file import FOLDER_FILE
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import ComponentId
from airssys_tui.core.text import one_line
from airssys_tui.core.traps import GuestTrap
from airssys_tui.runtime.actors.actor import Actor
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.calling.desk import Desk
from airssys_tui.runtime.calling.gate_comparison import GateComparison
from airssys_tui.runtime.commands.bookkeeping import Bookkeeping
from airssys_tui.runtime.commands.desired import DesiredStates
from airssys_tui.runtime.commands.dispatch import Dispatcher
from airssys_tui.runtime.commands.group_commands import GroupCommands
from airssys_tui.runtime.commands.permissions import PermissionCommands
from airssys_tui.runtime.commands.revisions import RevisionCommands
from airssys_tui.runtime.commands.running import RunningCommands
from airssys_tui.runtime.commands.states import States
from airssys_tui.runtime.commands.undo import UndoHistory
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.group_book import GroupBook
from airssys_tui.runtime.components.kept_states import KeptStates
from airssys_tui.runtime.components.needs import Needs
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.components.startup_recovery import remembered
from airssys_tui.runtime.components.timer_delivery import Timing
from airssys_tui.runtime.deploying.instances import Instances
from airssys_tui.runtime.deploying.pipeline import Deployer
from airssys_tui.runtime.deploying.reconciler import Reconciler
from airssys_tui.runtime.deploying.recorder import AttemptRecorder
from airssys_tui.runtime.deploying.rehearsal import Rehearsal
from airssys_tui.runtime.deploying.scan import Scan
from airssys_tui.runtime.deploying.spare_copies import SpareCopies
from airssys_tui.runtime.deploying.stop_start import StopStart
from airssys_tui.runtime.guard.grant_desk import grant_desk
from airssys_tui.runtime.housekeeping.collector import Collector
from airssys_tui.runtime.housekeeping.disk_full_watch import DiskRoom
from airssys_tui.runtime.housekeeping.event_writing import EventWriting
from airssys_tui.runtime.incoming.http_front import HttpFront
from airssys_tui.runtime.incoming.route_book import RouteBook
from airssys_tui.runtime.linking.folder_config import FolderConfig
from airssys_tui.runtime.linking.link_book import LinkBook
from airssys_tui.runtime.machinery.background_tasks import Background
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.messaging.opening import post_office, recall
from airssys_tui.runtime.observing.details import Details
from airssys_tui.runtime.observing.observer import Observer, UndoOffer
from airssys_tui.runtime.rollback.rollbacks import Rollbacks
from airssys_tui.runtime.rollback.state_choices import StateChoices
from airssys_tui.runtime.sources.settle import Settled
from airssys_tui.runtime.sources.watch import Watch
from airssys_tui.runtime.supervising.group_supervisor import GroupSupervisor
from airssys_tui.runtime.supervising.probation_watch import ProbationWatch
from airssys_tui.runtime.supervising.resuming import Resuming
from airssys_tui.runtime.supervising.rounds import Rounds
from airssys_tui.runtime.supervising.supervisor import Supervisor
from airssys_tui.runtime.supervising.trap_queue import TrapQueue

DISORDER: Final = (
    "the previous run did not shut down cleanly: components resume from their last saved state; what they held in "
    "memory since then is lost"
)
"""The warning after a kill or a power cut."""


class System:
    """Everything that lives on the control loop.

    Args:
        floor: The machinery.
        folder: The watched folder as it was given.
    """

    def __init__(self, floor: Floor, folder: str) -> None:
        self.floor = floor
        self.router = Router()
        self.guards = grant_desk(floor, self.router.source_in(floor.folder), self.router.calls_of)
        self.undo = UndoHistory(floor, self.router)
        self.observer = Observer(floor, self.router, folder, lambda: UndoOffer(self.undo.label, self.undo.loses))
        self.post = post_office(floor)
        self.desk = Desk(floor, self.router, self.guards)
        self.details = Details(floor, self.router, self.observer, self.desk.open_handles, self.post.counted)
        self.needs = Needs(self.router)
        self.routes = RouteBook()
        self.http = HttpFront(floor, self.routes)
        self.links = LinkBook(self.router, floor.linker, self._link_again)
        self.book = GroupBook(self.router)
        self.config = FolderConfig(floor, self.links, self.book)
        SpareCopies(floor, self.router)
        rehearsal, snapshots = Rehearsal(floor, self.guards, self.links, self.needs), KeptStates(floor)
        self.instances = Instances(floor, rehearsal, snapshots)
        self.snapshots, self.recorder = snapshots, AttemptRecorder(floor)
        switcher, compare = StopStart(floor, rehearsal, snapshots), GateComparison(floor, self.guards).of
        self.deployer = Deployer(floor, rehearsal, switcher, self.recorder, snapshots, compare=compare)
        self.reconciler = Reconciler(floor, self.router, self.deployer, self.instances, self._make)
        self.scan = Scan(floor, self.reconciler, self.needs, self.links)
        choices = StateChoices(floor, rehearsal, snapshots)
        self.rollbacks = Rollbacks(floor, self.deployer, snapshots, choices, self.guards)
        self.probation = ProbationWatch(floor, self.rollbacks)
        groups = GroupSupervisor(floor, self.router, self.book, instances=self.instances, probation=self.probation)
        self.supervisor = Supervisor(floor, self.instances, self.probation, groups)
        self.states = States(floor, self.deployer, snapshots, lambda component: self.retention.nudge(component.name))
        self.bookkeeping, self.retention = Bookkeeping(floor), Collector(floor, self.router, self.post.dead)
        self.disk = DiskRoom(floor, self.observer, self.retention, self._take_up)
        self.timing = Timing(floor, self.router)
        self.desired = DesiredStates(self.floor, self.reconciler)
        self.writing = EventWriting(floor, self._write_owed)
        self.rounds = self._made_rounds()
        self._background = Background(floor.journal)
        self.dispatcher = self._dispatcher()
        self.settled, self._stale = asyncio.Event(), asyncio.Event()
        self.traps = TrapQueue(asyncio.get_running_loop(), self.supervisor.trapped)
        self._watch: Watch | None = None

    def _dispatcher(self) -> Dispatcher:
        desired = self.desired
        revisions = RevisionCommands(
            desired,
            instances=self.instances,
            reconciler=self.reconciler,
            deployer=self.deployer,
            rollbacks=self.rollbacks,
            supervisor=self.supervisor,
            probation=self.probation,
        )
        self.permissions = PermissionCommands(self.floor, self.guards, self.router, revisions.deploy_approved)
        return Dispatcher(
            self.router,
            permissions=self.permissions,
            running=RunningCommands(
                desired, self.instances, self.supervisor, self.probation, self._make_up, background=self._background
            ),
            revisions=revisions,
            states=self.states,
            groups=GroupCommands(self.router, self.supervisor.groups, self.floor.journal),
            bookkeeping=self.bookkeeping,
            undo=self.undo,
            follow_up=self._follow_up,
        )

    def _make_up(self, component: Component) -> None:
        """Deploy the files of a component whose update a command cancelled, or that changed while it was unloaded."""
        if component.is_behind:
            self._background.start(self._look(component.files.key))

    def _follow_up(self, component: Component) -> None:
        """Examine again, after a command, the components that depend on its component."""
        self.supervisor.look_after(component)
        self.retention.nudge(component.name)
        component.shown.touch()
        self.touch()

    async def start(self) -> None:
        """Resume the recorded components, scan the folder, then watch it."""
        self.observer.followers = self.routes.follow, self.links.follow
        self.scan.hasten, self.observer.linked = self.supervisor.hasten, self.links.views
        self.observer.groups = self.book.views
        self._background.start(self.rounds.run())
        self._background.start(self._publishing())
        self._background.start(self.writing.run())
        self._background.start(self.disk.watch())
        self.floor.journal.system(f"watching {self.floor.folder.name}/", EventAction.OPENED)
        if self.floor.state.left_in_disorder:
            self.floor.journal.system(DISORDER, EventAction.DISORDER, Level.WARNING)
        try:
            await self.floor.disk(self.guards.read)
            await self.floor.disk(recall, self.floor, self.post)
            found = await self.config.open()
            await self.permissions.recall(found.policy)
            await self.undo.recall()
            await self._resume()
            self.http.open(found.http)
            await self._scan()
        except (AirssysError, OSError) as error:
            self.observer.phase = Phase.FAILED
            self.observer.problems = (one_line(str(error), 400),)
            self.floor.journal.system(str(error), EventAction.FAILED, Level.ERROR)
        else:
            self.observer.phase = Phase.RUNNING
            self.floor.journal.system(f"{len(self.router)} components", EventAction.READY)
            self.touch()
        self.observer.publish()
        self.settled.set()
        self._background.start(self.retention.run())

    async def stop(self, patience: float) -> None:
        """Stop everything within about ``patience`` seconds; states are saved."""
        self.observer.phase = Phase.STOPPING
        self.observer.publish()
        if self._watch is not None:
            self._watch.stop()
        await self.http.close(patience)
        self.timing.close()
        await self.supervisor.close()
        await self.probation.close()
        for component in self.router:
            component.update.cancel()
        drain = 0.75 * patience
        stopping = [asyncio.ensure_future(self._retire(component, drain)) for component in self.router]
        if stopping:
            _, late = await asyncio.wait(stopping, timeout=patience)
            for instance in tuple(self.floor.tiers.running):
                instance.cancel()
            for retiring in late:
                retiring.cancel()
            await asyncio.gather(*stopping, return_exceptions=True)
        self.traps.hurry()
        self.floor.journal.system("closed", EventAction.CLOSED)
        await self._background.close()
        await self._write_owed()
        await self.floor.disk(self.guards.finish)
        await self.floor.disk(self.post.durable.close)
        await self.writing.write()
        self.observer.phase = Phase.STOPPED
        self.observer.publish()

    def touch(self) -> None:
        """Publish soon."""
        self.observer.problems = (*filter(None, (self.config.problem,)), *self.reconciler.unread.problems.values())
        self.observer.publish()

    def _make(self, identity: ComponentId) -> Component:
        name = str(identity)

        def trapped(serving: Serving, trap: GuestTrap) -> None:
            self.traps.put(component, serving, trap)

        actor = Actor(name, self.floor.workers, 1_000, trapped)
        component = Component(identity, actor, self.floor.journal, self._show, self._replaced)
        self.router.add(component)
        self.post.follow(component)
        return component

    def _replaced(self, component: Component) -> None:
        for book in (self.needs, self.routes, self.links, self.post, self.book):
            book.follow(component)

    def _link_again(self) -> None:
        if self.settled.is_set():
            self._background.start(self.scan.look_again())

    def _show(self, component: Component) -> None:
        self.observer.renew(component)
        self._stale.set()

    async def _resume(self) -> None:
        memories = await self.floor.disk(remembered, self.floor)
        self.routes.recall(memory.record.id for memory in sorted(memories, key=lambda each: each.record.first_seen))
        resuming = Resuming(
            self.floor,
            self.router,
            self.needs,
            self.links,
            self.book,
            scan=self.scan,
            reconciler=self.reconciler,
            instances=self.instances,
            supervisor=self.supervisor,
            start=self._background.start,
        )
        await resuming.run(memories, self._make)

    async def _scan(self) -> None:
        being_written: frozenset[str] = frozenset()
        if self.floor.settings.watch:
            self._watch = Watch(
                self.floor.folder,
                self._changed,
                self._watching,
                self.floor.settings.quiet,
                unfinished=self.reconciler.unfinished,
                threads=self.floor.reading,
            )
            with contextlib.suppress(OSError):  # the folder cannot be listed now: the scan says so and is repeated
                being_written = await self._watch.prepare()
            self._background.start(self._watch.run())
        if not await self.scan.run(being_written):
            self._background.start(self._scan_later())

    async def _scan_later(self) -> None:
        await self.scan.run_later()
        self._stale.set()

    async def _look(self, key: str) -> None:
        await self.scan.look(key)
        self._stale.set()

    async def _changed(self, change: Settled) -> None:
        # Not awaited: a newer change may settle meanwhile; it cancels an older deployment of the component.
        self._background.start(self.follow(change))

    async def follow(self, change: Settled) -> None:
        """Handle one settled change of the folder, to its end."""
        await self._followed(self.config.reload() if change.key == FOLDER_FILE else self.reconciler.changed(change))

    async def _look_later(self, key: str) -> None:
        await self._followed(self.reconciler.again(key, deploys=self.floor.settings.deploys))

    async def _followed(self, work: Coroutine[Any, Any, Component | None]) -> None:
        try:
            component = await work
            if component is not None:
                self.supervisor.look_after(component)
                self.retention.nudge(component.name)
            await self.scan.look_again()
        finally:
            self._stale.set()

    async def _take_up(self) -> None:
        """Retry what a full disk prevented.

        Raises:
            StoreError: If the disk is still full.
        """
        await self.recorder.close_left_open()
        for component in self.router:
            if component.barred.turned_away is not None and component.barred.turned_away.gate == Gate.DISK:
                self._background.start(self._look(component.files.key))

    def _watching(self, view: WatchView) -> None:
        before = self.observer.watch
        if view.mode != "native" and (view.mode, view.reason) != (before.mode, before.reason):
            self.floor.journal.system(f"watching by {view.mode}: {view.reason}", EventAction.WATCH, Level.WARNING)
        elif view.mode == "native" and before.reason:
            self.floor.journal.system(f"watching again: {view.words}", EventAction.WATCH)
        self.observer.watch = view
        self.observer.publish()

    async def _retire(self, component: Component, drain: float) -> None:
        await self.instances.end_command(component, drain)
        async with component.lock:
            await self.instances.retire(component, drain=drain)
            await self.probation.keep_costs(component)

    def _made_rounds(self) -> Rounds:
        return Rounds(
            self.floor,
            self.router,
            self.observer,
            checks=(
                self.supervisor.check_due,
                lambda component, _: component.life.tick(),
                lambda component, _: self.probation.check(component),
                self.states.check_due,
            ),
            retry=self._retry_due,
            more=self._round,
        )

    def _round(self) -> None:
        self.http.sample()
        for key in self.reconciler.unread.postponed.due():
            self._background.start(self._look_later(key))

    def _retry_due(self, component: Component, now: float) -> None:
        """Try again the files that a circumstance kept out, when it is time."""
        if component.barred.take_due(now):
            self._background.start(self._look(component.files.key))

    async def _publishing(self) -> None:
        while True:
            await self._stale.wait()
            await asyncio.sleep(self.observer.pause)
            self._stale.clear()
            self.touch()

    async def _write_owed(self) -> None:
        """Write what could not be written when it happened."""
        self.guards.flush()
        await self.snapshots.write_owed(self.router)
        await self.desired.record_owed()
