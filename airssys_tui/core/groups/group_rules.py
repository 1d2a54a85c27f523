"""What a group does when one of its members exits: the rules of supervisors in Erlang/OTP, as pure functions.

The rules are those of https://www.erlang.org/doc/apps/stdlib/supervisor.html and
https://www.erlang.org/doc/system/sup_princ.html:

* *Restart types.* A permanent member is always restarted, a transient one only after a failure, a temporary one never,
  not even when the strategy of its group ends it because of another member.
* *Strategies.* ``one-for-one`` restarts the member, ``one-for-all`` ends all others and starts all, ``rest-for-one``
  ends those that start after it, and starts it and them. Members end in reverse start order and start in start order.
* *Intensity.* With more than ``max_restarts`` restarts within ``window``, a group ends all its members and then itself.
  For the group around it that is the exit of one permanent member, with the same rules. A group that starts again has
  an empty window, and starts all its members, temporary ones as well.
* *Starts that fail.* A member that cannot be restarted has exited again, and counts again. While a group as a whole is
  started again, a member that cannot be started ends that start: the group around it counts it.
* At the top nothing is left to escalate to: the group is given up.

What differs from OTP, because an operator is part of the system: a component that the operator stopped, or whose files
are gone, is started by no strategy; whoever carries out a plan leaves it out. And the first start of a group does not
fail as a whole: a member that cannot be started has exited.

Nothing here knows a clock or a thread: times come with the events, in seconds of one clock that never goes back. An
event and a standing give the next standing and a plan, which somebody else carries out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from airssys_tui.core.groups.group_table import Group, GroupStrategy, Member
from airssys_tui.core.groups.group_tree import GroupTree
from airssys_tui.core.supervision import RestartPolicy

PolicyOf = Callable[[str], RestartPolicy]
"""Returns the restart type of a component."""


class Standing(msgspec.Struct, frozen=True):
    """How the groups of a folder stand.

    Attributes:
        windows: When each group made its restarts that still count, oldest first.
        opening: Groups that are being started again as a whole.
        given_up: The groups at the top that gave up, and why, from the first cause outwards.
    """

    windows: Mapping[str, tuple[float, ...]] = {}
    opening: frozenset[str] = frozenset()
    given_up: Mapping[str, tuple[str, ...]] = {}

    def spent(self, group: Group, now: float) -> tuple[float, ...]:
        """Return the restarts of a group that still count."""
        return tuple(at for at in self.windows.get(group.name, ()) if now - at <= group.window)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done after an event, in this order.

    Attributes:
        group: The group that acts; empty if nothing is to be done.
        stop: Components to end, one after the other.
        start: Components to start after that, one after the other.
        opens: Groups that start again as a whole.
        chain: What happened, from the first cause outwards.
        spent: Restarts of the acting group within its window, this one included.
        left: Restarts that it has left.
        given_up: Whether the group at the top gave up; then everything in it is to end and nothing starts.
    """

    group: str = ""
    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    opens: frozenset[str] = frozenset()
    chain: tuple[str, ...] = ()
    spent: int = 0
    left: int = 0
    given_up: bool = False


NOTHING: Final = Plan()


class Exit(msgspec.Struct, frozen=True):
    """The exit of a component.

    Attributes:
        component: Its name.
        reason: Why, for people.
        failed: Whether it ended with a failure.
        charged: Whether the first group counts it; it does not when another revision has taken its place already.
    """

    component: str
    reason: str
    failed: bool = True
    charged: bool = True


def exited(tree: GroupTree, standing: Standing, event: Exit, now: float, policy_of: PolicyOf) -> tuple[Standing, Plan]:
    """Decide about a component that exited.

    Args:
        tree: The groups.
        standing: How they stand.
        event: The exit.
        now: Seconds.
        policy_of: The restart types of the members.

    Returns:
        How they stand then, and what is to be done; nothing for a component that is in no group, or not restarted.
    """
    policy = policy_of(event.component)
    if policy is RestartPolicy.TEMPORARY or (policy is RestartPolicy.TRANSIENT and not event.failed):
        return standing, NOTHING
    rising = _Rising(tree, standing, now, policy_of, done=(event.component,), chain=(event.reason,))
    return rising.from_member(Member(event.component), charged=event.charged)


def not_started(
    tree: GroupTree, standing: Standing, event: Exit, now: float, policy_of: PolicyOf
) -> tuple[Standing, Plan]:
    """Decide about a component that could not be started; arguments and answer as in :func:`exited`.

    If its group is being started again as a whole, that start has failed, and so on outwards.
    """
    failed = Member(event.component)
    chain: tuple[str, ...] = (event.reason,)
    while (group := tree.owner(failed)) is not None and group.name in standing.opening:
        chain = (*chain, f"{group.name} could not be started")
        failed = Member(group.name, is_group=True)
    rising = _Rising(tree, standing, now, policy_of, done=(event.component,), chain=chain)
    rising.end(tree.components(failed))
    return rising.from_member(failed)


def passed(tree: GroupTree, standing: Standing, component: str) -> Standing:
    """Return how the groups stand when the start of a component is over: a group has started after its last one."""
    over: set[str] = set()
    for name in reversed(tree.path(component)):
        if tree.components(Member(name, is_group=True))[-1] != component:
            break
        over.add(name)
    return msgspec.structs.replace(standing, opening=standing.opening - over) if over else standing


