"""With --readonly nothing that changes the system can be reached: not by key, palette or mouse, nor at the socket."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from airssys_tui.api.commands import (
    Annotate,
    AnswerQuestion,
    Approve,
    Deny,
    Grant,
    ImportState,
    LiftQuarantine,
    MarkStable,
    Pin,
    Reload,
    Restart,
    RestoreState,
    Revoke,
    Rollback,
    SaveState,
    Start,
    Stop,
    Undo,
    Unload,
)
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.socket.frames import Access
from airssys_tui.api.socket.remote import RemoteRuntime
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.errors import ReadOnlyAccess
from airssys_tui.tui.actions.action import Action, Danger
from airssys_tui.tui.actions.table import ACTIONS, of_view
from airssys_tui.tui.actions.view import View
from tests.support.terminal.harness import Terminal
from tests.support.terminal.scratch import Scratch, headless, point_at
from tests.support.terminal.tour import BELOW_PALETTE, PALETTE, first_hit, is_reversed, offer

pytestmark = pytest.mark.timeout(180)

DANGEROUS: Final = tuple(action for action in ACTIONS if action.danger is not Danger.VIEW)

WAYS: Final = {
    View.REGISTRY: ((), "HEALTH"),
    View.DETAIL: (("enter",), "[overview]"),
    View.VERSIONS: (("v",), "OUTCOME"),
    View.METER: (("m",), "fuel per call"),
    View.METERS: (("2",), "P50 ms"),
    View.CALL: (("i",), "interface and call"),
    View.GRANTS: (("6",), "no open questions"),
    View.RIGHTS: (("c",), "capabilities"),
    View.RECORDINGS: (("a",), "recorded calls"),
}
"""How to come to each screen that has dangerous actions, and what it shows."""

ASKS: Final[dict[str, Callable[[RuntimeApi], Any]]] = {
    "component.start": lambda api: api.submit(Start("counter")),
    "component.stop": lambda api: api.submit(Stop("counter")),
    "component.restart": lambda api: api.submit(Restart("counter")),
    "component.reload": lambda api: api.submit(Reload("counter", force=True)),
    "component.back-to-stable": lambda api: api.submit(Rollback("counter")),
    "component.back-to-selected": lambda api: api.submit(Rollback("counter", to=1, force=True)),
    "component.unload": lambda api: api.submit(Unload("counter")),
    "component.undo": lambda api: api.submit(Undo()),
    "revision.note": lambda api: api.submit(Annotate("counter", 1, "mine")),
    "revision.pin": lambda api: api.submit(Pin("counter", 1)),
    "revision.stable": lambda api: api.submit(MarkStable("counter", 1)),
    "revision.release": lambda api: api.submit(LiftQuarantine("counter", 1)),
    "state.save": lambda api: api.submit(SaveState("counter")),
    "state.restore": lambda api: api.submit(RestoreState("counter", 1)),
    "state.import": lambda api: api.submit(
        ImportState("counter", api.export_state("counter", api.states("counter").result(30)[0].id).result(30))
    ),
    "call.make": lambda api: api.call("counter", "increment", "[1]"),
    "call.send": lambda api: api.call("counter", "increment", "[1]"),
    "call.again": lambda api: api.call("counter", "increment", "[1]"),
    "call.save": lambda api: api.save_check("counter", "mine", "get", "[]"),
    "call.verify": lambda api: api.verify("counter"),
    "recording.replay": lambda api: api.replay("counter"),
    "grant.once": lambda api: api.submit(Grant("counter", "storage:read", Scope.ONCE)),
    "grant.session": lambda api: api.submit(Grant("counter", "storage:read", Scope.SESSION)),
    "grant.always": lambda api: api.submit(Grant("counter", "storage:read")),
    "grant.close": lambda api: api.submit(AnswerQuestion("counter", 1, None)),
    "grant.next-question": lambda api: api.submit(AnswerQuestion("counter", 1, Scope.ONCE)),
    "grant.never": lambda api: api.submit(Deny("counter", "storage:read")),
    "grant.revoke": lambda api: api.submit(Revoke("counter", "storage:read")),
    "grant.approve": lambda api: api.submit(Approve("counter")),
    "call.close-handle": lambda api: api.close_handle("counter", 1),
}
"""What each dangerous action asks of a runtime."""

EXPORT: Final = re.compile(r"▸([a-z-]+)")
"""What a pointer is on in the list of exports."""


@contextlib.contextmanager
def _reached(path: Path, access: Access) -> Iterator[RemoteRuntime]:
    with contextlib.closing(RemoteRuntime.open(path / "control.sock", access=access, client="test")) as api:
        yield api


def _all(api: RuntimeApi) -> Any:
    """Return what a change would change: rows, revisions, states and checks."""
    rows = [(row.id, row.state, row.revision, row.started_at) for row in api.snapshot().components]
    asked = (api.versions("counter"), api.states("counter"), api.checks("counter"), api.open_handles("counter"))
    revisions, states, checks, held = (future.result(30) for future in asked)
    noted = [(each.number, each.outcome, each.pinned, each.note) for each in revisions]
    return rows, noted, [each.id for each in states], checks, held


EVERYWHERE = {"component.undo", "grant.next-question"}
"""Dangerous actions of every view."""


def test_the_table_of_what_is_asked_is_whole() -> None:
    assert set(ASKS) == {action.id for action in DANGEROUS}
    assert {view for action in DANGEROUS for view in action.views} - set(WAYS) <= {
        view for view in View if {action.id for action in DANGEROUS if view in action.views} <= EVERYWHERE
    }


def test_the_server_refuses_what_a_reading_connection_asks(scratch: Scratch) -> None:
    with headless(scratch), _reached(scratch.state, Access.FULL) as full, _reached(scratch.state, Access.READ) as api:
        full.submit(SaveState("counter")).result(30)
        before = _all(full)
        for name, ask in ASKS.items():
            assert isinstance(ask(api).exception(30), ReadOnlyAccess), name
        assert _all(full) == before


def _go(term: Terminal, view: View) -> None:
    keys, seen = WAYS[view]
    term.send("1")
    term.wait_text("HEALTH", "READ-ONLY")
    # The clicks before may have left the pointer on any row: one that opened a screen took those after it away.
    point_at(term, "counter")
    term.send(*keys)
    term.wait_text(seen)


def _pressed(term: Terminal, view: View) -> None:
    """Press what would be dangerous, then hold the view and let it go: by then all of it has been taken in."""
    harmless = {key for action in of_view(view, readonly=True) for key in action.keys}
    dangerous = {key for action in DANGEROUS if view in action.views for key in action.keys} - harmless
    assert dangerous, view
    term.send(*sorted(dangerous))
    _taken_in(term)


def _taken_in(term: Terminal) -> None:
    term.send("p")
    term.wait_text("PAUSED")
    term.send("p")
    term.wait(lambda text: "PAUSED" not in text, "the view to go on")
    assert "Cancel" not in term.text


def _searched(term: Terminal, action: Action) -> None:
    """Type an action's title into the palette: it is not offered."""
    term.send(":")
    term.wait_text(PALETTE, "type an action or a component")
    term.send(action.title)

    def settled(text: str) -> bool:
        assert offer(action) not in text, f"{action.id} is offered"
        return action.title in text and ("No matches found" in text or first_hit(text) not in {"", action.title})

    term.wait(settled, f"what there is instead of {action.title}")
    term.send("escape")
    term.wait(lambda text: PALETTE not in text and BELOW_PALETTE not in text, "the palette to go")


