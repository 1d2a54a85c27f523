"""Commands that change which revision serves: reload, roll back, lift a quarantine."""

from __future__ import annotations

from airssys_tui.api.commands import LiftQuarantine, Reload, Rollback
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import TransitionError
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.revision import Cause
from airssys_tui.core.text import one_line
from airssys_tui.runtime.commands.desired import DesiredStates, cancel_update, done
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.parts.barred import Bars
from airssys_tui.runtime.deploying.instances import Instances
from airssys_tui.runtime.deploying.order import Order
from airssys_tui.runtime.deploying.pipeline import Deployer
from airssys_tui.runtime.deploying.reconciler import Reconciler
from airssys_tui.runtime.rollback.rollbacks import Rollbacks
from airssys_tui.runtime.sources.folder import Reading
from airssys_tui.runtime.supervising.probation_watch import ProbationWatch
from airssys_tui.runtime.supervising.supervisor import Supervisor


class RevisionCommands:
    """Carries out commands about revisions.

    Args:
        desired: Records desired states.
        instances: Starts a component whose files are already those of its active revision.
        reconciler: Reads the files of a component.
        deployer: Deploys candidates.
        rollbacks: Performs rollbacks.
        supervisor: Cancels the pending restart, and schedules it again if the rollback is refused.
        probation: Lifts quarantines.
    """

    def __init__(
        self,
        desired: DesiredStates,
        *,
        instances: Instances,
        reconciler: Reconciler,
        deployer: Deployer,
        rollbacks: Rollbacks,
        supervisor: Supervisor,
        probation: ProbationWatch,
    ) -> None:
        self._desired = desired
        self._instances = instances
        self._reconciler = reconciler
        self._deployer = deployer
        self._rollbacks = rollbacks
        self._supervisor = supervisor
        self._probation = probation

    async def reload(self, component: Component, command: Reload, who: str) -> Done:
        """Deploy the files on disk now, even if they were held, refused or quarantined.

        Files that are those of the active revision while nothing serves need no deployment: the revision is started.

        Raises:
            TransitionError: If the files on disk already serve.
            GateRefusal: If a gate refused; the desired state is then unchanged.
            StoreError: If it could not be recorded; the desired state is then unchanged.
        """
        await cancel_update(component)
        async with component.lock:
            reading = await self._reconciler.read_now(component)
            generation = component.update.advance()  # that of the reading: what is read later is newer
            same = component.served.is_of(reading.digest, reading.manifest_digest)
            if same and not component.intent.unloaded and not component.proof.condemned:
                if component.actor.serving is None:
                    return await self._start(component, who)
                raise TransitionError(
                    f"{component.name} already serves what is on disk",
                    remedy="restart it for a fresh instance",
                    component=component.name,
                )
            await self._deploy(component, reading, generation, command, who)
            await self._probation.lift_active(component, f"reloaded by {who}")
        return done(component, "reloaded")

    async def deploy_approved(self, component: Component, who: str) -> Done:
        """Deploy the files that waited for approval; see :meth:`reload`."""
        return await self.reload(component, Reload(component.name), who)

    async def _start(self, component: Component, who: str) -> Done:
        self._supervisor.reset(component)
        self._supervisor.renew(component)
        await self._desired.want(component, Desired.RUNNING)
        await self._instances.start(component, why=f"reloaded by {who}; its files are unchanged")
        return done(component, "started: its files are unchanged")

    async def _deploy(self, component: Component, reading: Reading, generation: int, command: Reload, who: str) -> None:
        before = component.intent.desired, component.intent.unloaded
        component.intent.unload(False)
        await self._desired.want(component, Desired.RUNNING)
        order = Order(
            cause=Cause.DEPLOY if component.active is None else Cause.RELOAD,
            who=who,
            generation=generation,
            force=command.force,
        )
        if component.state is State.FAILED and component.active is None:
            component.life.enter("retry", State.UNINSTALLED)
        try:
            await self._deployer.deploy(component, reading, order)
        except BaseException:
            component.intent.unload(before[1])
            await self._desired.want(component, before[0])
            raise

    async def roll_back(self, component: Component, command: Rollback, who: str, bars: Bars | None = None) -> Done:
        """Roll back to an earlier revision, as a new one.

        Args:
            component: The component.
            command: The target and the policy for the state.
            who: Who asked, for the history.
            bars: Digests to hold and files to refuse from then on, when a rollback is undone.

        Raises:
            RollbackRefused: If it cannot be done; nothing has changed then.
        """
        await cancel_update(component)
        component.update.advance()  # files that change from now on are newer than this, and deployed after it
        pending = self._supervisor.reset(component)
        async with component.lock:
            try:
                revision = await self._rollbacks.roll_back(component, command, who, bars)
                await self._probation.lift_active(component, f"rolled back to by {who}")
                if component.intent.desired is Desired.RUNNING:
                    await self._desired.detach_if_gone(component)
            finally:
                if pending:
                    self._supervisor.resume(component)
        version = f" ({component.version})" if component.version else ""
        held = ", ".join(hold.version or hold.digest[7:15] for hold in component.barred.holds)
        tail = f"; held back: {held}" if held else ""
        return Done(one_line(f"{component.name} serves r{revision}{version}{tail}"), revision)

    async def lift_quarantine(self, component: Component, command: LiftQuarantine, who: str) -> Done:
        """Take a revision out of quarantine, so that it can be deployed again.

        Raises:
            TransitionError: If it is not in quarantine.
            StoreError: If it could not be recorded.
        """
        async with component.lock:
            await self._probation.lift(component, command.revision, f"by {who}")
        text = f"r{command.revision} of {component.name} is out of quarantine: reload or start it, or roll back to it"
        return Done(one_line(text), component.active.revision if component.active is not None else None)
