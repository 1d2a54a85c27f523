"""The tour's sitting about what is kept: revisions of a component that failed twice, and states of the counter."""

from __future__ import annotations

import json

from airssys_tui.api.views.past import StateView
from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import Outcome
from tests.support.components import Crafted
from tests.support.terminal.scratch import Scratch
from tests.support.terminal.tour import Guide, Sitting

MANIFEST = """[package]
name = "shaky"
version = "{version}"
[component]
wasm = "shaky.wasm"
[supervision]
backoff = {{initial = "1ms", factor = 1.0, jitter = 0.0}}
[deployment]
traps = 0
stable_after = 1
[health]
interval = "200ms"
"""


def _release(scratch: Scratch, version: str, *, traps: bool = False) -> None:
    directory = scratch.folder / "shaky"
    directory.mkdir(exist_ok=True)
    made = Crafted(salt=version, health="trap", sick_after=1) if traps else Crafted(salt=version)
    (directory / "shaky.wasm").write_bytes(made.wasm())
    (directory / "Component.toml").write_text(MANIFEST.format(version=version), encoding="utf-8")


def _before(scratch: Scratch) -> None:
    _release(scratch, "1.0.0")


def _fails(guide: Guide, version: str, number: int) -> None:
    """Have a revision whose second health check traps in its probation, and is gone back from."""
    _release(guide.scratch, version, traps=True)
    guide.runs(lambda view: number in view.quarantined and view.state is State.RUNNING, "shaky")


def _begin(guide: Guide) -> None:
    guide.row("shaky", "running", "1.0.0 r1")
    guide.call("shaky", "get")
    _fails(guide, "2.0.0", 2)
    _fails(guide, "4.0.0", 4)
    guide.reach("shaky")
    guide.key("v")
    guide.sees("versions", "quarantined")
    guide.points_at("5")


PAST = Sitting("past", ("counter",), _begin, _before)


def _revision(guide: Guide, number: int) -> RevisionView:
    return next(each for each in guide.answer(guide.api.versions("shaky")) if each.number == number)


def _states(guide: Guide) -> tuple[StateView, ...]:
    return guide.answer(guide.api.states("counter"))


@PAST.step("revision.note")
def notes(guide: Guide) -> None:
    """The note is beside the revision, and the runtime has it."""
    guide.reach("4")
    guide.act("revision.note")
    guide.sees("Note on r4")
    guide.type("too hungry")
    guide.sees("note         too hungry")
    assert _revision(guide, 4).note == "too hungry"


@PAST.step("revision.pin")
def pins(guide: Guide) -> None:
    """The revision is pinned, on the screen and in the runtime, and then let go."""
    guide.act("revision.pin")
    guide.sees("· pinned")
    assert _revision(guide, 4).pinned
    guide.act("revision.pin")
    guide.lacks("· pinned")
    assert not _revision(guide, 4).pinned


@PAST.step("revision.stable")
def marks_stable(guide: Guide) -> None:
    """The runtime takes the revision for stable, or not any more."""
    guide.reach("5", "k")
    before = _revision(guide, 5).stable
    said = guide.term.text.count("stable · note")
    guide.act("revision.stable")
    guide.term.wait(lambda _: _revision(guide, 5).stable is not before, "the other answer")
    guide.term.wait(lambda text: text.count("stable · note") != said, "the same on the screen")
    guide.act("revision.stable")
    guide.term.wait(lambda _: _revision(guide, 5).stable is before, "the first answer")


@PAST.step("revision.release")
def releases(guide: Guide) -> None:
    """After a question the revision is not quarantined any more."""
    guide.reach("2")
    guide.act("revision.release")
    guide.agree("Release r2 of shaky from quarantine?", "trap")
    guide.term.wait(lambda _: _revision(guide, 2).outcome is Outcome.SUPERSEDED, "the release")
    assert guide.view("shaky").quarantined == (4,)


@PAST.step("component.back-to-selected")
def rolls_back_by_force(guide: Guide) -> None:
    """A quarantined revision is refused in the question, which says so, and serves again by force."""
    guide.reach("4", "k")
    guide.act("component.back-to-selected")
    guide.sees("refused", "quarantined", "Force rollback")
    guide.agree("Roll back shaky to r4 (4.0.0)?")
    guide.runs(lambda view: view.version == "4.0.0" and view.revision == 6, "shaky")
    guide.points_at("4")


@PAST.step("state.save")
def saves_the_state(guide: Guide) -> None:
    """The runtime keeps one more state."""
    guide.key("1")
    guide.row("counter", "running")
    guide.reach("counter", "k")
    guide.key("enter")
    guide.sees("[overview]", "counter")
    for tab in ("[logs]", "[events]", "[states]"):
        guide.key("left")
        guide.sees(tab)
    assert guide.call("counter", "increment", "[41]") == "41"
    before = len(_states(guide))
    guide.act("state.save")
    guide.term.wait(lambda _: len(_states(guide)) == before + 1, "one more state")
    guide.points_at(str(_states(guide)[0].id))


@PAST.step("state.restore")
def brings_a_state_back(guide: Guide) -> None:
    """A question says what is lost; then the component counts from what was saved."""
    assert guide.call("counter", "increment", "[9]") == "50"
    number = _states(guide)[0].id
    guide.act("state.restore")
    guide.agree(f"Restore state {number} of counter?", "replaces the current state")
    guide.term.wait(lambda _: guide.call("counter", "get") == "41", "the count that was saved")


@PAST.step("state.export")
def exports_a_state(guide: Guide) -> None:
    """A file holds the state."""
    path = guide.place / "counter-state.json"
    guide.act("state.export")
    guide.sees("Save to a file")
    guide.replace(str(path), ".json")
    guide.term.wait(lambda _: path.exists(), "the file")
    assert json.loads(path.read_text(encoding="utf-8"))["component"] == "counter"
    guide.lacks("Save to a file")


@PAST.step("state.import")
def imports_a_state(guide: Guide) -> None:
    """The runtime keeps one more state, and says that it was imported."""
    before = len(_states(guide))
    guide.act("state.import")
    guide.sees("Import a state of counter")
    guide.type(str(guide.place / "counter-state.json"))
    guide.term.wait(lambda _: len(_states(guide)) == before + 1, "one more state")
    assert _states(guide)[0].cause == "import"