def restart_of(tree: GroupTree, standing: Standing, name: str) -> tuple[Standing, Plan]:
    """Decide how a group is restarted for an operator: all of it ends, all of it starts, and nothing counts it.

    Args:
        tree: The groups.
        standing: How they stand.
        name: The group.
    """
    member = Member(name, is_group=True)
    components = tree.components(member)
    plan = Plan(group=name, stop=tuple(reversed(components)), start=components, chain=("restarted by operator",))
    return renewed(tree, standing, name), plan


def renewed(tree: GroupTree, standing: Standing, name: str) -> Standing:
    """Return how the groups stand when a group begins anew: with empty windows, and its top no longer given up."""
    member = Member(name, is_group=True)
    inner = frozenset(tree.inner(member))
    return Standing(
        {each: times for each, times in standing.windows.items() if each not in inner},
        standing.opening - inner,
        _without(standing.given_up, tree.top_of(member)),
    )


def followed(tree: GroupTree, standing: Standing) -> Standing:
    """Return how other groups stand: what is known of a group of the same name goes on."""
    return Standing(
        {name: times for name, times in standing.windows.items() if name in tree.groups},
        standing.opening & tree.groups.keys(),
        {name: chain for name, chain in standing.given_up.items() if name in tree.tops},
    )


class _Rising:
    """An exit on its way outwards, until a group can restart, or none is left."""

    def __init__(
        self,
        tree: GroupTree,
        standing: Standing,
        now: float,
        policy_of: PolicyOf,
        *,
        done: tuple[str, ...],
        chain: tuple[str, ...],
    ) -> None:
        self._tree = tree
        self._standing = standing
        self._now = now
        self._policy_of = policy_of
        self._ended = dict.fromkeys(done)
        self._down = len(done)
        self._chain = list(chain)
        self._anew: set[str] = set()
        self._top = tree.top_of(Member(done[0]))

    def end(self, components: tuple[str, ...]) -> None:
        """Note that components end, in reverse start order."""
        self._ended.update(dict.fromkeys(reversed(components)))

    def from_member(self, failed: Member, *, charged: bool = True) -> tuple[Standing, Plan]:
        """Go outwards from a member that is gone."""
        group = self._tree.owner(failed)
        if group is None and not failed.is_group:
            return self._standing, NOTHING
        while group is not None:
            spent = self._standing.spent(group, self._now)
            spent = (*spent, self._now) if charged else spent
            if len(spent) <= group.max_restarts or not charged:
                return self._restart(group, failed, spent)
            self._chain.append(f"{group.name}: {_used_up(group)}")
            failed, charged = Member(group.name, is_group=True), True
            self.end(self._tree.components(failed))
            self._anew.update(self._tree.inner(failed))
            group = self._tree.owner(failed)
        return self._give_up(failed.name)

    def _restart(self, group: Group, failed: Member, spent: tuple[float, ...]) -> tuple[Standing, Plan]:
        at = group.members.index(failed)
        others = {
            GroupStrategy.ONE_FOR_ONE: (failed,),
            GroupStrategy.ONE_FOR_ALL: group.members,
            GroupStrategy.REST_FOR_ONE: group.members[at:],
        }[group.strategy]
        for member in reversed(others):
            if member != failed:
                self.end(self._tree.components(member))
        again = [member for member in others if member == failed or not self._is_temporary(member)]
        opens = frozenset(name for member in again for name in self._tree.inner(member))
        plan = Plan(
            group=group.name,
            stop=self._stop,
            start=tuple(name for member in again for name in self._tree.components(member)),
            opens=opens,
            chain=tuple(self._chain),
            spent=len(spent),
            left=max(0, group.max_restarts - len(spent)),
        )
        standing = self._settled(self._anew | opens)
        windows = {**standing.windows, group.name: spent}
        opening = (standing.opening - {group.name}) | opens
        return msgspec.structs.replace(standing, windows=windows, opening=opening), plan

    def _is_temporary(self, member: Member) -> bool:
        return not member.is_group and self._policy_of(member.name) is RestartPolicy.TEMPORARY

    def _give_up(self, top: str) -> tuple[Standing, Plan]:
        standing = self._settled(self._anew)
        chain = tuple(self._chain)
        given_up = {**standing.given_up, top: chain}
        plan = Plan(group=top, stop=self._stop, chain=chain, given_up=True)
        return msgspec.structs.replace(standing, given_up=given_up), plan

    def _settled(self, anew: frozenset[str] | set[str]) -> Standing:
        standing = self._standing
        windows = {name: times for name, times in standing.windows.items() if name not in anew}
        given_up = _without(standing.given_up, self._top)
        return Standing(windows, standing.opening - anew, given_up)

    @property
    def _stop(self) -> tuple[str, ...]:
        return tuple(self._ended)[self._down :]


def _used_up(group: Group) -> str:
    many = group.max_restarts != 1
    return (
        f"{group.max_restarts} restart{'s' if many else ''} within {group.window:g} s {'are' if many else 'is'} used up"
    )


def _without(chains: Mapping[str, tuple[str, ...]], name: str) -> dict[str, tuple[str, ...]]:
    return {key: chain for key, chain in chains.items() if key != name}
