"""``start`` of a command: arguments of one run, and its exit code as that of the command line."""

from __future__ import annotations

import pytest

from tests.support.command_guests import exiting, telling_arguments


@pytest.fixture
def put(desk):
    def write(wasm: bytes) -> tuple[str, ...]:
        directory = desk.folder / "tool"
        directory.mkdir()
        (directory / "tool.wasm").write_bytes(wasm)
        (directory / "Component.toml").write_text('[package]\nname = "tool"\n[component]\nwasm = "tool.wasm"\n')
        return ("--folder", desk.folder, "--state-dir", desk.state_dir)

    return write


def test_wait_gives_the_arguments_and_exits_with_the_exit_code(desk, put):
    place = put(telling_arguments())
    answer = desk.run("start", "tool", "--wait", *place, "--", "-v", "7")
    assert answer.code == 48 + 7
    assert "exit status 55" in answer.out
    told = desk.run("start", "tool", "--wait", "--json", *place)
    assert (told.code, told.json["exit_code"]) == (16 + (ord("t") & 15),) * 2
    described = desk.run("describe", "tool", *place).out
    assert [line.split()[-1] for line in described.splitlines() if line.startswith("exit code ")] == [str(told.code)]
    assert desk.run("describe", "tool", "--json", *place).json["view"]["exit_code"] == told.code
    (row,) = desk.run("list", "--json", *place).json
    assert row["exit_code"] == told.code


def test_without_a_runtime_arguments_need_wait(desk, put):
    place = put(exiting(0))
    assert desk.run("start", "tool", "--wait", *place).code == 0
    refused = desk.run("start", "tool", *place, "--", "x")
    assert refused.code == 2
    assert "--wait" in refused.err
    recorded = desk.run("start", "tool", *place)
    assert (recorded.code, recorded.out) == (0, "tool will start at the next start\n")
