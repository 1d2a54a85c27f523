"""Components that mean harm, and a runtime that stays responsive and shows nothing raw."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import msgspec
import pytest

from airssys_tui.api.commands import Reload, Restart, Rollback, Stop
from airssys_tui.api.views.components import ComponentDetail
from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.api.views.runtime import EventPage
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.events import Event, EventKind
from airssys_tui.core.lifecycle import RecoveryKind, State
from airssys_tui.core.text import sanitise
from airssys_tui.core.traps import GuestTrap
from tests.support.components import Crafted
from tests.support.places import FIXTURES, SAMPLES
from tests.support.world import World

SPINS = '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n[supervision]\nshutdown = "50ms"\n'


def texts(value: object) -> Iterator[str]:
    """Return every text in a value, at every depth."""
    plain = msgspec.to_builtins(value, enc_hook=str)
    stack = [plain]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple):
            stack += item


def raw(value: object) -> list[str]:
    """Return the texts that a terminal would obey instead of showing."""
    return [
        text
        for text in texts(value)
        if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in text)
    ]


def for_people(value: object) -> object:
    """Return a view without what is data in it: lines of guests, notes, and what the files say of the component."""
    if isinstance(value, Event):
        return msgspec.structs.replace(value, text="") if value.kind is EventKind.LOG else value
    if isinstance(value, RevisionView):
        return msgspec.structs.replace(value, note="")
    if isinstance(value, EventPage):
        return [for_people(event) for event in value.events]
    if isinstance(value, ComponentDetail):
        said = {"exports": (), "imports": (), "capabilities": (), "config": (), "described": (), "description": ""}
        recent = tuple(map(for_people, value.recent))
        revisions = tuple(map(for_people, value.revisions))
        return msgspec.structs.replace(value, recent=recent, revisions=revisions, **said)
    return [for_people(part) for part in value] if isinstance(value, tuple) else value


@pytest.fixture
def hostile(world: World) -> World:
    """Give a world with the hostile fixture, which serves."""
    world.put("hostile", FIXTURES / "hostile")
    world.open()
    assert world.row("hostile").state is State.RUNNING
    return world


def test_nothing_raw_reaches_any_view_or_event(hostile: World) -> None:
    runtime = hostile.runtime
    hostile.call("hostile", "shout", 20)
    for export in ("insults", "insult", "fail"):
        runtime.call("hostile", export).result(30)
    for command in (Restart("hostile"), Reload("hostile"), Rollback("hostile"), Rollback("hostile", note="\x1b[2J")):
        error = runtime.submit(command, who="\x1b]0;me\x07").exception(30)
        if isinstance(error, AirssysError):
            assert raw([error.message, error.remedy]) == []
    hostile.wait_event("hostile", "log")
    views = {
        "snapshot": runtime.snapshot(),
        "events": runtime.events(0, 5_000),
        "detail": runtime.describe("hostile").result(30),
        "versions": runtime.versions("hostile").result(30),
    }
    assert {name: raw(for_people(view)) for name, view in views.items()} == {name: [] for name in views}


def test_what_it_says_is_there_all_the_same_and_markup_is_left_as_it_is(hostile: World) -> None:
    hostile.call("hostile", "shout", 1)
    logged = hostile.wait_event("hostile", "log")
    detail = hostile.runtime.describe("hostile").result(30)
    shown = "".join(sanitise(text) for text in texts([logged, detail]))
    assert "␛[" in shown, "an escape is shown as a symbol"
    assert "[/foo]" in shown, "markup is text to whoever shows it"


def test_a_refusal_in_its_words_is_harmless(world: World) -> None:
    hostile = (FIXTURES / "hostile" / "hostile.wasm").read_bytes()
    world.put("h", hostile, '[config]\n"\\u001b[2J" = "\\u001b[31m"\n')
    world.put("i", hostile, '"\\u001b[2J[/foo]" = 1\n')
    (world.folder / "\x1b[2J[foo].wasm").write_bytes(b"noise")
    world.open()
    runtime = world.runtime
    assert raw([runtime.snapshot(), for_people(runtime.events(0, 5_000))]) == []
    assert world.row("i").state is State.FAILED


def test_names_of_files_and_folders_are_harmless(world: World) -> None:
    world.open()
    for name in ("\x1b[31mred", "bi\u202edi", "tab\tand\nline"):
        (world.folder / f"{name}.wasm").write_bytes(Crafted().wasm())
        world.notice(f"{name}.wasm")
    assert raw([world.runtime.snapshot(), for_people(world.runtime.events(0, 5_000))]) == []


def test_an_endless_loop_does_not_stop_the_others(world: World) -> None:
    for name in ("loop", "well"):
        world.put(name, Crafted(), SPINS)
    world.open(workers=2)
    spinning = world.runtime.invoke("loop", "spin")
    world.wait_for(lambda snapshot: snapshot.busy >= 1)
    generation = world.runtime.snapshot().generation
    for count in range(1, 200):
        assert world.call("well", "add", 1) == count
    world.wait_for(lambda snapshot: snapshot.generation > generation)
    assert world.install("new", Crafted()).state is State.RUNNING
    assert not spinning.done()
    world.do(Stop("loop"))
    assert isinstance(spinning.exception(30), GuestTrap)


def test_as_many_endless_loops_as_workers_end_at_their_deadline_and_the_others_get_their_turn(world: World) -> None:
    for name in ("a", "b"):
        world.put(name, Crafted(), '[resources]\ndeadline = "100ms"\nfuel_per_call = "unlimited"\n')
    world.put("well", Crafted())
    world.open(workers=2)
    spinning = [world.runtime.invoke(name, "spin") for name in ("a", "b")]
    assert world.call("well", "add", 1) == 1
    assert all(isinstance(call.exception(30), GuestTrap) for call in spinning)


def test_the_meter_of_a_memory_eater_says_what_it_says_itself(world: World) -> None:
    world.put("hoarder", SAMPLES / "hoarder")
    world.put("well", Crafted())
    world.open()
    eaten = world.call("hoarder", "hog")
    row = world.wait_row("hoarder", lambda row: row.meters.memory == eaten)
    assert row.meters.memory_peak == eaten == row.meters.memory_limit == 16 * 1024 * 1024
    assert world.call("hoarder", "size") == eaten
    assert world.call("hoarder", "grab", 1) == -1
    assert world.call("well", "add", 1) == 1
    report = world.runtime.call("hoarder", "size").result(30)
    assert (report.result, report.memory_peak) == (str(eaten), eaten)


def test_one_that_traps_at_every_call_is_given_up_and_the_others_go_on(world: World) -> None:
    world.put("trap", Crafted(add="(unreachable)"), '[supervision]\nmax_restarts = 3\nbackoff = {initial = "10ms"}\n')
    world.put("well", Crafted())
    world.open()
    for restarts in range(1, 5):
        assert isinstance(world.runtime.invoke("trap", "add", 1).exception(30), GuestTrap)
        assert world.call("well", "add", 1) == restarts
        world.wait_row(
            "trap",
            lambda row, restarts=restarts: (
                (row.restarts == restarts and row.state is State.RUNNING) or row.recovery.kind is RecoveryKind.EXHAUSTED
            ),
        )
    row = world.row("trap")
    assert (row.state, row.restarts, row.recovery.kind) == (State.FAILED, 3, RecoveryKind.EXHAUSTED)
    assert world.row("well").restarts == 0


def test_all_of_them_at_once(world: World) -> None:
    world.put("loop", Crafted(), '[resources]\ndeadline = "200ms"\nfuel_per_call = "unlimited"\n')
    world.put("hoarder", SAMPLES / "hoarder")
    world.put("crasher", SAMPLES / "crasher")
    world.put("hostile", FIXTURES / "hostile")
    world.put("counter", SAMPLES / "counter")
    world.open(workers=2)
    mischief = [
        world.runtime.invoke("loop", "spin"),
        world.runtime.invoke("hoarder", "hog"),
        world.runtime.invoke("crasher", "stack-overflow"),
        world.runtime.invoke("hostile", "shout", 200),
    ]
    for count in range(1, 101):
        assert world.call("counter", "increment", 1) == count
        snapshot = world.runtime.snapshot()
        assert {row.id for row in snapshot.components} == {"loop", "hoarder", "crasher", "hostile", "counter"}
    assert [isinstance(call.exception(30), GuestTrap) for call in mischief] == [True, False, True, False]
    assert raw([world.runtime.snapshot(), for_people(world.runtime.events(0, 5_000))]) == []


def test_a_flood_of_log_lines_is_cut_counted_and_told(hostile: World) -> None:
    for _ in range(30):
        hostile.call("hostile", "shout", 100)
    hostile.wait_for(lambda _: len(hostile.events("hostile", "log")) >= 1_000)
    assert hostile.row("hostile").state is State.RUNNING
