"""``verify`` and ``checks`` on a folder nobody runs, and on a runtime that runs."""

from __future__ import annotations

import pytest


@pytest.fixture
def counting(desk):
    desk.install("counter")
    return ("--folder", desk.folder, "--state-dir", desk.state_dir)


def test_checks_are_kept_replayed_and_dropped(desk, counting):
    kept = desk.run("checks", "save", "counter", "adds up", "increment", "2", *counting)
    assert (kept.code, kept.out) == (0, "saved adds up: increment[2] gives 2\n")
    assert (
        desk.run("checks", "save", "counter", "adds more", "increment", "3", "--json", *counting).json["result"] == "5"
    )
    listed = desk.run("checks", "list", "counter", "--json", *counting).json
    assert [check["name"] for check in listed] == ["adds up", "adds more"]
    assert "adds up" in desk.run("checks", "list", "counter", *counting).out
    passed = desk.run("verify", "counter", *counting)
    assert passed.code == 0
    assert "2 of 2 checks passed" in passed.out
    assert desk.run("checks", "drop", "counter", "adds up", *counting).code == 0
    failed = desk.run("verify", "counter", *counting)
    assert failed.code == 1
    assert "expected 5 (saved with r1)" in failed.out
    assert "got      3" in failed.out
    assert [outcome["passed"] for outcome in desk.run("verify", "counter", "--json", *counting).json] == [False]


def test_a_component_without_checks_says_how_to_keep_one(desk, counting):
    answer = desk.run("verify", "counter", *counting)
    assert answer.code == 0
    assert "airssys-tui checks save counter" in answer.out


def test_what_is_no_call_is_no_check(desk, counting):
    refused = desk.run("checks", "save", "counter", "bad", "increment", "many", *counting)
    assert refused.code != 0
    assert "no result" in refused.err
    missing = desk.run("checks", "drop", "counter", "nothing", *counting)
    assert missing.code == 2
    assert "its checks: none" in missing.err
