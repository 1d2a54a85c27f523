"""The README cannot lie: its tour is followed word for word, in two terminals, in a clean copy of the samples."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airssys_tui.core.gates import Gate
from tests.support.places import ROOT
from tests.support.terminal.readme import Command, Prose, Walk, matches, tour
from tests.support.terminal.scratch import point_at

PROMISES: list[tuple[str, Callable[[Walk], None] | None]] = []
COMMANDS: dict[str, Callable[[Walk], None]] = {}

pytestmark = [
    pytest.mark.timeout(420),
    pytest.mark.skipif(shutil.which("make") is None, reason="needs make"),
    pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash"),
]


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    made = Walk(tmp_path, list(PROMISES), COMMANDS)
    made.prepare()
    yield made
    made.end()


def explains(text: str) -> None:
    """Know a fragment of the README that promises nothing which could be looked at here."""
    PROMISES.append((text, None))


def promises(text: str) -> Callable[[Callable[[Walk], None]], None]:
    """Know a fragment of the README, and check what it promises."""

    def know(check: Callable[[Walk], None]) -> None:
        PROMISES.append((text, check))

    return know


def command(line: str) -> Callable[[Callable[[Walk], None]], None]:
    """Know a command of the README that has no outcome to compare, and check what comes of it."""

    def know(check: Callable[[Walk], None]) -> None:
        COMMANDS[line] = check

    return know


def test_the_tour_of_the_readme(walk: Walk) -> None:
    walk.follow(tour((ROOT / "README.md").read_text(encoding="utf-8")))


def test_a_tour_that_says_something_else_is_noticed(walk: Walk) -> None:
    walk.promises = [("Known.", None)]
    with pytest.raises(AssertionError, match="nothing is known of this"):
        walk.follow(iter([Prose("Known. And more.")]))
    walk.promises = [("Known.", None)]
    with pytest.raises(AssertionError, match="does not say this any more"):
        walk.follow(iter([]))
    walk.promises = []
    with pytest.raises(AssertionError, match="nothing is expected of this"):
        walk.follow(iter([Command("true", "")]))
    with pytest.raises(AssertionError, match="41"):
        walk.follow(iter([Command("echo 41", "42")]))
    with pytest.raises(AssertionError, match="exit 1"):
        walk.follow(iter([Command("echo 42; (exit 1)", "42")]))
    walk.follow(iter([Command("echo 42", "42")]))


def test_outcomes_are_compared_whole() -> None:
    assert matches("ledger   30B", "ledger 30B")
    assert matches("since 12:00", "since …")
    assert not matches("421", "42")
    assert not matches("r12", "r1")


explains(
    "Ten minutes, two terminals. A test follows this tour word for word: it presses the keys, runs the commands in "
    "order and compares what they print with what stands behind `#`."
)


@promises(
    "**Start.** `make run` copies the samples to `.scratch/components`, keeps its state in `.scratch/state` and opens "
    "the screen."
)
def starts(walk: Walk) -> None:
    walk.begin("make", "run")
    for name in ("clockwork", "counter", "crasher", "file-tail", "greeter", "hoarder", "ledger", "primes"):
        walk.first.wait_row(name, "running", "1.0.0 r1")
    walk.first.wait_row("wasi-hello", "1.0.0 r1", "completed")
    assert (walk.place / ".scratch" / "components" / "counter" / "counter.wasm").is_file()
    assert (walk.place / ".scratch" / "state" / "catalog.db").is_file()


@promises("`j` and `k` move the pointer.")
def moves(walk: Walk) -> None:
    walk.first.wait_row("▸ clockwork")
    walk.first.send("j")
    walk.first.wait_row("▸ counter")
    walk.first.send("k")
    walk.first.wait_row("▸ clockwork")


@promises(
    "`enter` shows everything about a component, `v` its versions, `2` the meters, `4` what happened, `5` what the "
    "components wrote, `1` the table again."
)
def looks_around(walk: Walk) -> None:
    walk.first.send("enter")
    walk.first.wait_text("[overview]", "sha256:")
    walk.first.send("v")
    walk.first.wait_text("versions", "OUTCOME", "● active")
    walk.first.send("2")
    walk.first.wait_text("P50 ms", "ERRORS")
    walk.first.send("4")
    walk.first.wait_text("following", "passed every gate")
    walk.first.send("5")
    walk.first.wait_text("following", "counter is ready")
    walk.first.send("1")
    walk.first.wait_text("NAME↑")


@promises("`?` shows the keys of a screen, `:` finds any action by typing, `esc` goes one level back.")
def asks_for_help(walk: Walk) -> None:
    walk.first.send("?")
    walk.first.wait_text("Keys: registry")
    walk.first.send("escape")
    walk.first.wait(lambda text: "Keys: registry" not in text, "the help to go")
    walk.first.send(":")
    walk.first.wait_text("▔▔▔▔")
    walk.first.send("undo")
    walk.first.wait_text("Undo")
    walk.first.send("escape")
    walk.first.wait(lambda text: "▔▔▔▔" not in text, "the palette to go")


explains(
    "**Make it count.** Leave the screen open and call the counter from a second terminal. Every command finds the "
    "runtime that runs:"
)


EXPORT = (
    'export AIRSSYS_TUI_FOLDER=.scratch/components AIRSSYS_TUI_STATE_DIR=.scratch/state PATH="$PWD/.venv/bin:$PATH"'
)


@command(EXPORT)
def exports(walk: Walk) -> None:
    assert walk.run(EXPORT).returncode == 0
    assert walk.environment["AIRSSYS_TUI_FOLDER"] == ".scratch/components"


@promises("`i` on a row does the same by hand: a form for each export, the result, and what it cost.")
def calls_by_hand(walk: Walk) -> None:
    point_at(walk.first, "counter")
    walk.first.send("i")
    walk.first.wait_text("increment", "get", "reset", "by: u64")
    walk.first.send("j")
    walk.first.wait(lambda text: "by: u64" not in text.replace("increment: func(by: u64)", ""), "the form of get")
    walk.first.send("c", "c")
    walk.first.wait_text("42", "fuel 7")
    walk.first.send("1")
    walk.first.wait_text("NAME↑")


@promises("**Hot reload.** Put the pointer on `counter` and install release 1.1.0 over the running 1.0.0:")
def points_at_the_counter(walk: Walk) -> None:
    point_at(walk.first, "counter")


explains(
    "The new version was compiled, tried and probed while the old one served. Then calls waited for a moment, the "
    "state went over, and one pointer was written."
)


@promises(
    "For ten seconds it is on probation: if it traps more than once or its health goes bad, the old one is back by "
    "itself."
)
def is_on_probation(walk: Walk) -> None:
    said = " ".join(walk.run("airssys-tui explain counter").stdout.split())
    for gate in (Gate.COMPILE, Gate.STATE_LOAD, Gate.HEALTH_PROBE):
        assert gate in said, said
    (served, *_) = json.loads(walk.run("airssys-tui versions counter --json").stdout)
    judged = "on probation" in said or served["stable"] or served["untried"]
    assert judged, said  # a slow machine takes longer than ten seconds to get here


explains("**A bad version is refused.** 1.2.0 fails its health probe, 1.3.0 takes an export away:")


@promises("The panel below the table names the gate and the reason, and `1.1.0 r2` serves on.")
def serves_on(walk: Walk) -> None:
    walk.first.wait_text("1.3.0 refused at compatibility: export `reset` removed")
    walk.first.wait_row("counter", "running", "1.1.0 r2")


@promises("`v` shows both attempts in the timeline.")
def has_a_timeline(walk: Walk) -> None:
    walk.first.send("v")
    walk.first.wait_text("refused at health probe", "refused at compatibility", "✕ failed")
    walk.first.send("escape")
    walk.first.wait_text("NAME↑")


@promises("`E` tells the story in sentences, and so does a command:")
def tells_the_story(walk: Walk) -> None:
    walk.first.send("E")
    walk.first.wait_text("has served as counter since", "esc closes")
    walk.first.send("escape")
    walk.first.wait(lambda text: "esc closes" not in text, "the story to go")


@promises(
    "**Go back.** `z` shows what going back to the previous stable revision would change; `tab`, `enter` confirm it. "
    "`1.0.0` serves again, as a new revision, with the count kept."
)
def goes_back(walk: Walk) -> None:
    rolls_back(walk)
    walk.first.wait_row("counter", "running", "1.0.0 r5")
    assert walk.run("airssys-tui call counter get").stdout == "42\n"


@promises("The row says what is *held*: neither the watcher nor a restart deploys it by itself.")
def says_what_is_held(walk: Walk) -> None:
    walk.first.wait_row("counter", "1.0.0 r5", "held: 1.3.0 on disk")


@promises("`ctrl+z` takes the rollback back: `1.1.0` serves and nothing is held.")
def takes_it_back(walk: Walk) -> None:
    walk.first.send("ctrl+z")
    walk.first.wait(
        lambda text: any("counter" in row and "1.1.0 r6" in row and "held" not in row for row in text.splitlines()),
        "1.1.0 serving and nothing held",
    )


@promises("Press `z`, `tab`, `enter` once more and stay with `1.0.0`.")
def goes_back_for_good(walk: Walk) -> None:
    rolls_back(walk)
    walk.first.wait_row("counter", "running", "1.0.0 r7", "held: 1.3.0 on disk")


@promises("**Leave and come back.** `q` asks, since components run; `tab`, `enter` leave.")
def leaves(walk: Walk) -> None:
    walk.first.send("q")
    walk.first.wait_text("Quit?", "components run in this process")
    walk.first.send("tab", "enter")
    assert walk.first.wait_exit() == 0
    assert walk.first.is_restored()


@promises("Then `make run` again: still `1.0.0`, still held, still 42.")
def comes_back(walk: Walk) -> None:
    walk.begin("make", "run")
    walk.first.wait_row("counter", "running", "1.0.0 r7", "held: 1.3.0 on disk")
    assert walk.run("airssys-tui call counter get").stdout == "42\n"


explains("A newer file lifts the hold:")


@promises("**Break things.** Call a component by its path.")
def nothing_is_held_any_more(walk: Walk) -> None:
    assert "held" not in walk.first.wait_row("counter", "running", "1.4.0 r8")


explains("That needs no runtime and no state; each call gets a fresh instance, limits and a meter:")
explains(
    "**Time and storage.** `clockwork` ticks, rings alarms and traces its calls. `ledger` keeps accounts in its own "
    "storage:"
)


explains(
    "**Let one in.** A component reaches nothing of the machine unless its manifest declares it and you grant it. "
    "`file-tail` declares that it reads `/tmp/*.log`."
)
explains("Without your word it is denied, and the denial becomes a question:")


@command('echo "order 7 is packed" > /tmp/airssys-tour.log')
def writes_a_log(walk: Walk) -> None:
    assert walk.run('echo "order 7 is packed" > /tmp/airssys-tour.log').returncode == 0


ASKED = "filesystem:read:/tmp/*.log"


@promises("`6` shows the question.")
def shows_the_question(walk: Walk) -> None:
    walk.first.send("6")
    walk.first.wait_text("1 open question", "file-tail", ASKED)


@promises("`a` grants it for one access: it works once, and is denied the next time.")
def grants_once(walk: Walk) -> None:
    walk.first.send("a")
    walk.first.wait_text("no open questions")


@promises("`A` would grant it until you revoke it, `R` refuse it for good.")
def is_asked_again(walk: Walk) -> None:
    walk.first.wait_text("1 open question", "A always", "R never")


@promises("`t` shows the audit, where all of this is written;")
def shows_the_audit(walk: Walk) -> None:
    walk.first.send("t")
    walk.first.wait_text("verified up to entry", "used-once", "granted", "denied", "asked")
    walk.first.send("1")
    walk.first.wait_text("NAME↑")


@promises("`c` on a row of the table shows what a component may do.")
def shows_what_it_may_do(walk: Walk) -> None:
    point_at(walk.first, "file-tail")
    walk.first.send("c")
    walk.first.wait_text("0 of 2 granted", ASKED)
    walk.first.send("escape")
    walk.first.wait_text("NAME↑")


explains("Commands do the same:")


@promises("**Without a screen.** Leave the screen (`q`, `tab`, `enter`).")
def leaves_again(walk: Walk) -> None:
    leaves_by_keys(walk)


explains("In its terminal, run the folder without one; it prints events as they come:")


@command(".venv/bin/airssys-tui run .scratch/components --state-dir .scratch/state --headless")
def runs_alone(walk: Walk) -> None:
    walk.begin("bash", "-c", "exec .venv/bin/airssys-tui run .scratch/components --state-dir .scratch/state --headless")
    walk.first.wait_text("watching components/", "counter")


explains("In the second terminal, open as many screens on it as you like.")


@promises(
    "Leaving one (`q`) leaves the runtime running, `ctrl+c` in the first terminal ends it, and `make fresh` forgets "
    "the demonstration:"
)
def explains_the_end(walk: Walk) -> None:
    assert walk.first.process.poll() is None


@command("airssys-tui attach")
def attaches(walk: Walk) -> None:
    words = ("bash", "-c", "exec airssys-tui attach")
    with walk.open(*words) as one, walk.open(*words) as two:
        for term in (one, two):
            term.wait_row("counter", "running", "1.4.0 r8")
            term.send("q")
            assert term.wait_exit() == 0
    assert walk.first.process.poll() is None, "the runtime goes on"
    walk.first.send("ctrl+c")
    assert walk.first.wait_exit() == 0
    assert walk.run("make fresh").returncode == 0
    assert not (walk.place / ".scratch" / "components").exists()
    assert not (walk.place / ".scratch" / "state").exists()


@promises("`airssys-tui --demo` shows the screens on a played runtime, without any component.")
def plays(walk: Walk) -> None:
    with walk.open("bash", "-c", "exec airssys-tui --demo") as term:
        term.wait_text("DEMO", "counter")
        term.send("ctrl+q")
        assert term.wait_exit() == 0


def rolls_back(walk: Walk) -> None:
    walk.first.send("z")
    walk.first.wait_text("Roll back counter to r1 (1.0.0)?", "export `stats` removed", "( ) restore")
    walk.first.send("tab", "enter")


def leaves_by_keys(walk: Walk) -> None:
    walk.first.send("q")
    walk.first.wait_text("Quit?", "components run in this process")
    walk.first.send("tab", "enter")
    assert walk.first.wait_exit() == 0
    assert walk.first.is_restored()
