"""Supervision: restart a component whose instance trapped or reports that it is unhealthy.

A trap kills the instance. The worker that saw it tells the control loop, which closes the instance, counts the fault
against the revision, and calls :meth:`Supervisor.recover`. There, with the component's lock held, the order is fixed:

1. Is the failure still there, and is the component to run at all? Not if it is stopped, unloaded, condemned or without
   files.
2. Probation goes first. A revision that failed on probation is rolled back instead of restarted.
3. Otherwise ``core/supervision`` decides by the restart policy and the budget of the manifest. Restarts are counted in
   healthy uptime, on a clock that cannot be set: time spent down does not refill the budget.
4. Restart: the component waits (``backoff``), while its mailbox keeps accepting calls, and then starts again from its
   last saved state. A start that fails is decided again, by the same rules.
5. Give up: the component is ``exhausted``, its waiting calls fail, and it stays down until the operator acts.

A call by hand that traps is the caller's business. The instance is replaced at once, whatever the restart policy says,
and nothing is charged: not the restarts of a component that serves others, nor the traps that its probation tolerates.
Only if no new instance can be started, the failure is the component's, and the rules above apply. So it is with a call
over a link that failed on the other side, which is charged there.

The lock is never held during the wait, so a stop, a reload or a rollback need not wait for it. They call
:meth:`Supervisor.reset` first, which cancels the pending restart; if they fail, :meth:`Supervisor.resume` schedules it
again for the same moment.

An unhealthy instance is alive, so it is saved, shut down and restarted by the same rules; its queued calls wait.

In a group of ``airssys.toml`` the group decides instead of the third step, see :mod:`group_supervisor`.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Final

from airssys_tui.core.errors import AirssysError, MailboxFull, NotServing
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.lifecycle import Desired, Health, Recovery, RecoveryKind, State
from airssys_tui.core.refusal import retry_text
from airssys_tui.core.supervision import RETRY, decide
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.traps import GuestTrap, Trap, TrapKind
from airssys_tui.core.units import format_duration
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.deploying.gate_checks import see_logs, trap_text
from airssys_tui.runtime.deploying.instances import Instances
from airssys_tui.runtime.machinery.background_tasks import Background
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.supervising.group_supervisor import GroupSupervisor
from airssys_tui.runtime.supervising.optimiser import Optimiser
from airssys_tui.runtime.supervising.probation_watch import ProbationWatch, chain_text

WORDS: Final = 700
"""Characters of what a guest printed before a trap that are in the event."""


_BY_HAND: Final = "its instance ended in a call by hand"
_BEHIND_A_LINK: Final = "its call over a link failed on the other side"
_OUTGROWN: Final = "its baseline code has too little stack, optimised code takes its place"


class Supervisor:
    """Restarts failed components, within the budget of their manifests.

    Args:
        floor: The machinery.
        instances: Starts components.
        probation: Watches the revisions on probation.
        groups: Decides about members of groups.
        rng: Source of the jitter of the delays.
    """

    def __init__(
        self,
        floor: Floor,
        instances: Instances,
        probation: ProbationWatch,
        groups: GroupSupervisor,
        rng: random.Random | None = None,
    ) -> None:
        self._floor = floor
        self._instances = instances
        self._probation = probation
        self.groups = groups
        groups.hindered = self._wait_out
        self._rng = rng or random.Random()  # noqa: S311 - jitter is no secret
        self._optimiser = Optimiser(floor, instances)
        self._background = Background(floor.journal)

    def trapped(self, component: Component, serving: Serving, trap: GuestTrap) -> None:
        """Handle a trap in a call; runs on the control loop."""
        self._floor.workers.submit(serving.close)
        reason, logs = trap_text(trap), see_logs(trap.trap.printed, trap.component)
        whose, level = (", in a call by hand", Level.WARNING) if serving.by_hand else ("", Level.ERROR)
        told = f"trap in r{serving.revision}{whose}: {trap_text(trap, WORDS)}" + (f"; {logs}" if logs else "")
        component.teller.supervision(told, EventAction.TRAPPED, level, revision=serving.revision)
        outgrown = self._floor.outgrown.notes(serving.artifact.digest, serving.tier, trap)
        behind = _BEHIND_A_LINK if trap.trap.kind is TrapKind.LINK else serving.excuse
        excuse = _OUTGROWN if outgrown else _BY_HAND if serving.by_hand else behind
        if not excuse:
            component.proof.fault()
            self._probation.trapped(component, serving, trap)
        if component.actor.serving is None:
            self._background.start(self.recover(component, reason, excuse=excuse))

    def look_after(self, component: Component) -> None:
        """Handle an instance that died outside the mailbox, such as in a last save; runs on the control loop."""
        dead = component.actor.drop_dead()
        if dead is not None:
            trap = dead.instance.trap or Trap(TrapKind.CANNOT_ENTER, "the instance is closed")
            died = GuestTrap(trap)
            died.heard(dead.tenant.heard, component.name)
            self.trapped(component, dead, died)
        elif not component.files.usable and component.supervision.recovery.kind is RecoveryKind.BACKOFF:
            self.reset(component)
            component.supervision.recovered()
        elif component.life.ended is not None:
            return  # a command that has ended, well or not, runs again when it is asked
        elif component.state is State.FAILED and component.actor.serving is None and component.active is not None:
            self._background.start(self.recover(component, component.shown.trouble or GuestText("lost its instance")))

    async def recover(self, component: Component, reason: GuestText, *, excuse: str = "") -> None:
        """Restart a component that lost its instance, or give it up.

        Args:
            component: The component.
            reason: How it lost its instance.
            excuse: Why it is not to blame: then it gets another instance, and nothing is charged; empty if it is.
        """
        async with component.lock:
            if component.actor.serving is not None or component.active is None or component.intent.unloaded:
                return
            if component.supervision.recovery.kind is not RecoveryKind.NONE:
                return
            if component.state is State.RUNNING:
                component.life.enter("trap", State.FAILED)
            wanted = component.intent.desired is Desired.RUNNING and component.files.usable
            if component.state is not State.FAILED or not wanted or component.proof.condemned:
                return
            component.shown.warn(reason)
            if excuse:
                await self._replace(component, f"{excuse}: {reason}")
            elif component.supervision.hindered or not await self._probation.settle(component):
                await self._decide(component, reason)
            elif self.groups.takes(component):
                self.groups.replaced(component, reason)

    async def _replace(self, component: Component, why: str) -> None:
        """Start another instance without charging a restart. The caller holds the component's lock."""
        try:
            await self._instances.start(component, why=why)
        except AirssysError as error:
            await self._decide(component, one_line(str(error)))

    async def _decide(self, component: Component, reason: GuestText) -> None:
        """Restart or give up. The caller holds the component's lock."""
        if component.active is None:
            return
        if component.supervision.hindered:
            self._wait_out(component, reason)
            return
        if self.groups.takes(component):
            await self.groups.failed(component, reason)
            return
        policy = component.active.manifest.supervision
        decision = decide(policy, component.supervision.budget, component.life.tick(), self._rng)
        component.supervision.spend(decision.budget)
        component.life.report(Health.UNHEALTHY)
        component.life.serve_since(None)
        if not decision.restart:
            if not await self._probation.give_up(component, one_line(f"{reason}; {decision.reason}")):
                self._exhaust(component, f"{reason} · given up: {decision.reason}", decision.reason)
            return
        waiting = Recovery(RecoveryKind.BACKOFF, self._floor.clock() + decision.delay, decision.tries_left)
        component.supervision.back_off(waiting, time.monotonic() + decision.delay)
        component.shown.warn(one_line(f"{reason} · {_tries(decision.tries_left)} left", 500))
        component.teller.supervision(
            f"restarting in {format_duration(decision.delay)} ({_tries(decision.tries_left)} left)",
            EventAction.RESTARTING,
        )
        component.supervision.restart_with(
            self._background.start(self._restart_later(component, decision.delay, reason))
        )

    def _wait_out(self, component: Component, reason: GuestText) -> None:
        """Start again later what a circumstance kept from starting; that uses up no restart and condemns nothing."""
        delay = RETRY.delay(component.supervision.hindered - 1, self._rng)
        component.life.serve_since(None)
        waiting = Recovery(RecoveryKind.BACKOFF, self._floor.clock() + delay)
        component.supervision.back_off(waiting, time.monotonic() + delay)
        component.shown.warn(one_line(f"could not be started: {reason}", 300))
        component.teller.supervision(f"could not be started: {reason} · {retry_text(delay)}", EventAction.RESTARTING)
        component.supervision.restart_with(self._background.start(self._restart_later(component, delay, reason)))

    def _exhaust(self, component: Component, trouble: str, why: str) -> None:
        chain = f" · before that: {chain_text(component)}" if component.proof.chain else ""
        component.supervision.exhaust()
        component.shown.warn(one_line(trouble + chain, 600))
        dropped = component.actor.queued
        component.actor.accept(False)
        component.teller.supervision(f"given up: {why}; {dropped} waiting calls dropped{chain}", EventAction.EXHAUSTED)

    async def _restart_later(self, component: Component, delay: float, reason: GuestText) -> None:
        await asyncio.sleep(delay)
        async with component.lock:
            if component.state is not State.FAILED or component.supervision.recovery.kind is not RecoveryKind.BACKOFF:
                return
            component.supervision.count_restart()
            try:
                await self._instances.start(component, why=f"after {reason}")
            except AirssysError as error:
                await self._decide(component, one_line(str(error)))

    def reset(self, component: Component) -> bool:
        """Cancel the pending restart, because the operator overrides supervision; return whether there was one."""
        waited = self.groups.release(component)
        return component.supervision.cancel_restart() or waited

    def renew(self, component: Component) -> None:
        """Give the whole budget of restarts back, that of its groups included if they were given up."""
        component.supervision.renew()
        self.groups.book.renew(component.name)

    def hasten(self, component: Component) -> None:
        """Start a component at once that waits because something else was missing, which is there now."""
        supervision = component.supervision
        if supervision.hindered and supervision.recovery.kind is RecoveryKind.BACKOFF:
            self.reset(component)
            again = self._restart_later(component, 0.0, component.shown.trouble)
            supervision.restart_with(self._background.start(again))

    def resume(self, component: Component) -> None:
        """Schedule again a restart that :meth:`reset` cancelled. The caller holds the component's lock."""
        if component.state is not State.FAILED or component.intent.desired is Desired.STOPPED:
            return
        supervision = component.supervision
        delay = max(0.0, supervision.retry_at - time.monotonic())
        waiting = Recovery(RecoveryKind.BACKOFF, self._floor.clock() + delay, supervision.recovery.tries_left)
        supervision.back_off(waiting, supervision.retry_at)
        supervision.restart_with(self._background.start(self._restart_later(component, delay, component.shown.trouble)))

    def check_due(self, component: Component, now: float) -> None:
        """Check the health of a running component when its interval is over. Called about once a second."""
        self._optimiser.check(component, now)
        if component.state is not State.RUNNING or component.active is None or now < component.supervision.check_at:
            return
        if not component.active.interface.exports_interface(contract.HEALTH):
            return
        if component.supervision.checking or component.lock.locked():
            return  # the last check waits behind a call, which has its own deadline; or the component is being changed
        component.supervision.check(now + component.active.manifest.health.interval)
        try:
            asked = component.actor.post(contract.check_health, first=True)
        except (NotServing, MailboxFull):
            return
        component.supervision.await_report(True)
        self._background.start(self._take_report(component, asked.on_loop()))

    async def _take_report(self, component: Component, asked: asyncio.Future[contract.HealthReport]) -> None:
        try:
            report = await asked
        except (AirssysError, asyncio.CancelledError):
            return  # a trap reaches supervision by itself
        finally:
            component.supervision.await_report(False)
        if report.health is not component.life.health:
            said = f": {report.message}" if report.message else ""
            level = Level.INFO if report.health is Health.HEALTHY else Level.WARNING
            component.teller.health(f"{report.health}{said}", EventAction(report.health), level)
            component.life.report(report.health)
        if report.health is not Health.UNHEALTHY or component.active is None:
            component.supervision.end_unhealthy_row()
            self._probation.unhealthy(component, 0)
            return
        times = component.supervision.count_unhealthy()
        component.proof.fault()
        self._probation.unhealthy(component, times)
        if times >= component.active.manifest.health.failures:
            await self._replace_unhealthy(component, report.message)

    async def _replace_unhealthy(self, component: Component, message: GuestText) -> None:
        async with component.lock:
            if component.state is not State.RUNNING:
                return
            component.supervision.end_unhealthy_row()
            if await self._probation.settle(component):
                if self.groups.takes(component):
                    self.groups.replaced(component, message)
                return
            await self._instances.retire(component, keep_queue=True)
            component.life.enter("unhealthy", State.FAILED)
            await self._decide(component, one_line(f"unhealthy in a row: {message}"))

    async def close(self) -> None:
        """Cancel every pending restart, and what is compiled behind."""
        await self._optimiser.close()
        await self.groups.close()
        await self._background.close()


def _tries(count: int) -> str:
    return "1 try" if count == 1 else f"{count} tries"
