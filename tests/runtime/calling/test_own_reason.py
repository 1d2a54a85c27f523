"""A trap comes with the guest's own reason: what it printed before, wherever the trap is told."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from airssys_tui.api.socket.server import ControlServer
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.traps import PRINTED, GuestTrap, printed_text
from airssys_tui.store.paths import control_path
from tests.support.components import Crafted
from tests.support.printer import ERR, OUT, printer
from tests.support.world import World

PATIENCE = 30.0
PANIC = "panic: order 7 has no items"
STAY = '[supervision]\nrestart = "temporary"\n'
MANY = [f"step {number}" for number in range(25)]
SAID = [
    [(ERR, PANIC + "\n")],
    [(ERR, PANIC)],
    [(OUT, "panic: "), (OUT, "order 7"), (OUT, " has no items"), (OUT, "\n")],
    [(OUT, "noise\n"), (ERR, "Traceback:\n"), (ERR, PANIC), (ERR, "\n")],
]
IDS = ["a line", "unfinished", "in pieces", "the last of several"]


def pieces(*texts: str) -> str:
    """Return what ``print`` takes, as JSON."""
    return json.dumps([[ERR, f"{text}\n"] for text in texts])


def trap_of(world: World, *said: tuple[bool, str]) -> GuestTrap:
    """Have the component print and trap; return the trap."""
    error = world.runtime.invoke("printer", "print", list(said), True).exception(PATIENCE)
    assert isinstance(error, GuestTrap)
    return error


@pytest.fixture
def printing(world: World) -> World:
    """Give a world in which the printer serves and is not restarted."""
    world.put("printer", printer(), STAY)
    world.open()
    return world


@pytest.mark.parametrize("said", SAID, ids=IDS)
def test_the_error_the_row_the_event_and_the_story_have_it(printing: World, said: list[tuple[bool, str]]) -> None:
    trap = trap_of(printing, *said)
    assert trap.trap.printed[-1] == PANIC
    told = printing.wait_event("printer", "trapped").text
    assert PANIC in told
    assert "see: airssys-tui logs printer" in told
    row = printing.wait_row("printer", lambda row: "unreachable" in row.note.text)
    assert PANIC in row.note.text
    story = " ".join(printing.runtime.explain("printer").result(PATIENCE).sentences)
    assert PANIC in story


def test_ten_lines_are_told_the_newest_ones_and_only_of_this_call(printing: World) -> None:
    printing.runtime.invoke("printer", "print", [(OUT, "an earlier call\n")], False).result(PATIENCE)
    trap = trap_of(printing, *((OUT, f"{line}\n") for line in MANY))
    assert list(trap.trap.printed) == MANY[-PRINTED:]
    told = printing.wait_event("printer", "trapped").text
    assert all(line in told for line in MANY[-PRINTED:])
    assert MANY[-PRINTED - 1] not in told
    assert "earlier" not in told


def test_what_an_earlier_call_printed_is_no_reason(printing: World) -> None:
    printing.runtime.invoke("printer", "print", [(OUT, "an earlier call\n")], False).result(PATIENCE)
    assert trap_of(printing, (ERR, PANIC)).trap.printed == (PANIC,)


def test_the_last_line_is_in_the_note_even_when_much_was_said(printing: World) -> None:
    trap_of(printing, *((ERR, f"{'long ' * 60}{number}\n") for number in range(20)), (ERR, PANIC))
    row = printing.wait_row("printer", lambda row: "unreachable" in row.note.text)
    assert PANIC in row.note.text
    assert len(row.note.text) <= 500


def test_a_line_that_the_log_had_no_room_for_is_told(printing: World) -> None:
    flood = "".join(f"line {number}\n" for number in range(1_500))
    assert trap_of(printing, (OUT, flood), (ERR, PANIC)).trap.printed[-1] == PANIC


def test_a_guest_that_says_nothing_gets_no_words(printing: World) -> None:
    trap = trap_of(printing)
    assert trap.trap.printed == ()
    assert "printed" not in printing.wait_event("printer", "trapped").text


@pytest.mark.parametrize("said", ["\x1b[2Jred\x07", "\U0001f469\u200d\U0001f467 Zoë", "\u202eabc"])
def test_the_words_are_data_until_they_are_drawn(printing: World, command, said: str) -> None:
    server = ControlServer(printing.runtime, control_path(printing.state_dir), folder=str(printing.folder))
    with contextlib.closing(server):
        code, out, err = command("call", "printer", "print", pieces(said), "true", "--json")
    assert code == 1
    assert json.loads(out)["error"]["printed"] == [said]
    assert "\x1b" not in out + err
    assert "\u202e" not in out + err


def test_a_live_call_says_it_and_where_the_rest_is(printing: World, command) -> None:
    server = ControlServer(printing.runtime, control_path(printing.state_dir), folder=str(printing.folder))
    with contextlib.closing(server):
        code, _, err = command("call", "printer", "print", pieces("first", PANIC), "true")
    assert code == 1
    assert err.index("first") < err.index(PANIC)
    assert "see: airssys-tui logs printer" in err


def test_a_call_of_a_path_says_it(tmp_path: Path, command) -> None:
    (tmp_path / "printer.wasm").write_bytes(printer())
    code, _, err = command("call", tmp_path / "printer.wasm", "print", pieces(*MANY, PANIC), "true")
    assert code == 1
    assert PANIC in err
    assert MANY[-1] in err
    assert MANY[0] not in err
    assert "logs" not in err, "no runtime has a log of it"


@pytest.mark.parametrize("greeting", [PANIC + "\\n", PANIC, "loading\\n" + PANIC + "\\n"])
def test_a_refused_candidate_says_it_everywhere(world: World, command, tmp_path: Path, greeting: str) -> None:
    world.open()
    world.install("printer", printer(greeting, traps=True))
    row = world.row("printer")
    assert PANIC in row.note.text
    refused = next(event for event in world.events("printer") if event.action is EventAction.REFUSED)
    assert PANIC in refused.text
    assert PANIC in " ".join(world.runtime.explain("printer").result(PATIENCE).sentences)
    (tmp_path / "printer.wasm").write_bytes(printer(greeting, traps=True))
    code, _, err = command("call", tmp_path / "printer.wasm", "get")
    assert code == 1
    assert PANIC in err


def test_the_reason_is_known_after_a_restart_of_the_runtime(printing: World, command) -> None:
    trap_of(printing, (ERR, PANIC))
    printing.wait_event("printer", "trapped")
    printing.close()
    code, out, _ = command("explain", "printer", "--json")
    assert code == 0
    assert PANIC in " ".join(json.loads(out)["sentences"])


def test_a_line_of_the_hosts_log_counts_as_its_words(world: World) -> None:
    world.open()
    world.install("crafted", Crafted(add="(unreachable)"), STAY)
    serving = world.runtime.probe.component("crafted").actor.serving
    assert serving is not None
    serving.tenant.log(Level.ERROR, PANIC, [("order", "7")])
    assert list(serving.tenant.heard) == [f"{PANIC} order=7"]
    assert [event.text for event in world.events("crafted") if event.kind is EventKind.LOG] == [f"{PANIC} order=7"]


@pytest.mark.parametrize(
    ("printed", "most", "wanted"),
    [
        ((), 100, ""),
        (("", "  "), 100, ""),
        (("a", "b"), 100, "before that it printed: a | b"),
        (("x" * 90, "b"), 20, "before that it printed: b"),
        (("y" * 90,), 20, f"before that it printed: {'y' * 19}…"),
    ],
)
def test_words_are_the_newest_that_fit(printed: tuple[str, ...], most: int, wanted: str) -> None:
    assert printed_text(printed, most) == wanted
