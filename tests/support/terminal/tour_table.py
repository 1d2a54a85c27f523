"""The tour's sitting at the table: moving, sorting, filtering, marks, the view, help, the palette, quitting at once."""

from __future__ import annotations

from airssys_tui.api.commands import Start, Stop
from airssys_tui.core.lifecycle import State
from tests.support.terminal.scratch import Scratch
from tests.support.terminal.tour import Guide, Sitting

LAST = "wasi-hello"
COUNT = 6


def _begin(guide: Guide) -> None:
    guide.row("counter", "running")
    guide.row(LAST, "stopped")
    guide.points_at("counter")


def _grouped(scratch: Scratch) -> None:
    text = '[groups.books]\nmembers = ["counter", "crasher"]\n'
    (scratch.folder / "airssys.toml").write_text(text, encoding="utf-8")


NAMES = ("counter", "crasher", "greeter", "hoarder", "primes", "wasi-hello")
TABLE = Sitting("table", NAMES, _begin, before=_grouped)


@TABLE.step("move.down")
def down(guide: Guide) -> None:
    """The pointer goes from the first row to the second."""
    guide.act("move.down")
    guide.points_at("crasher")


@TABLE.step("move.up")
def up(guide: Guide) -> None:
    """The pointer goes back to the first row."""
    guide.act("move.up")
    guide.points_at("counter")


@TABLE.step("move.bottom")
def bottom(guide: Guide) -> None:
    """The pointer is on the last row."""
    guide.act("move.bottom")
    guide.points_at(LAST)


@TABLE.step("move.top")
def top(guide: Guide) -> None:
    """The pointer is on the first row."""
    guide.act("move.top")
    guide.points_at("counter")


@TABLE.step("move.half-down")
def half_down(guide: Guide) -> None:
    """The pointer is half a screen further down, which is the end of this short table."""
    guide.act("move.half-down")
    guide.points_at(LAST)


@TABLE.step("move.half-up")
def half_up(guide: Guide) -> None:
    """The pointer is half a screen further up, on the first row."""
    guide.act("move.half-up")
    guide.points_at("counter")


@TABLE.step("look.filter")
def narrows(guide: Guide) -> None:
    """Only the row that the typed words let through is left; the others come back with the filter's end."""
    guide.act("look.filter")
    guide.sees("words to match")
    guide.type("!running")
    guide.lacks("crasher ")
    guide.lists(lambda names: names == [LAST], "only what does not run")
    guide.key("escape")
    guide.row("crasher", "running")


def _sorts(by: str, title: str, first: str = "") -> None:
    def step(guide: Guide) -> None:
        guide.act(f"sort.{by}")
        guide.term.wait(lambda text: f"{title}↑" in text or f"{title}↓" in text, f"the arrow at {title}")
        other = "↓" if f"{title}↑" in guide.term.text else "↑"
        guide.lists(lambda names: len(names) == COUNT and names[0] == (first or names[0]), f"{first} first")
        guide.act(f"sort.{by}")
        guide.sees(f"{title}{other}")
        guide.lists(lambda names: len(names) == COUNT and names[-1] == (first or names[-1]), f"{first} last")

    found = f", and {first} is the first row, and the last when it is done again" if first else ""
    step.__doc__ = f"The arrow is at {title}{found}."
    TABLE.step(f"sort.{by}")(step)


_sorts("state", "STATE")
_sorts("fuel", "FUEL/S")
_sorts("memory", "MEMORY", "primes")
_sorts("cpu", "CPU")
_sorts("uptime", "UP")
_sorts("name", "NAME", "counter")


@TABLE.step("mark.one")
def marks_one(guide: Guide) -> None:
    """The selected row has a mark, and the header counts it; done again, the mark is gone."""
    guide.key("N")
    guide.sees("NAME↑")
    guide.key("g")
    guide.points_at("counter")
    guide.act("mark.one")
    guide.sees("■counter", "1 marked")
    guide.act("mark.one")
    guide.lacks("■counter", "marked")


@TABLE.step("mark.shown")
def marks_all(guide: Guide) -> None:
    """Every row has a mark, and the header counts them."""
    guide.act("mark.shown")
    guide.sees("■counter", f"■{LAST}", f"{COUNT} marked")


@TABLE.step("go.back")
def goes_back(guide: Guide) -> None:
    """The marks are gone."""
    guide.act("go.back")
    guide.lacks("marked", "■")


@TABLE.step("look.tree")
def shows_the_groups(guide: Guide) -> None:
    """The group is there with its members below it; done again, it is gone."""
    guide.act("look.tree")
    guide.sees("- books", "2/2 run", "└ crasher")
    guide.act("look.tree")
    guide.lacks("- books")


@TABLE.step("look.follow")
def follows(guide: Guide) -> None:
    """It says that the selection is not followed any more, and then that it is again."""
    guide.act("look.follow")
    guide.sees("follow off")
    guide.act("look.follow")
    guide.sees("follow on")


@TABLE.step("look.pause")
def pauses(guide: Guide) -> None:
    """What another client does is not on the screen until the view goes on."""
    guide.act("look.pause")
    guide.sees("PAUSED")
    guide.have(Stop("crasher"))
    assert guide.view("crasher").state is State.STOPPED
    assert "running" in guide.row("crasher")
    guide.act("look.pause")
    guide.lacks("PAUSED")
    guide.row("crasher", "stopped")
    guide.have(Start("crasher"))
    guide.row("crasher", "running")


@TABLE.step("look.copy")
def copies(guide: Guide) -> None:
    """The terminal is asked to put the selected name on its clipboard."""
    guide.act("look.copy")
    guide.copied("counter")


@TABLE.step("view.theme")
def changes_the_theme(guide: Guide) -> None:
    """It names the next theme, and the cells of the header have another colour."""
    before = guide.term.screen.buffer[0][1].bg
    guide.act("view.theme")
    guide.sees("theme: airssys-light")
    guide.term.wait(lambda _: guide.term.screen.buffer[0][1].bg != before, "another colour")


@TABLE.step("view.save")
def saves_the_view(guide: Guide) -> None:
    """The theme and the order of the rows are in the configuration file."""
    guide.act("view.save")
    guide.sees("view saved")
    written = (guide.scratch.root / "none.toml").read_text(encoding="utf-8")
    assert "airssys-light" in written
    assert "name" in written


@TABLE.step("app.help")
def helps(guide: Guide) -> None:
    """The keys of the table are listed."""
    guide.act("app.help")
    guide.sees("Keys: registry", "Select the next row.")
    guide.key("escape")
    guide.lacks("Keys: registry")


@TABLE.step("app.palette")
def finds_by_typing(guide: Guide) -> None:
    """A component's name that is typed into the palette takes the pointer there."""
    guide.act("app.palette")
    guide.sees("type an action or a component")
    guide.term.send("primes")
    guide.sees("primes  (running)")
    guide.key("enter")
    guide.points_at("primes")


@TABLE.step("app.leave-now")
def quits_at_once(guide: Guide) -> None:
    """The program has ended with 0 and without a question, and the terminal is as it was."""
    guide.act("app.leave-now")
    guide.leave()
    assert "Quit?" not in guide.term.text
