"""Calling by hand: forms that refuse beside the field, results by type, the same as from the command line."""

from __future__ import annotations

import json
import shlex

import pytest
from textual.events import Key, Paste
from textual.keys import _character_to_key
from textual.widgets import Input

from airssys_tui.cli.main import main
from airssys_tui.core.types.form import fill
from airssys_tui.core.types.form_lines import Form
from airssys_tui.core.types.interface import (
    BYTES,
    Case,
    Field,
    FlagsOf,
    ListOf,
    OptionOf,
    Own,
    Primitive,
    Record,
    ResultOf,
)
from airssys_tui.core.types.interface import EnumOf as Enum
from airssys_tui.core.types.interface import TupleOf as Tuple
from airssys_tui.core.types.interface import VariantOf as Variant
from airssys_tui.core.types.text_form import MOST_LINES, lay_out
from airssys_tui.tui.app import AirssysApp
from airssys_tui.tui.screens.calling.call_screen import CallScreen
from airssys_tui.tui.state.call_log import KEPT, CallLog, command_line
from tests.support.places import FIXTURES, ROOT
from tests.support.screens import NEVER, connected, desk, shows, text_of, wait_until

U8, STRING = Primitive("u8"), Primitive("string")
GREETER = ROOT / "sample_components" / "greeter"


async def opened(pilot, component="greeter"):
    await connected(pilot)
    pilot.app.screen.table.select(component)
    await pilot.press("i")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, CallScreen) and pilot.app.screen.table.keys)
    return pilot.app.screen


async def test_what_does_not_fit_is_refused_beside_its_field_and_never_sent():
    async with desk("mixed").run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "counter")
        await pilot.press("c", "c")
        await shows(pilot, "expected a whole number (u32), got nothing")
        await pilot.press("enter", *"-1", "enter")
        await shows(pilot, "expected u32")
        await pilot.press("ctrl+enter")
        await pilot.pause()
        assert screen.session.calls.of("counter") == ()
        await pilot.press("enter", "backspace", "backspace", "7", "enter", "c")
        await wait_until(pilot, lambda: screen.session.calls.of("counter"))
        assert screen.session.calls.of("counter")[0].report.result == "7"


async def test_what_is_typed_on_a_text_edits_it_and_is_no_command():
    app = desk("mixed")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "greeter")
        await pilot.press("enter")
        for character in "carol ?:q1-":  # every one of them is a key of some action
            app.post_message(Key(_character_to_key(character), character))
        await wait_until(pilot, lambda: screen.query_one(Input).value == "carol ?:q1-")
        await pilot.press("backspace", "down")  # an arrow keeps the text, as enter does
        assert screen.listing.lines["name"].text == "carol ?:q1"
        await pilot.press("up", "backspace", "x", "escape")
        assert screen.listing.lines["name"].text == "carol ?:q1"
        assert (app.screen, screen.pane, app.session.calls.of("greeter")) == (screen, "form", ())


@pytest.mark.parametrize("leave", ["tab", "shift+tab", "pagedown"])
async def test_whatever_leaves_a_text_keeps_it(leave):
    async with desk("mixed").run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "counter")
        await pilot.press("enter", *"41", leave)
        assert json.loads(screen.form.arguments()) == [41]
        assert not isinstance(pilot.app.focused, Input)


async def test_a_click_on_another_line_keeps_the_text_in_its_own_line():
    async with desk("mixed").run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "greeter")
        await pilot.press("enter", *"Ada")
        await pilot.click("#form", offset=(4, 3))
        await wait_until(pilot, lambda: screen.line.label != "name")
        assert screen.listing.lines["name"].text == "Ada"


async def test_what_is_pasted_on_a_text_edits_it():
    async with desk("mixed").run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "counter")
        await pilot.press("enter")
        pilot.app.post_message(Paste("17\n18"))
        await wait_until(pilot, lambda: screen.query_one(Input).value == "17")


