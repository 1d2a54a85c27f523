"""The tour's sitting at what streams by: lines that real guests wrote, and events, some of an earlier run."""

from __future__ import annotations

import re
import shutil

from tests.support.places import HOSTILE
from tests.support.terminal.scratch import Scratch
from tests.support.terminal.tour import Guide, Sitting


def _before(scratch: Scratch) -> None:
    """Have an earlier run, and a component that writes lines of every kind."""
    scratch.ask("call", "--live", "counter", "increment", "1")
    shutil.copytree(HOSTILE, scratch.folder / "hostile", ignore=shutil.ignore_patterns("src", "wit"))


def _begin(guide: Guide) -> None:
    guide.row("hostile", "running")
    guide.key("5")
    guide.sees("following", "counter is ready", "[/foo]")


STREAMS = Sitting("streams", ("counter", "greeter"), _begin, _before)


def _at(guide: Guide) -> str:
    """Return which match is selected."""
    guide.term.wait(lambda text: re.search(r"\d+ of \d+ matches", text), "a match")
    found = re.search(r"(\d+) of \d+ matches", guide.term.text)
    assert found is not None
    return found[1]


@STREAMS.step("look.search")
def searches(guide: Guide) -> None:
    """It tells how many lines the pattern matches, and one of them is selected; what matches nothing is said."""
    guide.act("look.search")
    guide.sees("regular expression")
    guide.sees_typed("zebra")
    guide.sees("0 matches")
    guide.key("ctrl+u")
    guide.sees("regular expression")
    guide.type("[ae]")  # no beginning of it is a pattern, so that no other count can stand here for a moment
    assert int(_at(guide)) > 1


@STREAMS.step("look.match-before")
def match_before(guide: Guide) -> None:
    """The match before is selected."""
    at = int(_at(guide))
    guide.act("look.match-before")
    guide.sees(f" {at - 1} of ")


@STREAMS.step("look.next-match")
def next_match(guide: Guide) -> None:
    """The next match is selected."""
    at = int(_at(guide))
    guide.act("look.next-match")
    guide.sees(f" {at + 1} of ")
    guide.key("escape")
    guide.lacks("matches")


@STREAMS.step("look.level")
def raises_the_level(guide: Guide) -> None:
    """The least level that is shown goes up, to errors in the end, and then all is shown."""
    for said in ("info and above", "warning and above", "error and above"):
        guide.act("look.level")
        guide.sees(said)
    guide.act("look.level")
    guide.lacks("and above")


@STREAMS.step("look.wrap")
def wraps(guide: Guide) -> None:
    """Lines are wrapped, and then cut again."""
    guide.act("look.wrap")
    guide.sees("wrapped")
    guide.act("look.wrap")
    guide.lacks("wrapped")


@STREAMS.step("look.only-its-lines")
def narrows_lines(guide: Guide) -> None:
    """Only the lines of the selected one's component are left, and then those of all."""
    guide.key("g")
    guide.act("look.only-its-lines")
    guide.term.wait(lambda text: re.search(r"only (counter|hostile|greeter)", text), "one component's lines")
    guide.act("look.only-its-lines")
    guide.lacks("only counter", "only hostile", "only greeter")
    guide.sees("counter is ready", "[/foo]")


@STREAMS.step("look.save")
def saves_lines(guide: Guide) -> None:
    """A file holds the lines that are shown."""
    path = guide.place / "lines.txt"
    guide.act("look.save")
    guide.sees("Save to a file")
    guide.replace(str(path), ".log")
    guide.sees("lines.txt")
    guide.term.wait(lambda _: path.exists(), "the file")
    assert "counter is ready" in path.read_text(encoding="utf-8")
    guide.lacks("Save to a file")


@STREAMS.step("look.only-its-events")
def narrows_events(guide: Guide) -> None:
    """Only the events of the selected one's component are left, and then those of all."""
    guide.key("4")
    guide.sees("following", "events", "hostile", "greeter")
    guide.act("look.only-its-events")
    guide.term.wait(lambda text: re.search(r"only (counter|hostile|greeter)", text), "one component's events")
    guide.act("look.only-its-events")
    guide.lacks("only counter", "only hostile", "only greeter")


@STREAMS.step("look.older")
def asks_for_older_ones(guide: Guide) -> None:
    """Events of the run before are listed above those of this one."""
    guide.act("look.older")
    guide.term.wait(lambda text: re.search(r"[1-9]\d* older events", text), "older events")
    guide.sees("not following")


@STREAMS.step("look.kind")
def changes_the_kind(guide: Guide) -> None:
    """Only events of one kind are listed, and it says which."""
    guide.act("look.kind")
    guide.term.wait(lambda text: re.search(r"following +system +\d+ events?", text), "only those of the system")


@STREAMS.step("app.ask-to-quit")
def asks_to_quit(guide: Guide) -> None:
    """A question names what runs; no keeps the screen, and with a yes the program has ended with 0."""
    guide.act("app.ask-to-quit")
    guide.sees("Quit?", "[ Cancel ]", "3 components run in this process")
    guide.key("enter")
    guide.lacks("Quit?")
    guide.act("app.ask-to-quit")
    guide.agree("Quit?")
    guide.leave()
