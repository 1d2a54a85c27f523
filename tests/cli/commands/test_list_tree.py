"""``list --tree`` and ``--group`` while no runtime runs: the groups come from the folder's configuration."""

from __future__ import annotations

import pytest

from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings


@pytest.fixture
def place(desk):
    desk.install("counter")
    desk.install("greeter")
    at = ("--folder", desk.folder, "--state-dir", desk.state_dir)
    runtime = EmbeddedRuntime.open(desk.folder, state_dir=desk.state_dir, settings=RuntimeSettings(watch=False))
    assert runtime.wait_settled(60)
    runtime.close()
    (desk.folder / "airssys.toml").write_text('[groups.line]\nmembers = ["greeter", "nobody", "counter"]\n')
    return at


def test_the_tree_has_the_groups_with_their_members_in_start_order(desk, place):
    lines = desk.run("list", "--tree", *place).out.splitlines()
    assert lines[1].startswith("line ")
    assert [line.split()[:2] for line in lines[2:]] == [["├", "greeter"], ["├", "nobody"], ["└", "counter"]]
    assert "waited for: not in the folder yet" in lines[3]
    told = desk.run("list", "--tree", "--json", *place).json
    assert [group["name"] for group in told["groups"]] == ["line"]
    assert [row["id"] for row in told["components"]] == ["counter", "greeter"]


def test_a_group_is_stopped_and_started_at_the_next_start(desk, place):
    stopped = desk.run("stop", "--group", "line", *place)
    assert (stopped.code, stopped.out.count("will stay stopped")) == (0, 2)
    assert [row["desired"] for row in desk.run("list", "--json", *place).json] == ["stopped", "stopped"]
    assert desk.run("start", "--group", "line", *place).code == 0
    assert [row["desired"] for row in desk.run("list", "--json", *place).json] == ["running", "running"]
    unknown = desk.run("stop", "--group", "lime", *place)
    assert (unknown.code, "there is no group 'lime'" in unknown.err, "groups: line" in unknown.err) == (2, True, True)
    assert desk.run("stop", *place).code == 2
    assert desk.run("stop", "counter", "--group", "line", *place).code == 2


def test_a_mistake_is_told_and_there_are_no_groups(desk, place):
    (desk.folder / "airssys.toml").write_text("[groups.line]\n")
    told = desk.run("list", "--tree", *place)
    assert "ignored: airssys.toml:1: groups.line.members: is required" in told.err
    assert "supervised" not in told.out
