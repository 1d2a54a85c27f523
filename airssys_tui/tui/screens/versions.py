"""A component's timeline: every revision with outcome, cause and reason; the diff of two; the rollback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from textual.containers import Horizontal
from textual.widget import Widget

from airssys_tui.api.views.revisions import RevisionDiff, RevisionView
from airssys_tui.core.revision import Outcome
from airssys_tui.core.units import format_duration, format_size
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, crumbs, fit, labelled, safe
from airssys_tui.tui.drawing.moments import when_text
from airssys_tui.tui.drawing.revision_lines import diff_lines, revision_line
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.live import LiveScreen
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import LinePane
from airssys_tui.tui.widgets.table import LineTable

REASON: Final = "+"
"""Ends the key of the line with the reason, below its revision."""

SIDE_BY_SIDE: Final = 116
"""From this width on the diff is next to the timeline."""

LOW: Final = 12
TALL: Final = 20
"""Heights from which on the diff is shown by default: next to the timeline, or below it."""

SERVED: Final = frozenset({Outcome.ACTIVE, Outcome.SUPERSEDED})

OUTCOMES: Final[dict[Outcome, tuple[str, str, str]]] = {
    Outcome.CANDIDATE: ("◌", "?", "busy"),
    Outcome.ACTIVE: ("●", "*", "ok"),
    Outcome.SUPERSEDED: ("◦", "o", "quiet"),
    Outcome.FAILED: ("✕", "x", "bad"),
    Outcome.QUARANTINED: ("⊘", "q", "bad"),
    Outcome.PURGED: ("∅", "_", "quiet"),
}
"""Glyph, ASCII glyph and tone of each outcome."""


def revision_row(
    revision: RevisionView, now: float, glyphs: Glyphs, width: int, *, chosen: bool, base: bool = False
) -> Line:
    """Draw a revision as one row; the base of the comparison has a sign."""
    unicode, plain, tone = OUTCOMES[revision.outcome]
    outcome = f"{plain if glyphs.ascii else unicode} {revision.outcome}"
    fuel = f"{revision.fuel_per_call:,.0f}".replace(",", " ") if revision.fuel_per_call is not None else "-"
    state = format_size(revision.state_bytes) if revision.state_bytes is not None else "-"
    cells = [
        Span(glyphs.pointer if chosen else " ", "accent"),
        Span("=" if base else " ", "key"),
        Span(f"{revision.number:>3}  ", "strong"),
        Span(fit(safe(revision.version or "-", glyphs), 10, ellipsis=glyphs.ellipsis) + " "),
        Span(f"{outcome:<14}", tone),
    ]
    if width >= 60:
        cause = f"{revision.cause}{f' r{revision.origin}' if revision.origin is not None else ''}"
        cells += [Span(fit(cause, 13, ellipsis=glyphs.ellipsis)), Span(f"{when_text(revision.at, now):<7}", "quiet")]
        cells += [Span(f"{fuel:>9}"), Span(f"{state:>7}")]
    return tuple(cells)


def revision_head(width: int) -> Line:
    """Draw the header above revisions."""
    more = f"{'CAUSE':<13}{'WHEN':<7}{'FUEL/CALL':>9}{'STATE':>7}" if width >= 60 else ""
    text = f" {'REV':>4}  {'VERSION':<11}{'OUTCOME':<14}{more}"
    return (Span(text[:width]),)


class VersionsScreen(LiveScreen):
    """The timeline of one component.

    Args:
        component: Text form of its identity.
    """

    view: ClassVar[View] = View.VERSIONS

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations)
        self.component = component
        self.revisions: dict[int, RevisionView] = {}
        self.diff: RevisionDiff | None = None
        self.shows_diff: bool | None = None
        self.base: int | None = None
        self._loaded = False
        self._asking = False
        self._list = LineTable(
            self._row, revision_head, selectable=lambda key: not key.endswith(REASON), id="revisions"
        )

        self._crumbs = LinePane(id="crumbs")
        self._diff_pane = LinePane(id="diff")
        self._timeline = Horizontal(self._list, self._diff_pane, id="timeline")

    @property
    def target(self) -> str | None:
        """The component."""
        return self.component

    @property
    def table(self) -> LineTable:
        """The list of revisions."""
        return self._list

    @property
    def selected(self) -> int | None:
        """Number of the selected revision."""
        return int(self._list.key) if self._list.key is not None else None

    def body(self) -> Iterator[Widget]:
        """Yield the timeline and the diff."""
        yield self._crumbs
        yield self._timeline

    def on_mount(self) -> None:
        """Ask for the timeline."""
        super().on_mount()
        self._ask()

    def draw(self, change: Change | None) -> None:
        """Redraw; ask again when something happened to the component."""
        if change is not None and any(event.component == self.component for event in change.events):
            self._ask()
        glyphs = self.session.glyphs
        name = safe(self.component, glyphs)
        self._crumbs.show([crumbs(self.component, self.view.heading, glyphs)])
        keys: list[str] = []
        for revision in self.revisions.values():
            keys.append(str(revision.number))
            keys += [f"{revision.number}{REASON}"] if self._reason(revision) else []
        empty = f"No revisions of {name} yet." if self._loaded else f"loading{glyphs.ellipsis}"
        self._list.show(keys, empty=((Span(f"  {empty}", "quiet"),),))
        self._lay_out()
        self._draw_diff()

    def _lay_out(self) -> None:
        wide = self.size.width >= SIDE_BY_SIDE
        self._timeline.set_class(not wide, "stacked")
        fits = self.size.height >= (LOW if wide else TALL)
        diff = self._diff_pane
        diff.display = fits if self.shows_diff is None else self.shows_diff
        diff.styles.height = "1fr" if wide else min(9, max(3, self.size.height // 2 - 1))

    def _reason(self, revision: RevisionView) -> str:
        purged = "its code was collected" if revision.outcome is Outcome.PURGED and not revision.reason else ""
        ended = "ended: " if revision.outcome is Outcome.SUPERSEDED and revision.reason else ""
        said = (
            ended + revision.reason or purged,
            self._probation(revision) or ("stable" if revision.stable else ""),
            "untried" if revision.untried else "",
            "pinned" if revision.pinned else "",
            f"note: {revision.note}" if revision.note and revision.note != revision.reason else "",
        )
        return safe(" · ".join(filter(None, said)), self.session.glyphs)

    def _probation(self, revision: RevisionView) -> str:
        view = self.session.rows.get(self.component)
        if view is None or view.probation_until is None or revision.outcome is not Outcome.ACTIVE:
            return ""
        left = view.probation_until - self.session.sight.now
        return f"on probation for {format_duration(left)}" if left > 0 else "on probation"

    def _row(self, key: str, width: int, chosen: bool) -> Line:
        revision = self.revisions.get(int(key.removesuffix(REASON)))
        if revision is None:
            return ()
        glyphs = self.session.glyphs
        if key.endswith(REASON):
            return (
                Span("        "),
                Span(fit(self._reason(revision), max(1, width - 8), ellipsis=glyphs.ellipsis), "quiet"),
            )
        base = revision.number == self.base
        return revision_row(revision, self.session.sight.now, glyphs, width, chosen=chosen, base=base)

    def _ask(self) -> None:
        if not self._asking:
            self._asking = True
            self.run_worker(self._load(), exit_on_error=False)

    async def _load(self) -> None:
        api = self.operations.api()
        if api is not None:
            found = await self.operations.ask(api.versions(self.component))
            if found is not None:
                self.revisions = {revision.number: revision for revision in found}
        self._asking = False
        self._loaded = True
        self.draw(None)
        self._compare()

    def _compare(self) -> None:
        if self.selected is not None:
            self.run_worker(self._load_diff(self.selected), group="diff", exclusive=True, exit_on_error=False)

    async def _load_diff(self, number: int) -> None:
        api = self.operations.api()
        if api is None:
            return
        found = await self.operations.ask(api.diff(self.component, number, self.base))
        if found is not None and self.selected == number:
            self.diff = found
            self._draw_diff()

    def _draw_diff(self) -> None:
        pane = self._diff_pane
        revision = self.revisions.get(self.selected or -1)
        if not pane.display or revision is None:
            pane.show([])
            return
        width = max(20, (self.size.width if self.size.width < SIDE_BY_SIDE else self.size.width * 2 // 5) - 3)
        pane.show([(Span(" "), *line) for line in self._diff_text(revision, width)])

    def _diff_text(self, revision: RevisionView, width: int) -> list[Line]:
        glyphs = self.session.glyphs
        lines: list[Line] = []
        diff = self.diff
        if diff is not None and diff.then.number == revision.number:
            same = diff.now is not None and diff.now.number == revision.number
            if not same:
                lines += labelled("now" if self.base is None else "base", revision_line(diff.now, glyphs), width)
            active = same and revision.outcome is Outcome.ACTIVE
            lines += labelled("active" if active else "this", revision_line(diff.then, glyphs), width, "strong")
            lines += [] if same else diff_lines(diff.lines, width, glyphs)
        if revision.reason:
            ended = revision.outcome is Outcome.SUPERSEDED
            tone = "plain" if revision.outcome in SERVED else "bad"
            lines += labelled("ended" if ended else "why", safe(revision.reason, glyphs), width, tone)
        lines += labelled("by", f"{safe(revision.who, glyphs)}, {revision.cause}", width)
        lines += [part for label, text in self._life(revision) for part in labelled(label, text, width)]
        if revision.outcome is Outcome.QUARANTINED:
            lines += labelled("next", self._way_out(), width, "accent")
        if revision.note and revision.note != revision.reason:
            lines += labelled("note", safe(revision.note, glyphs), width, "accent")
        if revision.size is not None:
            lines += labelled("size", format_size(revision.size), width)
        if revision.gates:
            gates = ", ".join(f"{safe(name, glyphs, 30)} {format_duration(ms / 1000)}" for name, ms in revision.gates)
            lines += labelled("gates", gates, width)
        return lines

    def _way_out(self) -> str:
        key = self.session.keymap.key
        return f"{key('revision.release')} releases it; {key('component.back-to-selected')} rolls back to it by force"

    def _life(self, revision: RevisionView) -> Iterator[tuple[str, str]]:
        now, begun = self.session.sight.now, revision.activated_at
        if begun is not None:
            until = revision.ended_at if revision.ended_at is not None else now
            still = "" if revision.ended_at is not None else " so far"
            yield "served", f"{when_text(begun, now)}, for {format_duration(max(0.0, until - begun))}{still}"
        if revision.calls is not None:
            yield "calls", f"{revision.calls:,}".replace(",", " ")
        if probation := self._probation(revision):
            yield "status", probation

    def on_line_table_moved(self, message: LineTable.Moved) -> None:
        """Compare the new selection."""
        message.stop()
        self._draw_diff()
        self._compare()

    def action_diff(self) -> None:
        """Show or hide the diff."""
        self.shows_diff = not self._diff_pane.display
        self.draw(None)

    def action_compare(self) -> None:
        """Compare others with the selected revision, or with the active one again."""
        self.base = self.selected if self.base != self.selected else None
        self.diff = None
        self.draw(None)
        self._compare()

    def action_note(self) -> None:
        """Write a note on the selected revision."""
        if (revision := self._chosen()) is not None:
            self.operations.past.note(self.component, revision)

    def action_pin(self) -> None:
        """Pin the selected revision, or unpin it."""
        if (revision := self._chosen()) is not None:
            self.operations.past.pin(self.component, revision)

    def action_stable(self) -> None:
        """Set the stable flag of the selected revision, or clear it."""
        if (revision := self._chosen()) is not None:
            self.operations.past.set_stable(self.component, revision)

    def action_release(self) -> None:
        """Release the selected revision from quarantine."""
        if (revision := self._chosen()) is not None:
            self.operations.past.release(self.component, revision)

    def _chosen(self) -> RevisionView | None:
        return self.revisions.get(self.selected or -1)

    def action_back_to_selected(self) -> None:
        """Roll back to the selected revision."""
        self.operations.roll_back(self.component, self.selected)

    def action_copy(self) -> None:
        """Copy the selected revision's digest."""
        revision = self.revisions.get(self.selected or -1)
        if revision is not None:
            self.copy(revision.digest, "digest")
