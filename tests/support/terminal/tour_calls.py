"""The tour's sitting in which components are called by hand, and what their calls did is looked at."""

from __future__ import annotations

import re
import shutil

from tests.support.places import FIXTURES
from tests.support.terminal.scratch import Scratch
from tests.support.terminal.tour import Guide, Sitting

ZOO = FIXTURES / "zoo" / "zoo-zig.wasm"
MANIFEST = '[package]\nname = "zoo"\nversion = "1.0.0"\n[component]\nwasm = "zoo.wasm"\n'


def _before(scratch: Scratch) -> None:
    directory = scratch.folder / "zoo"
    directory.mkdir()
    shutil.copy(ZOO, directory / "zoo.wasm")
    (directory / "Component.toml").write_text(MANIFEST, encoding="utf-8")
    with (scratch.folder / "clockwork" / "Component.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n[state]\nrecord = 5\n")


def _open(guide: Guide, name: str, export: str) -> None:
    """Open a component's interface with one of its exports selected."""
    guide.key("1")
    guide.sees("HEALTH")
    guide.row(name, "running")
    guide.key("g")
    guide.points_at("clockwork")
    guide.reach(name)
    guide.key("i")
    guide.sees(f"{name} › interface and call")  # noqa: RUF001 - as it is shown
    guide.sees("[ call ]", "▸")
    guide.reach(export)


def _begin(guide: Guide) -> None:
    _open(guide, "counter", "increment")


CALLS = Sitting("calls", ("clockwork", "counter", "greeter"), _begin, _before)


@CALLS.step("call.next-pane")
def next_pane(guide: Guide) -> None:
    """The title of the form shows that it has the focus."""
    guide.in_pane("exports")
    guide.act("call.next-pane")
    guide.in_pane("arguments")


@CALLS.step("call.pane-before")
def pane_before(guide: Guide) -> None:
    """The form has the focus no more, the exports have it."""
    guide.act("call.pane-before")
    guide.in_pane("exports")


@CALLS.step("call.open")
def opens_and_writes(guide: Guide) -> None:
    """The form has the focus, and then what is typed is the argument."""
    guide.act("call.open")
    guide.in_pane("arguments")
    guide.act("call.open")
    guide.sees(" by  u64")
    guide.type("5")
    guide.term.wait(lambda text: re.search(r"by +5 +u64", text), "the argument")


@CALLS.step("call.make")
def makes_a_call(guide: Guide) -> None:
    """The result and the call are shown, and the component has counted."""
    guide.act("call.make")
    guide.sees("increment[5]", "fuel")
    assert guide.call("counter", "get") == "5"


@CALLS.step("call.send")
def makes_a_call_from_the_text(guide: Guide) -> None:
    """The component has counted by what is in the form; a terminal sends this key by the protocol of kitty."""
    guide.act("call.send")
    guide.term.wait(lambda text: text.count("increment[5]") == 2, "the second call")
    assert guide.call("counter", "get") == "10"


@CALLS.step("call.again")
def calls_again(guide: Guide) -> None:
    """The component has counted once more by the same."""
    guide.act("call.again")
    guide.term.wait(lambda text: text.count("increment[5]") == 3, "the third call")
    assert guide.call("counter", "get") == "15"


@CALLS.step("call.edit")
def edits_a_call(guide: Guide) -> None:
    """The arguments of the call are in the form, and are written on."""
    guide.act("call.edit")
    guide.in_pane("arguments")
    guide.reach("by ", "up", beside=True)
    guide.key("enter")
    guide.term.wait(lambda text: text.count("by  5") == 2, "the line in which it is written")
    guide.type("7")
    guide.term.wait(lambda text: re.search(r"by +57 +u64", text), "the other argument")
    guide.key("c")
    guide.sees("increment[57]")
    assert guide.call("counter", "get") == "72"


