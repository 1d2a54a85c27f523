"""Commands about states: save, restore, import, export and list them."""

from __future__ import annotations

from collections.abc import Callable

from airssys_tui.api.commands import ImportState, RestoreState, SaveState
from airssys_tui.api.views.past import StateFile, StateView
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import AirssysError, GateRefusal, NotServing, TransitionError, UsageError
from airssys_tui.core.events import Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import digest_of, short_digest
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import Cause, StatePolicy
from airssys_tui.core.text import one_line
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.units import format_size
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.contract import MAX_SCHEMA, MAX_STATE
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.eligible_states import IMPORT, find_state, state_file, state_views
from airssys_tui.runtime.components.kept_states import KeptStates
from airssys_tui.runtime.components.parts.barred import Bars
from airssys_tui.runtime.deploying.order import Order
from airssys_tui.runtime.deploying.pipeline import Deployer
from airssys_tui.runtime.machinery.background_tasks import Background
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.sources.folder import Reading
from airssys_tui.store.catalog.records import NewSnapshot

FORMAT = 1
"""The format of exported states, written and accepted."""


class States:
    """Carries out the commands about states.

    Args:
        floor: The machinery.
        deployer: Takes a restored state through the gates.
        snapshots: The saved states.
        saved: Called for each state saved on a timer, so that older ones are collected.
    """

    def __init__(
        self, floor: Floor, deployer: Deployer, snapshots: KeptStates, saved: Callable[[Component], None]
    ) -> None:
        self._floor = floor
        self._saved = saved
        self._deployer = deployer
        self._snapshots = snapshots
        self._due: dict[str, tuple[int, float]] = {}
        self._background = Background(floor.journal)

    def check_due(self, component: Component, now: float) -> bool:
        """Save a running component's state when ``snapshot_every`` is due; return whether it is being saved.

        Called about once a second.

        Args:
            component: The component.
            now: Monotonic seconds.
        """
        active = component.active
        every = active.manifest.state.snapshot_every if active is not None else None
        if active is None or every is None or component.state is not State.RUNNING or not component.stateful:
            self._due.pop(component.name, None)
            return False
        revision, due = self._due.get(component.name, (0, 0.0))
        if revision != active.revision:
            self._due[component.name] = active.revision, now + every
            return False
        if now < due or component.lock.locked():
            return False
        self._due[component.name] = revision, now + every
        self._background.start(self._save_on_time(component))
        return True

    async def _save_on_time(self, component: Component) -> None:
        try:
            async with component.lock:
                if component.state is not State.RUNNING:
                    return
                saved = await component.actor.post(contract.save_state, first=True)
                kept = await self._snapshots.latest(component)
                if saved is not None and (kept is None or kept.state != saved):
                    await self._snapshots.keep(component, saved, "timer")
                    self._saved(component)
        except GuestTrap:
            return  # the actor reports traps to supervision
        except AirssysError as error:
            component.teller.state(f"its state could not be saved: {error.message}", Level.WARNING)

    async def carry_out(self, component: Component, command: SaveState | RestoreState | ImportState, who: str) -> Done:
        """Carry out a command about a component's state.

        Raises:
            TransitionError: If the component has no state, or cannot load one now.
            UsageError: If there is no such snapshot, or the imported state is not valid.
            GateRefusal: If the guest refused; the instance that served goes on serving.
            StoreError: If it could not be read or written.
        """
        async with component.lock:
            active = _stateful(component)
            match command:
                case SaveState():
                    text = await self._save(component)
                case RestoreState():
                    text = await self._restore(component, active, command.snapshot, who)
                case ImportState():
                    text = await self._import(component, active, command.state)
        return Done(one_line(text), component.active.revision if component.active else None)

    async def views(self, component: Component) -> tuple[StateView, ...]:
        """Return a component's snapshots, newest first."""
        return await self._floor.disk(state_views, self._floor.state.catalog, component.name)

    async def export(self, component: Component, snapshot: int) -> StateFile:
        """Return a snapshot with its bytes.

        Raises:
            UsageError: If the component has no such snapshot.
            BlobCorrupt: If its bytes do not match their digest.
        """
        return await self._floor.disk(state_file, self._floor.state.catalog, component.name, snapshot)

    async def _save(self, component: Component) -> str:
        try:
            saved = await component.actor.post(contract.save_state, first=True)
        except NotServing as error:
            raise TransitionError(
                f"{component.name} is {component.state}: only a running component has a state to save",
                component=component.name,
            ) from error
        if saved is None:
            raise _no_state(component)
        kept = await self._snapshots.keep(component, saved, "operator")
        return f"state of {component.name} saved as snapshot {kept.id}: {format_size(kept.size)}"

    async def _restore(self, component: Component, active: Blueprint, number: int, who: str) -> str:
        info = await self._floor.disk(find_state, self._floor.state.catalog, component.name, number)
        kept = await self._floor.disk(self._snapshots.read, info)
        order = Order(
            cause=Cause.RESTORE,
            who=who,
            generation=component.update.generation,
            note=f"state of snapshot {number}, saved by r{info.revision}",
            policy=StatePolicy.RESTORE,
            origin=active.revision,
            bars=Bars(component.barred.holds),
            snapshot=kept.state,
            compatible=False,
            stable=component.proof.stable,
            faults=component.proof.faults,
        )
        wasm = await self._floor.artifact(active.digest)
        reading = Reading(component.files.key, active.manifest, active.manifest_digest, wasm, active.digest, bare=False)
        try:
            revision = await self._deployer.deploy(component, reading, order)
        except GateRefusal as refusal:
            if refusal.gate == Gate.STATE_LOAD:
                await self._snapshots.failed(component, kept)
            raise
        return f"{component.name} serves r{revision} with the state of snapshot {number}"

    async def _import(self, component: Component, active: Blueprint, file: StateFile) -> str:
        check_file(file)
        at = self._floor.clock()
        snapshot = NewSnapshot(
            component.name,
            active.revision,
            file.schema[:MAX_SCHEMA],
            file.kind,
            file.data,
            IMPORT,
            at,
            version=file.version,
            exported_from=one_line(file.component, 200),
        )
        info = await self._floor.disk(self._floor.state.catalog.add_snapshot, snapshot)
        foreign = "" if file.component == component.name else f", exported from {snapshot.exported_from}"
        text = f"snapshot {info.id} imported: {format_size(info.size)}{foreign}; restore it to load it"
        component.teller.state(text)
        return text


