"""The tour's sitting about one component: its detail, timeline, meters, events, lines and interface, and the disk."""

from __future__ import annotations

from tests.support.terminal.tour import Guide, Sitting

HEAD = "HEALTH"
"""Stands only above the table of components."""


def _begin(guide: Guide) -> None:
    guide.scratch.install("1.1.0")
    guide.row("counter", "running", "1.1.0 r2")
    guide.points_at("counter")


ONE = Sitting("one", ("counter", "greeter"), _begin)


@ONE.step("look.detail")
def opens_the_detail(guide: Guide) -> None:
    """The overview of the selected component is shown."""
    guide.act("look.detail")
    guide.sees("[overview]", "counter", "1.1.0")


@ONE.step("look.next-tab")
def next_tab(guide: Guide) -> None:
    """The exports, with their types, are shown."""
    guide.act("look.next-tab")
    guide.sees("[exports]", "increment: func(by: u64) -> u64")


@ONE.step("look.tab-before")
def tab_before(guide: Guide) -> None:
    """The overview is shown again."""
    guide.act("look.tab-before")
    guide.sees("[overview]")


@ONE.step("look.explain")
def explains(guide: Guide) -> None:
    """A page tells in sentences why the component is as it is, and names the revision that serves."""
    guide.act("look.explain")
    guide.sees("Explain counter", "r2")
    guide.lacks("loading")
    guide.key("escape")
    guide.lacks("Explain counter")


@ONE.step("look.versions")
def opens_the_timeline(guide: Guide) -> None:
    """Both revisions and what became of them are listed."""
    guide.act("look.versions")
    guide.sees("versions", "superseded", "active")
    guide.points_at("2")


@ONE.step("look.compare")
def marks_a_revision(guide: Guide) -> None:
    """The other revision is compared with the chosen one; chosen again, with the active one."""
    guide.act("look.compare")
    guide.sees("▸= ")
    guide.reach("1")
    guide.sees("base         r2", "this         r1")
    guide.reach("2", "k")
    guide.act("look.compare")
    guide.lacks("▸= ", "base   ")


@ONE.step("look.diff")
def hides_and_shows_the_difference(guide: Guide) -> None:
    """What differs beside the timeline goes, and comes back."""
    guide.reach("1")
    guide.sees("now          r2", "export `stats` removed")
    guide.act("look.diff")
    guide.lacks("now          r2", "export `stats` removed")
    guide.act("look.diff")
    guide.sees("now          r2", "export `stats` removed")


@ONE.step("look.its-events")
def its_events(guide: Guide) -> None:
    """The events of that component only are listed."""
    guide.act("look.its-events")
    guide.sees("only counter", "switched to r2")
    guide.lacks("greeter")


@ONE.step("look.its-logs")
def its_logs(guide: Guide) -> None:
    """The lines of that component only are listed."""
    guide.act("look.its-logs")
    guide.sees("only counter", "counter is ready", "lines")


@ONE.step("go.meters")
def goes_to_the_meters(guide: Guide) -> None:
    """The meters of every component are shown."""
    guide.act("go.meters")
    guide.sees("P50 ms", "greeter")
    guide.points_at("counter")


@ONE.step("look.large")
def opens_the_meters_large(guide: Guide) -> None:
    """The meters of the selected component are shown large."""
    guide.act("look.large")
    guide.sees("fuel per call, by revision", "last 2 min")


@ONE.step("look.span")
def changes_the_span(guide: Guide) -> None:
    """The meters reach back an hour, and then two minutes again."""
    guide.act("look.span")
    guide.sees("last hour")
    guide.act("look.span")
    guide.sees("last 2 min")


@ONE.step("look.describe")
def describes(guide: Guide) -> None:
    """The detail of the component is shown."""
    guide.act("look.describe")
    guide.sees("[overview]")


@ONE.step("go.registry")
def goes_to_the_table(guide: Guide) -> None:
    """The table of components is shown, whatever lay on it."""
    guide.act("go.registry")
    guide.sees(HEAD)
    guide.row("greeter", "running")


@ONE.step("look.meters")
def opens_its_meters(guide: Guide) -> None:
    """The meters of the selected component are shown large."""
    guide.act("look.meters")
    guide.sees("fuel per call, by revision", "counter")


@ONE.step("look.interface")
def opens_its_interface(guide: Guide) -> None:
    """What the component exports is shown, and that nothing was called yet."""
    guide.act("look.interface")
    guide.sees("interface and call", "▸stats", " increment", "no calls yet")


@ONE.step("go.events")
def goes_to_the_events(guide: Guide) -> None:
    """The events are shown."""
    guide.act("go.events")
    guide.sees("following", "switched to r2")


@ONE.step("go.logs")
def goes_to_the_lines(guide: Guide) -> None:
    """The lines that guests write are shown."""
    guide.act("go.logs")
    guide.sees("following", "counter is ready")
    guide.lacks("switched to r2")


@ONE.step("go.http")
def goes_to_the_routes(guide: Guide) -> None:
    """Nobody has a route, and the screen says how to get one."""
    guide.act("go.http")
    guide.sees("No component has a route.", "[http]")


NO_REQUEST = "no request is selected"


@ONE.step("http.open")
def opens_no_request(guide: Guide) -> None:
    """It goes to the requests, and there is none to be opened."""
    guide.act("http.open")
    guide.act("http.open")
    guide.sees(NO_REQUEST)


@ONE.step("http.pane")
def goes_to_the_other_list(guide: Guide) -> None:
    """From the routes it is at the requests, where opening says that there is none."""
    guide.key("escape")
    guide.lacks(NO_REQUEST)
    guide.act("http.pane")
    guide.key("enter")
    guide.sees(NO_REQUEST)
    guide.key("4")
    guide.sees("switched to r2")
    guide.key("5")
    guide.sees("following", "counter is ready")


@ONE.step("look.disk")
def shows_the_disk(guide: Guide) -> None:
    """The use of the disk is shown, part by part, and what collecting would free."""
    guide.act("look.disk")
    guide.sees("Disk use", "catalog", "blobs", "total", "collect")
    guide.key("escape")
    guide.lacks("Disk use")


@ONE.step("go.leave")
def leaves(guide: Guide) -> None:
    """The screen before is shown; at the table, a question, and with a yes the program has ended with 0."""
    guide.act("go.leave")
    guide.sees("switched to r2")
    guide.key("1")
    guide.sees(HEAD)
    guide.act("go.leave")
    guide.agree("Quit?", "2 components run in this process")
    guide.leave()