def _clicked(term: Terminal, *columns: int) -> None:
    """Click twice on every part of the screen that shows something in these columns, from the bottom up."""
    for row in range(term.screen.lines, 0, -1):
        for column in columns:
            # In one piece: two clicks are a double click only while they come within half a second.
            term.send("".join(f"\x1b[<0;{column};{row}{end}" for end in ("M", "m", "M", "m")))


def _clicked_form(term: Terminal) -> None:
    """Click on the form of an export first: a click on the argument begins to write it; then on the exports."""
    term.wait_text("increment")
    while "▸increment" not in term.text:
        before = EXPORT.findall(term.text)
        term.send("j")
        term.wait(lambda text, before=before: EXPORT.findall(text) not in ([], before), "the pointer to move")
    _clicked(term, 60, 110)
    term.wait_text(" by  u64")
    term.send("escape")
    term.wait(lambda text: " by  u64" not in text, "the line to go")
    _clicked(term, 20)
    term.wait(lambda _: is_reversed(term, "─arguments"), "the last click to open the form")
    term.send("escape")
    term.wait(lambda _: is_reversed(term, "─exports"), "the exports")


@pytest.mark.parametrize("words", [("--readonly",), ("attach", "--readonly")], ids=["run", "attach"])
def test_nothing_dangerous_is_in_reach(scratch: Scratch, words: tuple[str, ...]) -> None:
    for name in ("clockwork", "hoarder", "ledger", "greeter"):
        shutil.rmtree(scratch.folder / name)
    with contextlib.ExitStack() as opened:
        if "attach" in words:
            opened.enter_context(headless(scratch))
        term = opened.enter_context(scratch.screen(*words, columns=160, lines=30))
        term.wait_row("primes", "running")
        term.wait_text("READ-ONLY")
        api = opened.enter_context(_reached(scratch.state, Access.READ))
        before = _all(api)
        todo = {action.id: action for action in DANGEROUS}
        for view in WAYS:  # each screen in turn, in one run of the program
            _go(term, view)
            _pressed(term, view)
            for name in [name for name, action in todo.items() if view in action.views]:
                _searched(term, todo.pop(name))
            if view is View.CALL:
                _clicked_form(term)
            else:
                _clicked(term, 20, 60, 110)
            term.send("1")
            term.wait_text("HEALTH")
            _taken_in(term)
        assert not todo, "each was looked for in the palette"
        assert _all(api) == before