def check_file(file: StateFile) -> None:
    """Refuse an exported state that is damaged or not valid.

    Raises:
        UsageError: If its format is unknown, or its bytes exceed the limit, do not match the digest, or are not of the
            declared kind.
    """
    if file.format != FORMAT:
        raise UsageError(f"the exported state has format {file.format}; this program reads format {FORMAT}")
    if len(file.data) > MAX_STATE:
        raise UsageError(f"the exported state has {len(file.data)} bytes; the most is {MAX_STATE}")
    if digest_of(file.data) != file.digest:
        raise UsageError(
            f"the exported state does not have its digest {short_digest(file.digest)}: it was changed or damaged",
            remedy="export it again",
        )
    if file.kind not in {"text", "binary"}:
        raise UsageError(f"the exported state is of kind {one_line(file.kind, 40)!r}; known kinds are text and binary")
    try:
        file.data.decode() if file.kind == "text" else None
    except UnicodeDecodeError as error:
        raise UsageError("the exported state claims to be text and is not UTF-8") from error


def _no_state(component: Component) -> TransitionError:
    return TransitionError(
        f"{component.name} has no `state` export: there is nothing to save or load", component=component.name
    )


def _stateful(component: Component) -> Blueprint:
    if component.active is None:
        raise TransitionError(f"{component.name} has never run", component=component.name)
    if not component.stateful:
        raise _no_state(component)
    if component.intent.unloaded:
        raise TransitionError(f"{component.name} is unloaded", remedy="start it first", component=component.name)
    return component.active
