"""The tour's sitting in which components are acted upon, singly and all that are marked."""

from __future__ import annotations

from airssys_tui.api.commands import Stop
from airssys_tui.core.lifecycle import Desired, State
from tests.support.terminal.tour import Guide, Sitting

COUNT = "41"


def _begin(guide: Guide) -> None:
    assert guide.call("counter", "increment", f"[{COUNT}]") == COUNT
    guide.scratch.install("1.1.0")
    guide.row("counter", "running", "1.1.0 r2")
    guide.row("primes", "running")
    guide.points_at("counter")


ACTS = Sitting("acts", ("counter", "crasher", "greeter", "primes"), _begin)


@ACTS.step("component.stop")
def stops(guide: Guide) -> None:
    """The row says stopped, and the runtime that it is wanted so; a stop that loses memory asks first."""
    guide.act("component.stop")
    guide.row("counter", "stopped")
    assert guide.view("counter").desired is Desired.STOPPED
    guide.reach("greeter")
    guide.act("component.stop")
    guide.sees("Stop greeter?", "its memory is lost", "[ Cancel ]")
    guide.key("enter")
    guide.lacks("Stop greeter?")
    assert guide.view("greeter").state is State.RUNNING
    guide.key("g")
    guide.points_at("counter")


@ACTS.step("component.undo")
def undoes(guide: Guide) -> None:
    """The component that was stopped runs again, with its count."""
    guide.act("component.undo")
    guide.sees("undone: stop counter")
    guide.row("counter", "running", "1.1.0 r2")
    assert guide.call("counter", "get") == COUNT


@ACTS.step("component.start")
def starts(guide: Guide) -> None:
    """The component that another client has stopped runs again, with its count."""
    guide.have(Stop("counter"))
    guide.row("counter", "stopped")
    guide.act("component.start")
    guide.row("counter", "running")
    assert guide.call("counter", "get") == COUNT


@ACTS.step("component.restart")
def restarts(guide: Guide) -> None:
    """The runtime has another instance of the same revision, with the same count."""
    before = guide.view("counter")
    guide.act("component.restart")
    after = guide.runs(lambda view: view.state is State.RUNNING and view.started_at != before.started_at)
    assert after.revision == before.revision
    assert guide.call("counter", "get") == COUNT


@ACTS.step("component.back-to-stable")
def rolls_back(guide: Guide) -> None:
    """A question shows what would change; then the earlier version serves with the count, and the later is held."""
    guide.act("component.back-to-stable")
    guide.agree("Roll back counter to r1 (1.0.0)?", "export `stats` removed", "1.1.0 will not be")
    guide.row("counter", "running", "1.0.0", "held")
    assert guide.runs(lambda view: view.held).version == "1.0.0"
    assert guide.call("counter", "get") == COUNT


@ACTS.step("component.reload")
def reloads(guide: Guide) -> None:
    """What is on disk serves, nothing is held any more; what breaks its callers is asked about and goes by force."""
    guide.act("component.reload")
    guide.runs(lambda view: view.version == "1.1.0" and not view.held)
    guide.row("counter", "running", "1.1.0")
    guide.scratch.install("1.3.0")
    guide.sees("1.3.0 refused at compatibility")
    guide.act("component.reload")
    guide.agree("counter: the new version breaks its callers", "reset")
    guide.runs(lambda view: view.version == "1.3.0")
    assert guide.call("counter", "get") == COUNT


@ACTS.step("component.unload")
def unloads(guide: Guide) -> None:
    """The component is gone from what runs, after a question; so are all that are marked, once it is typed."""
    guide.reach("crasher")
    guide.act("component.unload")
    guide.agree("Unload crasher?", "Its history stays")
    guide.runs(lambda view: view.state is State.UNINSTALLED, "crasher")
    guide.reach("greeter")
    guide.key("space")
    guide.sees("1 marked")
    guide.reach("primes")
    guide.key("space")
    guide.sees("2 marked")
    guide.act("component.unload")
    guide.sees("Unload 2 components?", "greeter", "primes", "loses its memory", "type 2 to confirm")
    guide.key("enter")
    guide.term.send("9")
    guide.lacks("type 2 to confirm")
    guide.key("enter")
    assert guide.view("greeter").state is State.RUNNING
    guide.key("backspace")
    guide.sees("type 2 to confirm")
    guide.term.send("2")
    guide.lacks("type 2 to confirm")
    guide.key("enter")
    guide.sees("2 of 2 unloaded")
    guide.runs(lambda view: view.state is State.UNINSTALLED, "greeter")
    guide.runs(lambda view: view.state is State.UNINSTALLED, "primes")
    assert guide.view("counter").state is State.RUNNING
