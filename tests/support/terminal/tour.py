"""A guide through the screens: each action by its key or by the palette, and what a person sees when it has been done.

A step performs one action of the table with :meth:`Guide.act` and then waits for what really changed: text on the
emulated screen, a file, or the runtime's own answer over its control socket. Its docstring says which. The steps of a
sitting follow each other in one run of the program, so each leaves the screen where the next one begins.
"""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final, TypeVar

from airssys_tui.api.commands import Command
from airssys_tui.api.socket.remote import RemoteRuntime
from airssys_tui.api.views.components import ComponentView
from airssys_tui.tui.actions.action import Action
from airssys_tui.tui.actions.table import ACTIONS, key_label
from tests.support.terminal.harness import Terminal, TerminalTimeout
from tests.support.terminal.scratch import Scratch

PATIENCE: Final = 30.0
PALETTE: Final = "▔▔▔▔"
BELOW_PALETTE: Final = "▁" * 100
"""The edges of the palette, which nothing else on the screens has."""

BY_ID: Final = {action.id: action for action in ACTIONS}

ENDING: Final = frozenset({"app.leave-now"})
"""Actions after which there is no screen to look at."""

_ROW: Final = re.compile(r"^[▸ ][ ■]([a-z-]+) +[^ \w] [a-z]+ ", re.MULTILINE)

T = TypeVar("T")


class Means(Enum):
    """How an action is performed."""

    KEY = "key"
    PALETTE = "palette"


@dataclass
class Guide:
    """A person at a terminal, with a second way to the runtime for checking what is said there.

    Attributes:
        done: Actions performed so far.
        place: Where files may be written.
        log: The screens after each step, as plain text.
    """

    term: Terminal
    scratch: Scratch
    api: RemoteRuntime
    means: Means
    place: Path
    log: Path
    done: set[str] = field(default_factory=set)

    def act(self, name: str) -> None:
        """Perform an action, by its key or by typing its title into the palette."""
        self.done.add(name)
        action = BY_ID[name]
        if self.means is Means.KEY or name == "app.palette":
            # The palette does not list itself: its second key stands for its title.
            self.key(action.keys[1 if self.means is Means.PALETTE else 0])
            return
        self._choose(action)
        if name not in ENDING:
            self.lacks(PALETTE, BELOW_PALETTE)

    def _choose(self, action: Action) -> None:
        self.key("ctrl+p")  # a colon is a character on a line of text
        self.term.wait_text(PALETTE, "type an action or a component")
        self.term.send(action.title)
        offered = offer(action)
        self.term.wait(lambda text: first_hit(text) == offered, f"the palette to offer {offered} first", PATIENCE)
        self.key("enter")

    def key(self, *keys: str) -> None:
        """Press keys by name."""
        self.term.send(*keys)

    def type(self, text: str) -> None:
        """Type a text into the field that has the focus, and send it off."""
        self.sees_typed(text)
        self.key("enter")

    def sees_typed(self, text: str) -> None:
        """Type a text and wait until it stands on the screen; only its end is looked for, for fields scroll."""
        self.term.send(text)
        self.sees(text[-20:])

    def replace(self, text: str, before: str) -> None:
        """Replace the text of a field, which ends with ``before``, and send it off."""
        self.sees(before)
        self.key("end", "ctrl+u")
        self.sees("type here")
        self.type(text)

    def sees(self, *needles: str) -> str:
        """Wait until every needle is on the screen."""
        return self.term.wait_text(*needles, timeout=PATIENCE)

    def lacks(self, *needles: str) -> None:
        """Wait until no needle is on the screen."""
        self.term.wait(lambda text: not any(needle in text for needle in needles), f"no {needles}", PATIENCE)

    def row(self, name: str, *needles: str) -> str:
        """Wait until the row of a name holds every needle."""
        return self.term.wait_row(name, *needles, timeout=PATIENCE)

    def lists(self, wanted: Callable[[list[str]], object], what: str) -> None:
        """Wait until the names in the table of components are, from above, what is wanted."""
        self.term.wait(lambda text: wanted(_ROW.findall(text)), what, PATIENCE)

    def points_at(self, name: str) -> None:
        """Wait until the pointer of a list is on the row that begins with a name."""
        self.term.wait(lambda text: re.search(rf"▸[ ■=]? *{re.escape(name)}", text), f"the pointer at {name}", PATIENCE)

    def in_pane(self, title: str) -> None:
        """Wait until the pane with a title has the focus: its title is reversed."""
        self.term.wait(lambda _: is_reversed(self.term, f"─{title}"), f"the focus on {title}", PATIENCE)

    def reach(self, name: str, key: str = "j", *, beside: bool = False) -> None:
        """Press a key that moves a pointer until it is on the row that begins with a name.

        Where two lists stand beside each other, the pointer of the left one is meant unless ``beside``.
        """
        wanted = re.compile(rf"▸[ ■=]? *{re.escape(name)}")
        for _ in range(30):
            if wanted.search(self.term.text):
                return
            before = _pointed(self.term.text, beside)
            self.key(key)
            self.term.wait(lambda text, before=before: _pointed(text, beside) not in {(), before}, "a move", PATIENCE)
        raise AssertionError(f"{key} never comes to {name}:\n{self.term.text}")

    def copied(self, text: str) -> None:
        """Wait until the terminal was asked to put a text on its clipboard."""
        wanted = b"\x1b]52;c;" + base64.b64encode(text.encode())
        self.term.wait(lambda _: wanted in self.term.raw, f"{text} on the clipboard", PATIENCE)

    def agree(self, *needles: str) -> None:
        """Wait for a question that says all this, with Cancel in focus, and say yes."""
        self.sees("[ Cancel ]", *needles)
        self.key("right")
        self.lacks("[ Cancel ]")
        self.key("enter")

    def view(self, name: str) -> ComponentView:
        """Ask the runtime for a component's row."""
        return next(row for row in self.api.snapshot().components if row.id == name)

    def runs(self, wanted: Callable[[ComponentView], object], name: str = "counter") -> ComponentView:
        """Wait until the runtime says so of a component; asked again whenever the screen changes."""
        self.term.wait(lambda _: wanted(self.view(name)), f"what the runtime says of {name}", PATIENCE)
        return self.view(name)

    def answer(self, future: Future[T]) -> T:
        """Wait for an answer of the runtime."""
        return future.result(PATIENCE)

    def have(self, command: Command) -> None:
        """Have something done by another client than the screen."""
        self.answer(self.api.submit(command))

    def call(self, name: str, export: str, arguments: str = "[]") -> str:
        """Call a component; return the JSON of what it answers."""
        return self.answer(self.api.call(name, export, arguments)).result

    def leave(self) -> None:
        """Read to the end of the program."""
        assert self.term.wait_exit() == 0
        assert self.term.is_restored()


