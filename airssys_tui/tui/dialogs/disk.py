"""Disk use of the state directory, and what collecting would free; asks before it collects."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.disk import Collected, DiskUse
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.units import format_size
from airssys_tui.tui.dialogs.modal import Choice, Question
from airssys_tui.tui.drawing.lines import Line, Span, labelled, safe, wrap
from airssys_tui.tui.state.session import Session

BAR: Final = 16
MOST_ITEMS: Final = 200

PARTS: Final = (
    ("catalog", "history, events, settings"),
    ("blobs", "components of kept revisions"),
    ("code", "compiled, rebuilt when missing"),
    ("states", "saved states"),
    ("storage", "key-value data of components"),
    ("messages", "durable messages, dead letters"),
    ("logs", "log files"),
)
"""Fields of the disk use, and what they contain."""


def use_lines(use: DiskUse, session: Session, width: int) -> list[Line]:
    """Draw the disk use, part by part."""
    glyphs = session.glyphs
    total = sum(getattr(use, name) for name, _ in PARTS)
    lines: list[Line] = []
    for name, meaning in PARTS:
        size = getattr(use, name)
        if not size and name in {"storage", "messages", "logs"}:
            continue
        share = size / total if total else 0.0
        told = f"  {meaning}" if width >= 60 else ""
        bar = glyphs.bar(share, BAR if width >= 60 else 8)
        lines.append((Span(f"{name:<9}", "quiet"), Span(f"{format_size(size):>6} "), Span(bar, "accent"), Span(told)))
    tone = "bad" if session.feed.head.disk_full else "strong"
    lines.append((Span(f"{'total':<9}", "quiet"), Span(f"{format_size(total):>6}", "strong")))
    lines.append((Span(f"{'free':<9}", "quiet"), Span(f"{format_size(use.free):>6}", tone)))
    return lines


class DiskQuestion(Question[bool]):
    """Shows the disk use and asks whether to collect.

    Args:
        api: The runtime.
    """

    def __init__(self, session: Session, api: RuntimeApi) -> None:
        super().__init__(session, "Disk use", "Collect now")
        self._api = api
        self.use: DiskUse | None = None
        self.plan: Collected | None = None
        self.failure: AirssysError | None = None

    def on_mount(self) -> None:
        """Ask for the figures."""
        self.query_one("#yes", Choice).display = False
        super().on_mount()
        self.run_worker(self.load(), exit_on_error=False)

    async def load(self) -> None:
        """Ask what the state uses and what a collection would free, and show the answers."""
        try:
            self.use = await asyncio.wrap_future(self._api.disk())
            self.plan = await asyncio.wrap_future(self._api.collect(dry=True))
        except AirssysError as error:
            self.failure = error
        if not self.is_running:
            return  # it was closed before the answer came
        plan = self.plan
        useful = plan is not None and bool(plan.revisions or plan.states or plan.rows or plan.bytes)
        self.query_one("#yes", Choice).display = useful and not self.session.readonly
        self.redraw()

    def text(self, width: int) -> Sequence[Line]:
        """Return the figures and the plan."""
        session, glyphs = self.session, self.session.glyphs
        if self.failure is not None:
            return labelled("failed", safe(str(self.failure), glyphs), width, "bad")
        if self.use is None or self.plan is None:
            return [(Span(f"loading{glyphs.ellipsis}", "quiet"),)]
        lines = use_lines(self.use, session, width)
        full = session.feed.head.disk_full
        if full:
            said = safe(f"{full}. Running components are not affected.", glyphs)
            lines = [*((Span(part, "bad"),) for part in wrap(said, width)), (), *lines]
        return [*lines, (), *plan_lines(self.plan, session, width)]

    def yes(self) -> bool:
        """Return true."""
        return True

    def no(self) -> bool:
        """Return false."""
        return False


def plan_lines(plan: Collected, session: Session, width: int) -> list[Line]:
    """Draw what collecting would remove."""
    if not (plan.revisions or plan.states or plan.rows or plan.bytes):
        return [(Span("Nothing to collect: retention rules and pins keep everything.", "quiet"),)]
    head = f"Collecting frees {format_size(plan.bytes)}: {collected_text(plan)}."
    lines: list[Line] = [(Span(part, "strong"),) for part in wrap(head, width)]
    for item in plan.items[:MOST_ITEMS]:
        parts = wrap(safe(item, session.glyphs), max(10, width - 2))
        lines += [(Span("  "), Span(part, "quiet")) for part in parts]
    return lines


def collected_text(collected: Collected) -> str:
    """Return what a collection removed, or would remove."""
    parts = (
        (collected.revisions, "revision's code", "revisions' code"),
        (collected.states, "saved state", "saved states"),
        (collected.rows, "row of history", "rows of history"),
        (collected.letters, "dead letter", "dead letters"),
    )
    said = [f"{count} {one if count == 1 else more}" for count, one, more in parts if count]
    return ", ".join(said) or "unused files"
