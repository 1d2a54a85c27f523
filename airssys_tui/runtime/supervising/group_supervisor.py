"""Groups of supervision at work: carries out what ``core/groups/group_rules`` decides, on real components.

A member that lost its instance is decided about by its group; its own budget of restarts (``max_restarts`` and
``window`` of its manifest) counts only outside of groups. Its restart type, backoff and ``shutdown`` hold everywhere.
The order around that is fixed:

1. Probation goes first. A revision that spends its trap budget is rolled back; a group that would escalate because of a
   revision that is not stable goes back from it instead, if there is a stable one. What is gone back to takes the
   place of the restart of that member: the strategy is applied around it, and nothing is charged.
2. The rules make a plan: who ends, in which order, and who starts after that. A plan is carried out by one task, which
   holds the lock of one component at a time. Nobody waits for it.
3. A member that waits for its turn is in backoff, and its mailbox keeps accepting calls. The wait is the backoff of the
   member that failed, by the restarts of the group that acts.
4. A newer plan takes over the members that it names; the older one passes them over and does the rest. So does an
   operator: what is started, stopped or reloaded by hand leaves the plan that it was in.
5. What a circumstance keeps from starting is tried again by itself, and the others go on: it counts nowhere.

A component that the operator stopped, that is unloaded or quarantined, or whose files are gone, is left out; a command
runs when it is asked for, and only ends with its group.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from airssys_tui.core.errors import AirssysError
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.groups.group_rules import NOTHING, Exit, Plan
from airssys_tui.core.lifecycle import Desired, Health, Recovery, RecoveryKind, State
from airssys_tui.core.supervision import RestartPolicy
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.units import format_duration
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.group_book import GroupBook
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.deploying.instances import Instances
from airssys_tui.runtime.machinery.background_tasks import Background
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.supervising.probation_watch import ProbationWatch


class GroupSupervisor:
    """Restarts, ends and gives up members of groups. Used on the control loop.

    Args:
        floor: The machinery.
        router: The components.
        book: The groups.
        instances: Starts and stops components.
        probation: Goes back from revisions that are not stable.
        rng: Source of the jitter of the delays.

    Attributes:
        hindered: Called, with the component's lock held, when a circumstance kept a member from starting.
    """

    def __init__(
        self,
        floor: Floor,
        router: Router,
        book: GroupBook,
        *,
        instances: Instances,
        probation: ProbationWatch,
        rng: random.Random | None = None,
    ) -> None:
        self._floor = floor
        self._router = router
        self.book = book
        self._instances = instances
        self._probation = probation
        self._rng = rng if rng is not None else random.Random()  # noqa: S311 - no secret
        self._plans: dict[str, Plan] = {}
        self._background = Background(floor.journal)
        self.hindered: Callable[[Component, GuestText], None] = lambda _component, _reason: None

    def takes(self, component: Component) -> bool:
        """Return whether a group decides about a component that failed."""
        grouped = self.book.tree.group_of(component.name) is not None
        return grouped and self.book.policy_of(component.name) is not RestartPolicy.TEMPORARY

    async def failed(self, component: Component, reason: GuestText) -> None:
        """Decide about a member that lost its instance. The caller holds the component's lock."""
        event = Exit(component.name, f"{component.name}: {reason}")
        ahead, own = self.book.would_exit(event), self.book.tree.group_of(component.name)
        if own is not None and (ahead.given_up or ahead.group != own.name):
            why = f"{reason}; {ahead.chain[1]}"
            go_back = self._probation.give_up if ahead.given_up else self._probation.go_back
            if await go_back(component, why):
                self.replaced(component, reason)
                return
        self._act(component, reason, self.book.exited(event))

    def replaced(self, component: Component, reason: GuestText) -> None:
        """Apply the strategy around a member that was rolled back; nothing is charged for it."""
        plan = self.book.exited(Exit(component.name, f"{component.name}: {reason}, rolled back", charged=False))
        if plan.stop:
            self._take_over(plan)
            self._tell(plan)
            self._background.start(self._carry_out(plan, 0.0))

    def release(self, component: Component) -> bool:
        """Take a component out of the plan that it waits in: the operator acts; return whether it was in one."""
        return self._plans.pop(component.name, None) is not None

    async def restart(self, group: str) -> None:
        """Restart a group for an operator: all of it ends in reverse start order, then starts in start order.

        Raises:
            UsageError: There is no such group.
        """
        plan = self.book.restart(group)
        self._take_over(plan)
        await asyncio.shield(self._background.start(self._carry_out(plan, 0.0)))

    def _act(self, component: Component, reason: GuestText, plan: Plan) -> None:
        if plan is NOTHING or component.active is None:
            return
        self._take_over(plan)
        component.life.report(Health.UNHEALTHY)
        component.life.serve_since(None)
        self._tell(plan)
        due = time.monotonic()
        if plan.given_up:
            self._give_up(component, plan)
        else:
            delay = component.active.manifest.supervision.backoff.delay(max(0, plan.spent - 1), self._rng)
            due += delay
            self._wait(component, plan, due, f"{reason} · {_left(plan)}")
            told = f"restarting in {format_duration(delay)} ({_left(plan)})"
            component.teller.supervision(told, EventAction.RESTARTING)
        self._background.start(self._carry_out(plan, due))

    def _take_over(self, plan: Plan) -> None:
        self._plans |= dict.fromkeys((*plan.stop, *plan.start), plan)

    def _tell(self, plan: Plan) -> None:
        """Say what a group does beyond the member that failed."""
        if not plan.stop and not plan.given_up:
            return
        chain = " -> ".join(plan.chain)
        if plan.given_up:
            text, action, level = f"group {plan.group} given up: {chain}", EventAction.EXHAUSTED, Level.ERROR
        else:
            again = ", ".join(plan.start) or "nothing"
            text = f"group {plan.group} ends {', '.join(plan.stop)} and starts {again}: {chain}"
            action, level = EventAction.ESCALATED, Level.WARNING
        self._floor.journal.emit(EventKind.SUPERVISION, text, action=action, level=level)

    async def _carry_out(self, plan: Plan, due: float) -> None:
        """Carry out a plan; ``due`` is the monotonic time before which nothing starts."""
        for name in plan.stop:
            component = self._router.named(name)
            if component is not None and self._is_in(component, plan):
                await self._end(component, plan, due)
            if name not in plan.start:
                self._leave(name, plan)
        if plan.start:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        for name in plan.start:
            component = self._router.named(name)
            if component is not None and self._is_in(component, plan):
                await self._begin(component, plan)
            if self._plans.get(name, plan) is plan:
                self.book.passed(name)
            self._leave(name, plan)

    def _is_in(self, component: Component, plan: Plan) -> bool:
        return self._plans.get(component.name) is plan

    def _leave(self, name: str, plan: Plan) -> None:
        if self._plans.get(name) is plan:
            del self._plans[name]

    async def _end(self, component: Component, plan: Plan, due: float) -> None:
        """End a member because of another one."""
        await self._instances.end_command(component)
        async with component.lock:
            if not self._is_in(component, plan):
                return
            waits = component.supervision.recovery.kind is RecoveryKind.BACKOFF
            if component.state is State.RUNNING:
                await self._end_running(component, plan, due)
            elif component.state is State.FAILED and waits:
                component.supervision.cancel_restart()
                if plan.given_up:
                    self._give_up(component, plan)

    async def _end_running(self, component: Component, plan: Plan, due: float) -> None:
        again = component.name in plan.start
        if not again and not plan.given_up:
            await self._instances.stop(component, why=f"ended with its group {plan.group}, and is not restarted by it")
            return
        await self._instances.retire(component, keep_queue=again)
        component.life.enter("end with its group", State.FAILED)
        component.life.report(Health.UNKNOWN)
        component.life.serve_since(None)
        if plan.given_up:
            self._give_up(component, plan)
            return
        self._wait(component, plan, due, f"ended with its group {plan.group}: {' -> '.join(plan.chain)}")
        component.teller.lifecycle(f"ended with its group {plan.group}", EventAction.STOPPED)

    def _wait(self, component: Component, plan: Plan, due: float, note: str) -> None:
        until = self._floor.clock() + max(0.0, due - time.monotonic())
        component.supervision.back_off(Recovery(RecoveryKind.BACKOFF, until, plan.left), due)
        component.shown.warn(one_line(note, 500))

    def _give_up(self, component: Component, plan: Plan) -> None:
        component.supervision.exhaust()
        component.shown.warn(one_line(f"given up with group {plan.group}: {' -> '.join(plan.chain)}", 600))
        dropped = component.actor.queued
        component.actor.accept(False)
        told = f"given up with group {plan.group}; {dropped} waiting calls dropped"
        component.teller.supervision(told, EventAction.EXHAUSTED)

    async def _begin(self, component: Component, plan: Plan) -> None:
        """Start a member when its turn comes."""
        async with component.lock:
            if not self._is_in(component, plan) or component.state is State.RUNNING:
                return
            component.supervision.cancel_restart()
            if not _is_wanted(component) or component.state not in {State.FAILED, State.STOPPED, State.INSTALLED}:
                component.supervision.recovered()
                return
            if plan.spent:
                component.supervision.count_restart()
            try:
                await self._instances.start(component, why=f"with its group {plan.group}: {plan.chain[0]}")
            except AirssysError as error:
                reason = one_line(str(error))
                if component.supervision.hindered:
                    self.hindered(component, reason)
                else:
                    event = Exit(component.name, f"{component.name} could not be started: {reason}")
                    self._act(component, reason, self.book.not_started(event))

    async def close(self) -> None:
        """Cancel every plan."""
        await self._background.close()


def _is_wanted(component: Component) -> bool:
    intent = component.intent
    runs = component.served.kind != "command" and component.active is not None
    free = not intent.unloaded and not component.proof.condemned
    return runs and free and component.files.usable and intent.desired is Desired.RUNNING


def _left(plan: Plan) -> str:
    return f"{plan.left} {'try' if plan.left == 1 else 'tries'} left in group {plan.group}"
