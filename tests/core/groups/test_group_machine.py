"""The rules of groups against a model of OTP's supervisors: any tree, any history, on a clock of the test."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from airssys_tui.core.groups.group_rules import (
    Exit,
    Plan,
    Standing,
    exited,
    not_started,
    passed,
    renewed,
    restart_of,
)
from airssys_tui.core.groups.group_table import Group, GroupStrategy, GroupTable, Member
from airssys_tui.core.groups.group_tree import GroupTree
from airssys_tui.core.supervision import RestartPolicy
from tests.support.otp_supervisor import Supervisor, Worker, World

TOP = "g0"


@st.composite
def tables(draw: st.DrawFn) -> GroupTable:
    """Return groups that lie in one another in any way below one at the top."""
    count = draw(st.integers(1, 4))
    members: list[list[Member]] = [
        [Member(f"c{group}-{index}") for index in range(draw(st.integers(0 if group + 1 < count else 1, 3)))]
        for group in range(count)
    ]
    for group in range(1, count):
        owner = members[draw(st.integers(0, group - 1))]
        owner.insert(draw(st.integers(0, len(owner))), Member(f"g{group}", is_group=True))
    for group, own in enumerate(members):
        if not own:
            own.append(Member(f"c{group}-0"))
    return GroupTable(
        tuple(
            Group(
                name=f"g{group}",
                members=tuple(own),
                strategy=draw(st.sampled_from(GroupStrategy)),
                max_restarts=draw(st.integers(0, 3)),
                window=draw(st.sampled_from([1.0, 4.0])),
            )
            for group, own in enumerate(members)
        )
    )


class Executor:
    """Carries out plans at once: the way of the runtime, without time in between."""

    def __init__(self, tree: GroupTree, policies: dict[str, RestartPolicy]) -> None:
        self.tree = tree
        self.policies = policies
        self.standing = Standing()
        self.world = World()
        self.alive: set[str] = set()

    def event(self, event: Exit) -> None:
        self.alive.discard(event.component)
        self.standing, plan = exited(self.tree, self.standing, event, self.world.now, self.policies.__getitem__)
        self.carry_out(plan)

    def carry_out(self, plan: Plan) -> None:
        while (failed := self._carried_out(plan)) is not None:
            event = Exit(failed, "start")
            self.standing, plan = not_started(
                self.tree, self.standing, event, self.world.now, self.policies.__getitem__
            )

    def _carried_out(self, plan: Plan) -> str | None:
        for name in plan.stop:
            if name in self.alive:
                self.alive.discard(name)
                self.world.log.append(("stop", name))
        for name in plan.start:
            if name not in self.world.held and name not in self.alive:
                if self.world.fails(name):
                    return name
                self.alive.add(name)
                self.world.log.append(("start", name))
            self.standing = passed(self.tree, self.standing, name)
        return None


class GroupMachine(RuleBasedStateMachine):
    """Both get the same events; what happens has to be the same, in the same order."""

    @initialize(table=tables(), data=st.data())
    def begin(self, table: GroupTable, data: Any) -> None:
        tree = GroupTree(table)
        self.names = tree.components(Member(TOP, is_group=True))
        policies = {name: data.draw(st.sampled_from(RestartPolicy)) for name in self.names}
        self.rules, self.world = Executor(tree, policies), World()

        def make(name: str, is_group: bool) -> Worker | Supervisor:
            if is_group:
                return Supervisor(tree.groups[name], make, self.world, None)
            return Worker(name, policies[name], self.world)

        self.top = Supervisor(tree.groups[TOP], make, self.world, None)
        self.workers = {worker.name: worker for worker in self.top.workers()}
        self.top.start()
        self.rules.carry_out(Plan(group=TOP, start=self.names))

    def owner(self, name: str) -> Supervisor:
        def find(supervisor: Supervisor) -> Supervisor | None:
            for spec in supervisor.specs:
                if isinstance(spec, Worker) and spec.name == name:
                    return supervisor
                if isinstance(spec, Supervisor) and (found := find(spec)) is not None:
                    return found
            return None

        found = find(self.top)
        assert found is not None
        return found

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.0]))
    def wait(self, seconds: float) -> None:
        self.world.now += seconds
        self.rules.world.now += seconds

    def let_starts_fail(self, data: Any, times: int) -> None:
        name = data.draw(st.sampled_from(self.names))
        self.world.failing[name] = self.rules.world.failing[name] = times

    @precondition(lambda self: any(worker.alive for worker in self.workers.values()))
    @rule(data=st.data(), failed=st.sampled_from([True, True, True, False]), broken=st.integers(0, 2))
    def exit(self, data: Any, failed: bool, broken: int) -> None:
        for _ in range(broken):
            self.let_starts_fail(data, broken)
        name = data.draw(st.sampled_from([name for name, worker in self.workers.items() if worker.alive]))
        worker = self.workers[name]
        worker.alive = False
        self.owner(name).exit_of(worker, failed=failed)
        self.rules.event(Exit(name, "exit", failed=failed))

    @precondition(lambda self: not self.top.gone)
    @rule(data=st.data())
    def operator_stops(self, data: Any) -> None:
        name = data.draw(st.sampled_from(self.names))
        for world in (self.world, self.rules.world):
            world.held.add(name)
        self.workers[name].terminate()
        self.rules.carry_out(Plan(stop=(name,)))

    @rule(data=st.data())
    def operator_lets_start_again(self, data: Any) -> None:
        name = data.draw(st.sampled_from(self.names))
        for world in (self.world, self.rules.world):
            world.held.discard(name)

    @rule()
    def operator_restarts_everything(self) -> None:
        for world in (self.world, self.rules.world):
            world.failing.clear()
        self.top.terminate()
        self.top.start()
        self.rules.standing, plan = restart_of(self.rules.tree, self.rules.standing, TOP)
        self.rules.carry_out(plan)
        assert self.rules.standing == renewed(self.rules.tree, self.rules.standing, TOP)

    @invariant()
    def the_same_happened(self) -> None:
        if hasattr(self, "rules"):
            assert self.rules.world.log == self.world.log
            assert self.rules.alive == {name for name, worker in self.workers.items() if worker.alive}
            assert (TOP in self.rules.standing.given_up) == self.top.gone
            assert not self.rules.standing.opening
            self.world.log.clear()
            self.rules.world.log.clear()


GroupMachine.TestCase.settings = settings(
    max_examples=120, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
test_groups_follow_the_rules_of_otp = GroupMachine.TestCase
