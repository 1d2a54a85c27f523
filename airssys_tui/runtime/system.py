"""The living system of one folder: put together, started, kept in step, commanded and stopped. On the control loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Iterable
from typing import Any

from airssys_tui.api.views import Phase, WatchView
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.events import EventKind, Level
from airssys_tui.core.identity import ComponentId
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.traps import GuestTrap
from airssys_tui.runtime.actor import Actor
from airssys_tui.runtime.bookkeeping import Bookkeeping
from airssys_tui.runtime.component import Component
from airssys_tui.runtime.deploy import Deployer
from airssys_tui.runtime.disk import Disk
from airssys_tui.runtime.floor import Floor
from airssys_tui.runtime.instances import Instances
from airssys_tui.runtime.keeper import Keeper
from airssys_tui.runtime.observer import Observer
from airssys_tui.runtime.recovery import remembered, restore
from airssys_tui.runtime.rehearsal import Rehearsal
from airssys_tui.runtime.retention import Retention
from airssys_tui.runtime.router import Router
from airssys_tui.runtime.serving import Serving
from airssys_tui.runtime.settle import Settled
from airssys_tui.runtime.snapshots import Snapshots
from airssys_tui.runtime.source import entries
from airssys_tui.runtime.states import States
from airssys_tui.runtime.supervisor import Supervisor
from airssys_tui.runtime.switch import Switcher
from airssys_tui.runtime.undo import Undo
from airssys_tui.runtime.watch import Watch

PUBLISH: float = 0.05
"""Seconds within which a change of a component is visible to front ends."""


class System:
    """Everything that lives on the control loop.

    Args:
        floor: The machinery.
        folder: The watched folder as it was given.
    """

    def __init__(self, floor: Floor, folder: str) -> None:
        self.floor = floor
        self.router = Router()
        self.observer = Observer(floor, self.router, folder)
        rehearsal, snapshots = Rehearsal(floor), Snapshots(floor)
        self.instances = Instances(floor, rehearsal, snapshots)
        self.deployer = Deployer(floor, rehearsal, Switcher(floor, rehearsal, snapshots), snapshots)
        self.supervisor = Supervisor(floor, self.instances)
        self.keeper = Keeper(floor, self.router, self.deployer, self.instances, self._make)
        self.undo = Undo(floor, self.deployer, snapshots)
        self.states = States(floor, self.deployer, snapshots)
        self.bookkeeping = Bookkeeping(floor)
        self.retention = Retention(floor)
        self.disk = Disk(floor, self.retention)
        self.settled = asyncio.Event()
        self._stale = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._watch: Watch | None = None
        self._tasks: set[asyncio.Task[object]] = set()
        self._slots = asyncio.Semaphore(floor.settings.parallel_deploys)

    async def start(self) -> None:
        """Resume what the catalog remembers, scan the folder, then watch it."""
        self._spawn(self._sampling())
        self._spawn(self._publishing())
        self._spawn(self._writing())
        self._say(f"watching {self.floor.folder.name}/", "opened")
        try:
            await self._resume()
            await self._scan()
        except (AirssysError, OSError) as error:
            self.observer.phase = Phase.FAILED
            self.observer.problems = (one_line(str(error), 400),)
            self._say(str(error), "failed", Level.ERROR)
        else:
            self.observer.phase = Phase.RUNNING
            self._say(f"{len(self.router)} components", "ready")
        self.observer.publish()
        self.settled.set()

    async def stop(self, patience: float) -> None:
        """Stop everything within about ``patience`` seconds; states are saved."""
        self.observer.phase = Phase.STOPPING
        self.observer.publish()
        if self._watch is not None:
            self._watch.stop()
        await self.supervisor.close()
        for component in self.router:
            if component.deploying is not None:
                component.deploying.cancel()
        drain = 0.75 * patience
        stopping = [asyncio.ensure_future(self._retire(component, drain)) for component in self.router]
        if stopping:
            _, late = await asyncio.wait(stopping, timeout=patience)
            for instance in tuple(self.floor.engine.running):
                instance.cancel()
            for retiring in late:
                retiring.cancel()
            await asyncio.gather(*stopping, return_exceptions=True)
        self._say("closed", "closed")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._write_journal()
        self.observer.phase = Phase.STOPPED
        self.observer.publish()

    def touch(self) -> None:
        """Publish soon."""
        self.observer.problems = tuple(self.keeper.problems.values())
        self.observer.publish()

    def _make(self, identity: ComponentId) -> Component:
        name = str(identity)

        def trapped(serving: Serving, trap: GuestTrap) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: a guest outlived the runtime
                self._loop.call_soon_threadsafe(self.supervisor.trapped, component, serving, trap)

        actor = Actor(name, self.floor.workers, 1_000, trapped)
        component = Component(identity, actor, self._stale.set)
        self.router.add(component)
        return component

    async def _resume(self) -> None:
        memories = await self.floor.disk(remembered, self.floor)
        keys = set(await self.floor.disk(self._entries))
        for memory in memories:
            component = restore(memory, self._make)
            # An entry may belong to another component by now: one that had gone comes back by the scan only.
            component.present = memory.record.present and component.source in keys
            if component.active is None and not component.present:
                self.router.remove(component)
            elif component.present:
                self.keeper.adopt(component, component.source)
        await self._all(self._resume_one(component) for component in self.router)

    async def _resume_one(self, component: Component) -> None:
        async with self._slots, component.lock:
            if component.active is None or component.state is not State.INSTALLED:
                return
            wanted = component.desired is Desired.RUNNING and component.present and component.kind != "command"
            if not wanted:
                component.remark = _why_not_started(component)
                return
            try:
                await self.instances.start(component, why="resumed")
            except AirssysError as error:
                self._hand_over(component, error)

    def _hand_over(self, component: Component, error: AirssysError) -> None:
        """Hand a component that could not be started to supervision."""
        self._spawn(self.supervisor.recover(component, one_line(str(error))))

    async def _scan(self) -> None:
        if self.floor.settings.watch:
            self._watch = Watch(self.floor.folder, self._changed, self._watching, self.floor.settings.quiet)
            await self._watch.prepare()
            self._spawn(self._watch.run())
        keys = await self.floor.disk(self._entries)
        await self._all(self._look(key) for key in keys)

    def _entries(self) -> tuple[str, ...]:
        return entries(self.floor.folder)

    async def _look(self, key: str) -> None:
        async with self._slots:
            await self.keeper.look(key, who="scan", deploys=self.floor.settings.deploys)
        self._stale.set()

    async def _changed(self, change: Settled) -> None:
        # Not awaited: another change may settle meanwhile, and makes an older deployment of the component void.
        self._spawn(self._follow(change))

    async def _follow(self, change: Settled) -> None:
        try:
            component = await self.keeper.changed(change)
            if component is not None:
                self.supervisor.look_after(component)
        finally:
            self._stale.set()

    def _watching(self, view: WatchView) -> None:
        if view.mode != "native":
            self._say(f"watching by {view.mode}: {view.reason}", "watch", Level.WARNING)
        self.observer.watch = view
        self.observer.publish()

    async def _retire(self, component: Component, drain: float) -> None:
        async with component.lock:
            await self.instances.retire(component, drain=drain)

    async def _sampling(self) -> None:
        while True:
            self.observer.sample()
            now = time.monotonic()
            for component in self.router:
                self.supervisor.check_due(component, now)
                self._settle_probation(component)
            await asyncio.sleep(self.floor.settings.sample)

    def _settle_probation(self, component: Component) -> None:
        active, since = component.active, component.activated_at
        if active is None or since is None or component.stable or not component.clean:
            return
        if component.state is State.RUNNING and self.floor.clock() - since >= active.manifest.deployment.probation:
            component.stable = component.dirty = True
            self._spawn(self.floor.disk(self.floor.state.catalog.mark_stable, component.name, active.revision))

    async def _publishing(self) -> None:
        while True:
            await self._stale.wait()
            await asyncio.sleep(PUBLISH)
            self._stale.clear()
            self.touch()

    async def _writing(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            await self._write_journal()

    async def _write_journal(self) -> None:
        events, ledger = self.floor.journal.take_unwritten()
        catalog = self.floor.state.catalog
        with contextlib.suppress(AirssysError):
            if events:
                await self.floor.disk(catalog.append_events, events)
            if ledger:
                await self.floor.disk(catalog.append_ledger, ledger)

    async def _all(self, works: Iterable[Coroutine[Any, Any, None]]) -> None:
        for result in await asyncio.gather(*works, return_exceptions=True):
            if isinstance(result, Exception):
                self._say(f"internal error: {type(result).__name__}: {result}", "internal", Level.ERROR)

    def _spawn(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._say(f"internal error: {type(error).__name__}: {error}", "internal", Level.ERROR)

    def _say(self, text: str, action: str, level: Level = Level.INFO) -> None:
        self.floor.journal.emit(EventKind.SYSTEM, text, action=action, level=level)


def _why_not_started(component: Component) -> GuestText:
    if component.desired is Desired.STOPPED:
        return GuestText("stopped by operator")
    return GuestText("its source is gone" if not component.present else "a command: start runs it again")