def offer(action: Action) -> str:
    """Return how the palette offers an action."""
    return f"{action.title}  [{key_label(action.keys[0])}]"


def first_hit(text: str) -> str:
    """Return the first thing that an open palette offers."""
    lines = text.splitlines()
    top = next((at for at, line in enumerate(lines) if PALETTE in line), None)
    below = (line.strip() for line in lines[top + 3 :]) if top is not None else iter(())
    return next((line for line in below if line), "")


def is_reversed(term: Terminal, title: str) -> bool:
    """Return whether a title stands somewhere in reversed colours, its first letter at least."""
    for row, line in enumerate(term.screen.display):
        at = line.find(title)
        if at >= 0:
            return bool(term.screen.buffer[row][at + 1].reverse)
    return False


def _pointed(text: str, beside: bool) -> tuple[str, ...]:
    """Return what stands on the right of the pointers at the left edge, or of those that are elsewhere."""
    lines = (line[1:] if not beside else line for line in text.splitlines() if beside or line.startswith("▸"))
    return tuple(line.rpartition("▸")[2][:12] for line in lines if not beside or "▸" in line[1:])


Step = Callable[[Guide], None]


@dataclass(frozen=True)
class Sitting:
    """Steps that follow each other in one run of the program.

    Attributes:
        name: What the sitting is about.
        components: The samples that are in the folder.
        begin: Brings the screen to where the first step begins.
        before: Puts the folder in order before the program starts.
        size: Columns and lines of the terminal.
    """

    name: str
    components: tuple[str, ...]
    begin: Step
    before: Callable[[Scratch], None] = lambda _: None
    size: tuple[int, int] = (160, 40)
    steps: dict[str, Step] = field(default_factory=dict)

    def step(self, name: str) -> Callable[[Step], Step]:
        """Add the step of an action."""

        def add(step: Step) -> Step:
            assert name not in self.steps, name
            assert step.__doc__, f"{name} does not say what is observed"
            self.steps[name] = step
            return step

        return add

    def take(self, scratch: Scratch, means: Means, place: Path) -> Guide:
        """Run the program once and go through all the steps."""
        for directory in scratch.folder.iterdir():
            if directory.name not in self.components:
                shutil.rmtree(directory)
        self.before(scratch)
        with self._open(scratch, means, place) as guide:
            self.begin(guide)
            for name, step in self.steps.items():
                try:
                    step(guide)
                except (AssertionError, TerminalTimeout) as error:
                    error.add_note(f"in {name} by {means.value}: {step.__doc__}\n{guide.term.text}")
                    raise
                _note(guide, name, step)
            return guide

    @contextmanager
    def _open(self, scratch: Scratch, means: Means, place: Path) -> Iterator[Guide]:
        columns, lines = self.size
        with scratch.screen(columns=columns, lines=lines) as term:
            term.wait_row("counter", "running", timeout=PATIENCE)
            term.wait(lambda text: "Starting" not in text, "the first scan to end", PATIENCE)
            with closing(RemoteRuntime.open(scratch.state / "control.sock", client="tour")) as api:
                yield Guide(term, scratch, api, means, place, place / f"{self.name}-{means.value}.txt")


def _note(guide: Guide, name: str, step: Step) -> None:
    with guide.log.open("a", encoding="utf-8") as log:
        log.write(f"== {name} ({guide.means.value}): {step.__doc__}\n{guide.term.text}\n\n")