async def test_calling_by_its_key_takes_two_presses_off_the_button():
    app = desk("mixed")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "counter")
        screen.table.select("value")
        await pilot.press("c")
        await pilot.pause()
        assert (screen.pane, app.session.calls.of("counter")) == ("form", ())
        await shows(pilot, "▸[ call ]")
        await pilot.press("c")
        await wait_until(pilot, lambda: app.session.calls.of("counter"))


async def test_a_new_item_has_the_pointer_and_takes_what_is_typed():
    async with desk("mixed").run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "greeter")
        await pilot.press("enter")
        while screen.line.label != "languages":
            await pilot.press("down")
        await pilot.press("plus", *"en", "enter")
        while screen.line.label != "languages":
            await pilot.press("up")
        await pilot.press("plus", *"+x", "enter")
        assert [line.text for line in screen.listing.lines.values() if line.item] == ["en", "+x"]


async def test_a_failed_call_is_shown_and_remembered():
    app = desk("mixed")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "greeter")
        app.session.api.edit("greeter", state="stopped")
        await pilot.press("c", "c")
        await shows(pilot, "greeter is stopped and does not accept calls")
        assert app.session.calls.of("greeter")[0].failure


async def test_readonly_shows_and_does_not_call():
    app = desk("mixed", readonly=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "counter")
        await shows(pilot, "Read-only: you can read exports, not call them.")
        await pilot.press("c", "r", "S", "v", "x")
        await pilot.pause()
        assert app.session.calls.of("counter") == ()


async def test_what_was_written_stays_when_another_export_is_looked_at():
    async with desk("mixed").run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "counter")
        await pilot.press("enter", "enter", "9", "enter", "escape", "j", "k")
        await pilot.pause()
        assert json.loads(screen.form.arguments()) == [9]


async def test_a_call_is_copied_as_a_command():
    app = desk("mixed")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "counter")
        await pilot.press("enter", "enter", "9", "enter", "y")
        await wait_until(pilot, lambda: app.clipboard)
        assert app.clipboard == "airssys-tui call counter increment 9"


async def test_what_is_typed_right_behind_enter_is_written_and_does_nothing_else():
    app = desk("mixed")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, "counter")
        await pilot.press("enter")
        for key, character in (("enter", "\r"), ("4", "4"), ("c", "c"), ("2", "2")):
            app.post_message(Key(key, character))
        await wait_until(pilot, lambda: screen.query_one(Input).value == "4c2")
        assert app.screen is screen
        assert app.session.calls.of("counter") == ()


@pytest.mark.parametrize("size", [(40, 15), (80, 24), (120, 40), (200, 60)])
async def test_it_can_be_used_at_every_size(size):
    async with desk("mixed").run_test(size=size) as pilot:
        screen = await opened(pilot, "counter")
        await pilot.press("enter", "enter", "9", "enter", "c")
        await wait_until(pilot, lambda: screen.session.calls.of("counter"))
        await pilot.pause()
        assert "fuel" in text_of(pilot.app)


def test_a_command_line_is_quoted_for_a_shell():
    line = command_line("greeter", "greet", '["it\'s", {"a": [1]}, null]')
    assert shlex.split(line) == ["airssys-tui", "call", "greeter", "greet", '"it\'s"', '{"a": [1]}', "null"]


def test_the_history_is_bounded():
    log = CallLog()
    for number in range(KEPT + 5):
        log.add("a", float(number), "f", "[]", report=None, failure="no")
    assert [made.at for made in log.of("a")] == [float(number) for number in range(KEPT + 4, 4, -1)]


