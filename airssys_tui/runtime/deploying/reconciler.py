"""Keeping the components in step with the folder: each change of a file becomes a decision, and each decision an event.

The watcher says that something about an *entry* of the folder has changed and has settled: a wasm file, or a directory
with a manifest. What that means is decided here, from what the files say now, never from the kind of the change:

* An entry is read whole, outside of any lock. Its identity comes from its manifest, so an entry may become another
  component, and two entries may claim one name: the first keeps it, the second is refused until the first is gone.
* Each new content gets a generation and cancels the update that is under way. A slower update finds a newer generation
  and gives up: the newest files win, in whatever order their readings and their updates end.
* The *verdict* is given under the component's lock, just before the deployment, because only then it is certain what
  serves. Files are ignored when they serve already, are quarantined or held, were refused before, or were unloaded.
* Unchanged files that are back bring a component to its desired state, and start nothing that was stopped by hand.
* Files that are gone stop their component and keep its history, so that the same files bring it back. Only what does
  not exist is gone: an entry that the system cannot read now is read again later, and what serves goes on.

A problem with one component's files never raises here: its row shows the problem, and the other components go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from airssys_tui.core.errors import AdmissionError, AirssysError, GateRefusal, IdentityError, ManifestError, StoreError
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import ComponentId, name_from_stem
from airssys_tui.core.lifecycle import Desired, RecoveryKind, State
from airssys_tui.core.regular_file import FileUnavailable
from airssys_tui.core.revision import Cause
from airssys_tui.core.text import escaped, one_line
from airssys_tui.core.units import MIB
from airssys_tui.runtime.components.component import SAME_FILES, Component
from airssys_tui.runtime.components.parts.source_files import OnDisk
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.deploying.instances import Instances
from airssys_tui.runtime.deploying.order import Order
from airssys_tui.runtime.deploying.pipeline import Deployer
from airssys_tui.runtime.deploying.slots import Slots
from airssys_tui.runtime.deploying.unread import Unread
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.sources import folder
from airssys_tui.runtime.sources.entry_reading import EntryReading
from airssys_tui.runtime.sources.folder import Reading
from airssys_tui.runtime.sources.names import require_name, stem_of
from airssys_tui.runtime.sources.saying import Saying, sayings
from airssys_tui.runtime.sources.settle import Found, Settled, Unfinished

YOUNG: Final = 1.0
"""Seconds that files without a manifest must have been unchanged: a manifest may follow."""

LARGE: Final = MIB
"""Bytes of an artifact from which fewer are taken in at a time, because each is in memory meanwhile."""
LARGE_AT_ONCE: Final = 16


class Reconciler:
    """Decides what a change in the folder means.

    Args:
        floor: The machinery.
        router: The components.
        deployer: Deploys candidates.
        instances: Starts and stops components.
        make: Makes a component that is seen for the first time.
    """

    def __init__(
        self,
        floor: Floor,
        router: Router,
        deployer: Deployer,
        instances: Instances,
        make: Callable[[ComponentId], Component],
    ) -> None:
        self._floor = floor
        self._router = router
        self._deployer = deployer
        self._instances = instances
        self._make = make
        self.unread = Unread(floor, self._owner)
        self.departed: list[Component] = []
        self._large = Slots(LARGE_AT_ONCE)
        self._entries = EntryReading(floor.reading, floor.folder)
        self._owners: dict[str, Component] = {}
        self._rivals: dict[str, str] = {}

    def adopt(self, component: Component, key: str) -> None:
        """Note which entry of the folder a component comes from."""
        component.files.adopt(key)
        self._owners[key] = component

    async def changed(self, change: Settled) -> Component | None:
        """Deal with one settled change; return the component it concerns."""
        if not change.stamps:
            await self.look(change.key, who="watcher")
            return self._owners.get(change.key)
        if change.found is Found.DOUBT and await self._is_unchanged(change.key):
            return None
        await self.look(change.key, who="watcher", said=sayings(change))
        return self._owners.get(change.key)

    async def _is_unchanged(self, key: str) -> bool:
        """Return whether an entry says what it said when it was last read; its stamps could not tell."""
        owner = self._owners.get(key)
        if owner is None:
            return key in self.unread.problems
        try:
            reading = await self._entries.read(key, folder.read)
        except AirssysError as error:
            away = owner.barred.turned_away
            return away is not None and away.reason == one_line(error.message, 400)
        return not isinstance(reading, Reading) or owner.files.on_disk == _on_disk(reading)

    def unfinished(self, change: Unfinished) -> None:
        """Say that a change waits because a file is half written."""
        owner, file = self._owners.get(change.key), change.file
        keeps = f" · r{owner.active.revision} keeps serving" if owner is not None and owner.active is not None else ""
        self._floor.journal.emit(
            EventKind.DECISION,
            f"partial write: {file.file} {file.reason}; waiting for the rest{keeps}",
            component=owner.name if owner is not None else one_line(escaped(change.key), 100),
            action=EventAction.PARTIAL_WRITE,
        )

    async def again(self, key: str, *, deploys: bool) -> Component | None:
        """Read an entry that could not be read before; return the component it concerns."""
        await self.look(key, who="watcher", deploys=deploys)
        return self._owners.get(key)

    async def look(
        self,
        key: str,
        *,
        who: str,
        said: Iterable[Saying] = (),
        deploys: bool = True,
    ) -> None:
        """Read one entry and deploy it if its files call for that; a problem with one component never raises.

        Args:
            key: The entry of the folder.
            who: For the history.
            said: What to report first, if it is deployed.
            deploys: Whether it may be deployed; otherwise its files are only recorded.
        """
        reading = await self._read(key)
        if reading is None:
            return
        if len(reading.wasm) <= LARGE:
            await self._take(reading, who, said, deploys=deploys)
        else:
            await self._large.run(self._take_large(key, reading if self._large.free else None, who, said, deploys))

    async def _take_large(
        self, key: str, reading: Reading | None, who: str, said: Iterable[Saying], deploys: bool
    ) -> None:
        reading = reading or await self._read(key)  # while it waited for its turn, only the disk held it
        if reading is not None:
            await self._take(reading, who, said, deploys=deploys)

    async def _take(self, reading: Reading, who: str, said: Iterable[Saying], *, deploys: bool) -> None:
        component = self._claim(reading.key, reading)
        if component is None:
            return await self._let_go()
        twin = component.update.task if component.update.trying == component.files.on_disk else None
        if twin is None:
            component.barred.let_in()  # what is being tried may have been turned away this moment, to be tried again
        if not deploys:
            return await self._let_go()
        if twin is not None:
            await self._let_go()
            component.teller.decision("ignored: these files are already being deployed", EventAction.IGNORED)
            await asyncio.wait([twin])
            return None
        cause = Cause.DEPLOY if component.active is None else Cause.RELOAD
        # The generation is that of the reading: taken before anything is awaited, a newer reading has a greater one.
        order = Order(cause=cause, who=who, generation=component.update.advance())
        await self._let_go()
        return await self._follow(component, reading, order, said)

    async def _let_go(self) -> None:
        """Stop the components whose files have become others, and give their names to those that claim them."""
        while self.departed:
            departed = self.departed.pop()
            await self._dismiss(departed, "its files became another component")
            await self._succeed(departed)

    async def _follow(self, component: Component, reading: Reading, order: Order, said: Iterable[Saying]) -> None:
        """Bring a component in line with its files when its turn comes; an update to older files is cancelled."""
        if order.generation < component.update.generation:
            component.teller.decision(_OVERTAKEN, EventAction.IGNORED)
            return
        task = asyncio.current_task()
        component.update.follow(task, component.files.on_disk)
        try:
            async with component.lock:
                # Only now is it certain what serves: an older candidate may have passed its last gate meanwhile.
                verdict = self._verdict(component, reading, order)
                if verdict is not None:
                    if verdict != SAME_FILES or not component.update.is_first:
                        component.teller.decision(verdict, EventAction.IGNORED)
                    await self._present(component)
                    return
                for saying in said:
                    component.teller.decision(saying.text, saying.action, saying.level)
                await self._deploy(component, reading, order)
        except AirssysError:
            return  # the row and the events say why
        finally:
            component.update.finish(task)

    async def _deploy(self, component: Component, reading: Reading, order: Order) -> None:
        if component.state is State.FAILED and component.active is None:
            component.life.enter("retry", State.UNINSTALLED)
        await self._deployer.deploy(component, reading, order)
        if component.served.kind == "command" and component.intent.desired is Desired.RUNNING:
            await self._instances.start(component, why="deployed")

    async def _read(self, key: str) -> Reading | None:
        """Read an entry; when there is no component in it, deal with that and return None."""
        try:
            found = await self._entries.read(key, partial(folder.read, young=YOUNG))
        except FileUnavailable as error:
            self.unread.unavailable(key, error)
            return None
        except (ManifestError, AdmissionError, IdentityError) as error:
            self.unread.refused(key, error)
            return None
        if isinstance(found, folder.Early):
            self.unread.early(key, found)
            return None
        if isinstance(found, Reading):
            self.unread.settle(key)
            return found
        await self._removed(key)
        if found is None:
            self.unread.settle(key)
        else:
            self.unread.overlooked(key, found)
        return None

    async def read_now(self, component: Component) -> Reading:
        """Read a component's files as they are.

        Raises:
            AirssysError: If they cannot be used, or are gone.
        """
        key = component.files.key
        reading = await self._entries.read(key, folder.read)
        if not isinstance(reading, Reading) or reading.manifest.id != component.id:
            raise GateRefusal(
                f"{component.files.key or component.name} is no longer in the folder",
                gate=Gate.SIZE,
                remedy="put the component's files back, or roll back to a revision that is kept",
                component=component.name,
            )
        component.files.found(_on_disk(reading))
        return reading

    def _owner(self, key: str) -> Component | None:
        return self._owners.get(key) or self._phantom(key)

    def _phantom(self, key: str) -> Component | None:
        """Make a row for an entry that is not a component yet, so that an operator sees what is wrong with it."""
        try:
            require_name(key)
            identity = ComponentId.parse(name_from_stem(stem_of(key)))
        except IdentityError:
            return None
        if self._router.get(identity) is not None:
            return None
        component = self._make(identity)
        component.files.appear()
        self.adopt(component, key)
        component.life.enter("read", State.INSTALLING)
        component.life.enter("refused", State.FAILED)
        return component

    def _claim(self, key: str, reading: Reading) -> Component | None:
        """Return the component that a reading belongs to, or None when another entry already has that identity."""
        identity = reading.manifest.id
        before = self._owners.get(key)
        component = self._router.get(identity)
        if component is None:
            component = self._make(identity)
        elif component.files.key != key and component.files.present and component.files.key:
            text = f"{escaped(key)}: the name {identity} is taken by {component.files.key}; this entry is refused"
            self.unread.tell(key, text, component.name)
            self._rivals[key] = component.name
            return None
        if before is not None and before is not component:
            before.files.vanish()
            self.departed.append(before)
        self.adopt(component, key)
        self._rivals.pop(key, None)
        component.files.found(_on_disk(reading))
        return component

    def _verdict(self, component: Component, reading: Reading, order: Order) -> str | None:
        """Return why a reading is not deployed, or None when it is."""
        if order.generation < component.update.generation:
            return _OVERTAKEN
        return component.left_alone(reading.digest, reading.manifest_digest)

    async def _present(self, component: Component) -> None:
        """Bring the component to its desired state: its files are back unchanged."""
        if component.active is None:
            return
        if not component.files.recorded:
            await self._floor.commit(self._floor.state.catalog.set_present, component.name, True)
            component.files.record(True)
        stopped = component.state in {State.STOPPED, State.INSTALLED}
        # An operator who puts back the files of a component that was given up wants it tried again.
        revived = component.state is State.FAILED and component.files.left and not component.proof.condemned
        component.files.come_back()
        if revived and component.supervision.recovery.kind is not RecoveryKind.BACKOFF:
            component.supervision.renew()
            stopped = True
        if (
            stopped
            and component.intent.desired is Desired.RUNNING
            and component.served.kind != "command"
            and not component.intent.unloaded
        ):
            await self._start_quietly(component)

    async def _start_quietly(self, component: Component) -> None:
        try:
            await self._instances.start(component, why="its files are back")
        except AirssysError:
            return

    async def detach(self, component: Component) -> None:
        """Let a component whose files are gone run because the operator wants it, also after a restart of the runtime.

        Raises:
            StoreError: If it could not be recorded.
        """
        component.files.detach()
        await self._floor.disk(self._floor.state.catalog.upsert_component, component.name, "")

    async def _succeed(self, component: Component) -> None:
        """Give the name of a component that is gone to the next entry that claims it and can be used."""
        said = Saying(f"{component.name} is free: the first entry of that name is gone")
        for key in [key for key, name in self._rivals.items() if name == component.name]:
            if (heir := self._router.get(component.id)) is not None and heir.files.present:
                return
            if self._rivals.pop(key, None) is not None:
                await self.look(key, who="watcher", said=[said])

    async def _removed(self, key: str) -> None:
        self._rivals.pop(key, None)
        component = self._owners.get(key)
        if component is not None and component.files.present and component.files.key == key:
            component.files.vanish()
            component.barred.let_in()
            component.intent.unload(False)
            await self._dismiss(component, "its file was removed")
            await self._succeed(component)

    async def _dismiss(self, component: Component, why: str) -> None:
        """Stop a component whose files are gone, and forget one that never served."""
        if component.active is None:
            component.update.cancel()
            async with component.lock:  # a first deployment that is past its last gate begins to serve all the same
                if component.files.present:  # they are back meanwhile
                    return None
        if component.active is not None:
            return await self._gone(component, why)
        self._router.remove(component)
        if self._owners.get(component.files.key) is component:
            del self._owners[component.files.key]
        return None

    async def _gone(self, component: Component, why: str) -> None:
        component.files.leave()
        component.teller.decision(f"files removed: stopped, history kept ({why})", EventAction.REMOVED, Level.WARNING)
        component.update.cancel()
        async with component.lock:
            component.files.record(False)
            try:
                await self._floor.disk(self._floor.state.catalog.set_present, component.name, False)
            except StoreError as error:  # a start looks at the folder itself
                component.teller.decision(f"could not be recorded: {error.message}", EventAction.STORE, Level.ERROR)
            if component.state is State.RUNNING:
                await self._instances.stop(component, why=why)
            self._floor.services.forget_recordings(component.name)


_OVERTAKEN: Final = "ignored: its files have changed again since"


def _on_disk(reading: Reading) -> OnDisk:
    return OnDisk(reading.digest, reading.manifest_digest, reading.manifest.version)