@CALLS.step("call.save")
def keeps_a_check(guide: Guide) -> None:
    """The runtime has the call as a check, under the name that is typed."""
    guide.act("call.save")
    guide.sees("Name of the check")
    guide.type("up by fifty-seven")
    guide.sees("kept up by fifty-seven")
    (check,) = guide.answer(guide.api.checks("counter"))
    assert (check.name, check.arguments, check.result) == ("up by fifty-seven", "[57]", "57")


@CALLS.step("call.verify")
def replays_the_checks(guide: Guide) -> None:
    """It says of each check whether it passed; what runs has not counted."""
    guide.act("call.verify")
    guide.sees("passed  up by fifty-seven", "1 of 1 checks passed")
    assert guide.call("counter", "get") == "72"


@CALLS.step("call.before")
def chooses_the_name_before(guide: Guide) -> None:
    """The name before is chosen."""
    _open(guide, "greeter", "greet ")
    guide.key("enter")
    guide.in_pane("arguments")
    guide.sees("< cheerful >")
    guide.reach("mood", "down", beside=True)
    guide.act("call.before")
    guide.sees("< tired >")


@CALLS.step("call.add")
def adds_an_item(guide: Guide) -> None:
    """The list has one item, and the pointer is on it."""
    guide.reach("languages", "up", beside=True)
    guide.act("call.add")
    guide.sees("1 item", "▸    [0]")


@CALLS.step("call.remove")
def takes_an_item_away(guide: Guide) -> None:
    """The list has no item any more."""
    guide.act("call.remove")
    guide.sees("0 items")
    guide.lacks("[0]")


@CALLS.step("call.close-handle")
def lets_a_resource_go(guide: Guide) -> None:
    """The runtime holds the resource no more, and its destructor has run."""
    _open(guide, "zoo", "[constructor]")
    guide.key("enter")
    guide.in_pane("arguments")
    guide.key("enter")
    guide.sees(" start  u32")
    guide.type("3")
    guide.term.wait(lambda text: re.search(r"start +3 +u32", text), "the argument")
    guide.key("c")
    guide.sees("handle 1 ")
    (handle,) = guide.answer(guide.api.open_handles("zoo"))
    assert handle.id == 1
    guide.act("call.close-handle")
    guide.sees("Close which handle?", "handle 1: ")
    guide.key("enter")
    guide.lacks("Close which")
    guide.term.wait(lambda _: guide.answer(guide.api.open_handles("zoo")) == (), "the handle to close")
    assert guide.call("zoo", "fixture:zoo/animals#alive") == "0"


@CALLS.step("look.traces")
def shows_traces(guide: Guide) -> None:
    """The calls that told of their steps are listed."""
    guide.call("clockwork", "roll", "[2, 6]")
    guide.key("1")
    guide.sees("HEALTH")
    guide.key("g")
    guide.points_at("clockwork")
    guide.act("look.traces")
    guide.sees("clockwork › traces", "roll")  # noqa: RUF001 - as it is shown


@CALLS.step("trace.steps")
def goes_into_the_steps(guide: Guide) -> None:
    """The steps of the selected call have the focus."""
    guide.in_pane("calls")
    guide.act("trace.steps")
    guide.in_pane("steps")


@CALLS.step("look.recordings")
def shows_recordings(guide: Guide) -> None:
    """The calls that were recorded are listed."""
    guide.act("look.recordings")
    guide.sees("clockwork › recorded calls", "roll[2,6]", "to run it again")  # noqa: RUF001 - as it is shown


@CALLS.step("recording.read")
def reads_the_recording(guide: Guide) -> None:
    """The recording of the selected call has the focus."""
    guide.in_pane("calls")
    guide.act("recording.read")
    guide.in_pane("recording")


@CALLS.step("recording.replay")
def replays_the_call(guide: Guide) -> None:
    """The dice fall as they did: chance was recorded."""
    guide.act("recording.replay")
    guide.sees("same, fuel")