@pytest.mark.parametrize(
    ("type_", "value", "lines"),
    [
        (None, None, ["done: no return value"]),
        (U8, 7, ["7"]),
        (STRING, "a\nb", ['"a\\nb"']),
        (OptionOf(U8), None, ["none"]),
        (OptionOf(U8), 7, ["7"]),
        (OptionOf(OptionOf(U8)), {"some": None}, ["none"]),
        (ResultOf(U8, STRING), {"err": "no"}, ['err("no")']),
        (ResultOf(), {"ok": None}, ["ok"]),
        (Enum(("a", "b")), "b", ["b"]),
        (FlagsOf(("a", "b")), [], ["no flag"]),
        (FlagsOf(("a", "b")), ["a", "b"], ["a | b"]),
        (ListOf(U8), [1], ["1 byte  01"]),
        (BYTES, {"base64": "AP8="}, ["2 bytes  00 ff"]),
        (ListOf(STRING), ["x", "y"], ["2 items", '  [0] "x"', '  [1] "y"']),
        (Tuple((U8, STRING)), [1, "x"], ["", "  [0] 1", '  [1] "x"']),
        (Record((Field("n", U8), Field("o", OptionOf(U8)))), {"n": 1, "o": None}, ["", "  n 1", "  o none"]),
        (Variant((Case("point"), Case("at", Tuple((U8, U8))))), {"at": [1, 2]}, ["at:", "  [0] 1", "  [1] 2"]),
        (Variant((Case("point"),)), "point", ["point"]),
        (Own("box"), {"$resource": 3, "type": "box"}, ["resource 3 (box), open handle"]),
    ],
)
def test_results_are_laid_out_by_type(type_, value, lines):
    found = [
        f"{'  ' * line.depth}{f'{line.label} ' if line.label else ''}{line.text}" for line in lay_out(type_, value)
    ]
    assert found == lines


def test_a_long_result_is_cut_and_says_so():
    found = lay_out(ListOf(STRING), ["x"] * (2 * MOST_LINES))
    assert len(found) == MOST_LINES + 1
    assert "omitted" in found[-1].text


async def test_the_form_and_the_command_line_agree_on_a_real_component(world, capsys):
    world.open()
    world.install("greeter", GREETER)
    runtime = world.runtime
    app = AirssysApp(lambda: runtime, folder=str(world.folder), refresh=NEVER)
    async with app.run_test(size=(140, 45)) as pilot:
        screen = await opened(pilot, "greeter")
        path = next(key for key in screen.table.keys if key.endswith("greet"))
        screen.table.select(path)
        function = screen.function
        values = [{"name": "Ada", "languages": []}, "cheerful"]
        drafts = {param.name: fill(param.type, value) for param, value in zip(function.params, values, strict=True)}
        screen.forms.keep(path, Form(function, drafts))
        await pilot.press("c", "c")
        await wait_until(pilot, lambda: screen.session.calls.of("greeter"))
        (made,) = screen.session.calls.of("greeter")
        assert made.failure == ""
    assert main(["call", str(GREETER), "greet", *map(json.dumps, values), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["result"] == json.loads(made.report.result)


def exports_of(runtime, name):
    return runtime.interface(name).result(30).interface.functions()


@pytest.mark.parametrize(
    "file", ["c-inventory/c-inventory.wasm", "javascript-tally/javascript-tally.wasm", "zoo/zoo-zig.wasm"]
)
async def test_every_export_of_every_toolchain_has_a_form(world, file):
    world.open()
    world.install("tried", (FIXTURES / file).read_bytes(), '[resources]\nmemory = "256MiB"\ndeadline = "10s"\n')
    exports = exports_of(world.runtime, "tried")
    assert exports
    for export in exports:
        assert len(Form.of(export.function).lines()) >= len(export.function.params)


@pytest.mark.parametrize(
    "path",
    [
        "airssys:core-component/lifecycle@1.0.0#init",
        "airssys:core-component/lifecycle@1.0.0#shutdown",
        "airssys:core-component/state@1.0.0#load",
    ],
)
async def test_what_only_the_host_calls_is_asked_for_first(path):
    async with desk("mixed").run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "counter")
        screen.send(path, "[]")
        await shows(pilot, "Call what only the host calls?")
        await pilot.press("escape")
        await wait_until(pilot, lambda: pilot.app.screen is screen and not screen.is_calling)
        assert screen.session.calls.of("counter") == ()
        screen.send(path, "[]")
        await shows(pilot, "Call what only the host calls?")
        await pilot.press("tab", "enter")
        await wait_until(pilot, lambda: screen.session.calls.of("counter"))


async def test_other_exports_are_called_at_once():
    async with desk("mixed").run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "counter")
        screen.send("get", "[]")
        await wait_until(pilot, lambda: screen.session.calls.of("counter"))
        assert pilot.app.screen is screen
