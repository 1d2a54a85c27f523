"""What a group does when a member exits; the machine in ``test_group_machine`` compares all of it with OTP's rules."""

from __future__ import annotations

import msgspec

from airssys_tui.core.groups.group_rules import NOTHING, Exit, Standing, exited, followed, not_started, passed
from airssys_tui.core.groups.group_table import Group, GroupStrategy, GroupTable, Member
from airssys_tui.core.groups.group_tree import GroupTree
from airssys_tui.core.supervision import RestartPolicy

PIPELINE = Group(
    name="pipeline",
    strategy=GroupStrategy.REST_FOR_ONE,
    members=(Member("parse"), Member("enrich"), Member("store")),
    max_restarts=1,
    window=10.0,
)
SITE = Group(
    name="site",
    strategy=GroupStrategy.ONE_FOR_ALL,
    members=(Member("pipeline", is_group=True), Member("front")),
    max_restarts=0,
)
TREE = GroupTree(GroupTable((PIPELINE, SITE)))


def permanent(_: str) -> RestartPolicy:
    return RestartPolicy.PERMANENT


def test_the_tree_knows_paths_and_orders() -> None:
    assert TREE.path("enrich") == ("site", "pipeline")
    assert TREE.path("other") == ()
    assert TREE.tops == ("site",)
    assert TREE.components(Member("site", is_group=True)) == ("parse", "enrich", "store", "front")
    assert TREE.before("store") == ("parse", "enrich")
    assert TREE.before("parse") == TREE.before("other") == ()


def test_an_escalation_is_a_chain_from_its_cause() -> None:
    standing, plan = exited(TREE, Standing(), Exit("enrich", "enrich trapped"), 0.0, permanent)
    assert (plan.stop, plan.start, plan.left) == (("store",), ("enrich", "store"), 0)
    standing, plan = exited(TREE, standing, Exit("parse", "parse trapped"), 10.0, permanent)
    assert plan.given_up
    assert plan.stop == ("store", "enrich", "front")
    assert plan.chain == (
        "parse trapped",
        "pipeline: 1 restart within 10 s is used up",
        "site: 0 restarts within 60 s are used up",
    )
    assert standing.given_up == {"site": plan.chain}


def test_an_exit_that_is_not_charged_uses_up_nothing() -> None:
    event = Exit("parse", "another revision took over", charged=False)
    standing, plan = exited(TREE, Standing(), event, 0.0, permanent)
    assert plan.start == ("parse", "enrich", "store")
    assert standing.spent(PIPELINE, 0.0) == ()


def test_who_is_in_no_group_is_nobody_s() -> None:
    assert exited(TREE, Standing(), Exit("other", "trap"), 0.0, permanent) == (Standing(), NOTHING)


def test_other_groups_keep_what_is_known_of_those_that_stay() -> None:
    standing = Standing({"pipeline": (1.0,), "site": (2.0,)}, frozenset(("site",)), {"site": ("why",)})
    alone = GroupTree(GroupTable((PIPELINE,)))
    assert followed(alone, standing) == Standing({"pipeline": (1.0,)})
    assert followed(TREE, standing) == standing


def test_a_restart_counts_until_its_window_is_over() -> None:
    standing = Standing({"pipeline": (0.0,)})
    assert exited(TREE, standing, Exit("parse", "trap"), 10.0, permanent)[1].given_up
    assert not exited(TREE, standing, Exit("parse", "trap"), 10.1, permanent)[1].given_up


def test_a_group_that_cannot_be_started_again_is_counted_by_the_one_around_it() -> None:
    outer = GroupTree(GroupTable((PIPELINE, msgspec.structs.replace(SITE, max_restarts=5))))
    standing = Standing({"pipeline": (0.0,)})
    standing, plan = exited(outer, standing, Exit("store", "trap"), 1.0, permanent)
    assert standing.opening == {"pipeline"}
    assert plan.start == ("parse", "enrich", "store", "front")
    standing = passed(outer, standing, "parse")
    standing, plan = not_started(outer, standing, Exit("enrich", "no memory"), 2.0, permanent)
    assert (plan.group, plan.chain, plan.spent) == ("site", ("no memory", "pipeline could not be started"), 2)
    assert passed(outer, standing, "store").opening == frozenset()
