"""What a command prints is told with the way it ended: by a trap, by a status, or well. With a real C library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airssys_tui.core.events import EventKind
from airssys_tui.core.lifecycle import CommandOutcome, State
from airssys_tui.core.traps import printed_text
from tests.support.toolchains import PANIC
from tests.support.world import World

NOWHERE = "orders: No such file or directory"
FAILED = "error: no order of Zo\u00eb"
PANICKED = "panic: order 7 of Zo\u00eb has no items"
STEPS = [f"step {number}" for number in range(15)]
WASM = (PANIC / "orders.wasm").read_bytes()
PRINTED = {
    "trap": [("stderr", NOWHERE), ("stdout", "orders of Zo\u00eb: trap!"), ("stderr", PANICKED)],
    "fail": [
        ("stderr", NOWHERE),
        ("stdout", "orders of Zo\u00eb: fail!"),
        *(("stderr", step) for step in STEPS),
        ("stderr", FAILED),
    ],
    "leave": [("stderr", NOWHERE), ("stdout", "orders of Zo\u00eb: leave!")],
    "sleep": [("stderr", NOWHERE), ("stdout", "orders of Zo\u00eb: sleep!"), ("stdout", "after sleep")],
}
ENDS = {
    "trap": (CommandOutcome.TRAPPED, "trapped after ", PANICKED),
    "fail": (CommandOutcome.EXITED, "exit status 1", FAILED),
    "leave": (CommandOutcome.COMPLETED, "completed in ", ""),
    "sleep": (CommandOutcome.COMPLETED, "completed in ", ""),
}


def put(folder: Path, how: str) -> Path:
    directory = folder / "orders"
    directory.mkdir(parents=True)
    (directory / "orders.wasm").write_bytes(WASM)
    manifest = f'[package]\nname = "orders"\n[component]\nwasm = "orders.wasm"\nargs = ["{how}"]\n'
    (directory / "Component.toml").write_text(manifest + '[resources]\ndeadline = "500ms"\n')
    return directory


@pytest.mark.parametrize("how", ENDS)
def test_its_lines_and_its_end_are_told(world: World, command, how: str) -> None:
    outcome, said, words = ENDS[how]
    put(world.folder, how)
    world.open()
    row = world.wait_row("orders", lambda row: row.state in {State.STOPPED, State.FAILED} and said in row.note.text)
    lines = [(event.action, event.text) for event in world.events("orders") if event.kind is EventKind.LOG]
    assert sorted(lines) == sorted(PRINTED[how])
    for stream in ("stdout", "stderr"):
        assert [line for line in lines if line[0] == stream] == [line for line in PRINTED[how] if line[0] == stream]
    assert world.runtime.probe.floor.state.catalog.command_end("orders").outcome is outcome
    assert words in row.note.text
    assert ("before that it printed" in row.note.text) == bool(words)
    told = world.wait_event("orders", "failed" if words else "completed").text
    assert words in told
    assert ("see: airssys-tui logs orders" in told) == bool(words)
    if how == "fail":
        assert all(step in told for step in STEPS[-9:])
        assert STEPS[-10] not in told
        assert "trap" not in told
    story = " ".join(world.runtime.explain("orders").result(30.0).sentences)
    assert words in story
    world.close()
    code, out, _ = command("explain", "orders", "--json")
    assert code == 0
    offline = " ".join(json.loads(out)["sentences"])
    assert "Its last run ended" in offline
    assert said in offline
    assert words in offline
    assert "has served as" not in offline
    assert "start it (airssys-tui start orders)" in offline


@pytest.mark.parametrize("how", ["trap", "fail"])
def test_a_call_of_a_path_tells_a_status_from_a_trap(tmp_path: Path, command, how: str) -> None:
    directory = put(tmp_path / "elsewhere", how)
    code, out, err = command("call", directory, "run", "--json")
    error = json.loads(out)["error"]
    assert code == 1
    assert [line for line in error["printed"] if line.startswith(("panic", "error", "step 14"))][-1] == ENDS[how][2]
    assert error["title"] == ("trap" if how == "trap" else "exit")
    assert ("trap" in err.splitlines()[0]) == (how == "trap")
    if how == "fail":
        assert error["message"] == "the guest exited with status 1"


@pytest.mark.parametrize("how", ["leave", "sleep"])
def test_a_call_of_a_path_that_ends_well_is_no_error(tmp_path: Path, command, how: str) -> None:
    code, out, err = command("call", put(tmp_path / "elsewhere", how), "run", "--json")
    report = json.loads(out)
    assert code == 0, err
    assert report["result"] == {"ok": None}
    assert sorted(report["output"]) == sorted(text for _, text in PRINTED[how])
    assert report["fuel"] > 0
    assert report["seconds"] > (1.0 if how == "sleep" else 0.0)


RUST = [
    "thread 'main' panicked at src/main.rs:7:5:",
    "order 7 has no items",
    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
]
LONG = 'Failed to call: Exception { message: Some("order 7 has no items"), stack: Some("' + "at fail " * 30


@pytest.mark.parametrize(
    ("printed", "most", "wanted"),
    [
        (RUST, 150, f"before that it printed: {RUST[0]} | {RUST[1]}"),
        (RUST[2:], 150, f"before that it printed: {RUST[2]}"),
        (["panic: x", "Cannot print stack trace: stack tracing is disabled"], 150, "before that it printed: panic: x"),
        ([*RUST[:1], LONG, RUST[2]], 150, f"before that it printed: {LONG[:149]}\u2026"),
        ([LONG, "done"], 100, f"before that it printed: {LONG[:89]}\u2026 | done"),
        (["y" * 60, "x" * 90], 100, f"before that it printed: {'x' * 90}"),
    ],
)
def test_the_reason_is_not_crowded_out(printed: list[str], most: int, wanted: str) -> None:
    assert printed_text(printed, most) == wanted
