"""The base of events and logs: a growing list with filters, search, follow and save, and the whole text below."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rich.cells import cell_len
from textual import events, on
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from airssys_tui.core.events import Event
from airssys_tui.core.text import one_line
from airssys_tui.core.units import format_count
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.event_filter import LEVELS, Sieve
from airssys_tui.tui.drawing.lines import Line, Span, fit, join, line_width, safe, wrap
from airssys_tui.tui.drawing.search import BadPatternError, Search
from airssys_tui.tui.drawing.selection import LEVEL_TONES
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.operating.saving import ask_and_write
from airssys_tui.tui.operating.transcript import text_of
from airssys_tui.tui.screens.live import LiveScreen
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.filter_bar import FilterBar, SearchBar
from airssys_tui.tui.widgets.line_pane import LinePane
from airssys_tui.tui.widgets.table import LineTable

MORE: Final = "+"
"""Separates the key of an event from the number of its further line."""

LONGEST: Final = 2_000
"""Characters of an event shown when lines are wrapped."""

MOST_LINES: Final = 40
"""Most lines of one event when lines are wrapped."""


def head_key(key: str) -> str:
    """Return the key of the event that a line belongs to."""
    return key.partition(MORE)[0]


def highlighted(text: str, tone: str, search: Search | None) -> list[Span]:
    """Return text as spans, with the matches of a search highlighted."""
    if search is None:
        return [Span(text, tone)]
    spans, at = [], 0
    for start, end in search.spans(text):
        spans += [Span(text[at:start], tone), Span(text[start:end], "found")]
        at = end
    return [span for span in (*spans, Span(text[at:], tone)) if span.text]


class StreamTable(LineTable):
    """The list; it reports when it is scrolled back by mouse."""

    class ScrolledBack(Message):
        """The operator scrolled back."""

    def on_mouse_scroll_up(self, _: events.MouseScrollUp) -> None:
        """Report it."""
        self.post_message(self.ScrolledBack())


class StreamScreen(LiveScreen):
    """A list of events, newest at the end."""

    what = "events"

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__(session, operations)
        self.follows = True
        self.wraps = False
        self.sieve = Sieve()
        self.fault = ""
        self._filter_bar = FilterBar(id="filter-bar")
        self._search_bar = SearchBar(id="search-bar")
        self._status = LinePane(id="status")
        self._list = StreamTable(self._row, selectable=lambda key: MORE not in key, id=self.what)
        self._whole = LinePane(id="whole")

    @property
    def table(self) -> LineTable:
        """The list."""
        return self._list

    @property
    def selected(self) -> Event | None:
        """The selected event."""
        return self.sieve.shown.get(self._list.key or "")

    @property
    def target(self) -> str | None:
        """The component of the selected event."""
        event = self.selected
        return event.component if event is not None else self.sieve.component

    def entries(self) -> Sequence[Event]:
        """Return all events of this session, oldest first."""
        raise NotImplementedError

    def older(self) -> Sequence[Event]:
        """Return the older events loaded on request, from before :meth:`entries`."""
        return ()

    def lost(self) -> int:
        """Return how many events were dropped."""
        raise NotImplementedError

    def line(self, event: Event, width: int, *, chosen: bool) -> tuple[Line, int]:
        """Draw the columns before an event's text, and return them with the cells left for the text."""
        raise NotImplementedError

    def nothing(self) -> str:
        """Say why the list is empty, unless a filter is the reason."""
        raise NotImplementedError

    def body(self) -> Iterator[Widget]:
        """Yield filter, search, status, list and the whole text of the selection."""
        yield self._filter_bar
        yield self._search_bar
        yield self._status
        yield self._list
        yield self._whole

    def draw(self, change: Change | None) -> None:
        """Add what is new, or examine everything again."""
        if change is None:
            self.sieve.renew(self.entries(), self.older())
        elif self.news(change):
            self.sieve.take(self.entries())
        self._fill()

    def news(self, change: Change) -> bool:
        """Return whether a pull brought something for this list."""
        return bool(change.events)

    def _fill(self) -> None:
        keys = self._keys()
        glyphs = self.session.glyphs
        clear = self.session.keymap.key("go.back")
        hidden = self.sieve.narrow and bool(self.entries())
        said = f"Nothing passes the filter; {clear} clears it." if hidden else self.nothing()
        lines = wrap(safe(said, glyphs), max(20, self.size.width - 4))
        self._list.show(keys, empty=tuple((Span(f"  {line}", "quiet"),) for line in lines))
        if self.follows and keys:
            self._select_last()
        self._draw_status()
        self._draw_whole()

    def _select_last(self) -> None:
        newest = next(reversed(self.sieve.shown))
        self._list.select(newest)
        last = max(0, len(self._list.keys) - self._list.size.height)
        if self._list.scroll_offset.y < last:
            self._list.scroll_to(y=last, animate=False, force=True, immediate=True)

    def _keys(self) -> list[str]:
        if not self.wraps:
            return list(self.sieve.shown)
        width, keys, room = self._list.room, [], 0
        for key, event in self.sieve.shown.items():
            keys.append(key)
            room = room or self.line(event, width, chosen=False)[1]  # the same for all of them
            if len(event.text) > room or not event.text.isascii():
                keys += [f"{key}{MORE}{row}" for row in range(1, len(self._parts(event, width)))]
        return keys

    def _parts(self, event: Event, width: int) -> list[str]:
        room = max(8, self.line(event, width, chosen=False)[1])
        text = safe(event.text, self.session.glyphs, LONGEST)
        if len(text) <= room and text.isascii():
            return [text]
        return wrap(text, room)[:MOST_LINES]

    def _row(self, key: str, width: int, chosen: bool) -> Line:
        head, _, row = key.partition(MORE)
        event = self.sieve.shown.get(head)
        if event is None:
            return ()
        columns, room = self.line(event, width, chosen=chosen)
        tone = LEVEL_TONES[event.level]
        glyphs = self.session.glyphs
        if self.wraps:
            parts = self._parts(event, width)
            part = parts[int(row or 0)] if int(row or 0) < len(parts) else ""
            before = (Span(" " * line_width(columns)),) if row else columns
            return (*before, *highlighted(part, tone, self.sieve.search))
        text = safe(event.text, glyphs)
        shown = fit(text, room, ellipsis=glyphs.ellipsis).rstrip() if cell_len(text) > room else text
        return (*columns, *highlighted(shown, tone, self.sieve.search))

    def _draw_status(self) -> None:
        sieve, glyphs = self.sieve, self.session.glyphs
        follow = (Span("following" if self.follows else "not following", "accent" if self.follows else "quiet"),)
        parts: list[Line] = [(Span(" "), *follow)]
        if sieve.component is not None:
            parts.append((Span("only ", "quiet"), Span(safe(sieve.component, glyphs, 40), "strong")))
        parts += [(Span(part, "strong"),) for part in self._narrowed()]
        shown = len(sieve.shown)
        parts.append((Span(f"{shown} {self.what if shown != 1 else self.what[:-1]}", "quiet"),))
        if self.fault:
            parts.insert(0, (Span(f" bad pattern: {safe(self.fault, glyphs, 100)}", "bad"),))
        elif sieve.search is not None:
            parts.insert(1, (Span(self._found(), "accent" if sieve.hits else "warn"),))
        if lost := self.lost():
            parts.insert(1, (Span(f"{lost:,} dropped".replace(",", " "), "warn"),))
        drawn = parts[:1]
        for part in parts[1:]:
            if line_width(join([*drawn, part])) <= self.size.width:
                drawn.append(part)
        self._status.show([join(drawn)])

    def _narrowed(self) -> list[str]:
        sieve = self.sieve
        level = f"{sieve.level} and above" if sieve.level is not LEVELS[0] else ""
        return [part for part in (level, str(sieve.kind or ""), "wrapped" if self.wraps else "") if part]

    def _found(self) -> str:
        hits = list(self.sieve.hits)
        key = self._list.key
        at = f"{hits.index(key) + 1} of " if key in self.sieve.hits else ""
        return f"{at}{format_count(len(hits))} {'match' if len(hits) == 1 else 'matches'}"

    def _draw_whole(self) -> None:
        pane, event = self._whole, self.selected
        pane.display = event is not None and self.size.height >= 12
        if event is None:
            return
        glyphs, width = self.session.glyphs, self.size.width
        number = f"r{event.revision}" if event.revision is not None else ""
        where = f"{event.component or ''} {number} {event.speaker}".strip()
        generation = f"reload {event.generation}" if event.generation is not None else ""
        at = f"{datetime.fromtimestamp(event.at).astimezone():%Y-%m-%d %H:%M:%S%z}"
        about = "  ".join(filter(None, (at, where, event.kind, event.level, generation)))
        head: Line = (Span(" "), Span(fit(safe(about, glyphs), max(1, width - 2), ellipsis=glyphs.ellipsis), "quiet"))
        rows = 2 if self.size.height < 30 else 3
        pane.styles.height = rows + 2
        parts = wrap(safe(event.text, glyphs, LONGEST), max(10, width - 2))
        if len(parts) > rows:
            parts[rows - 1] = fit(f"{parts[rows - 1]} {parts[rows]}", width - 2, ellipsis=glyphs.ellipsis)
        tone = LEVEL_TONES[event.level]
        rule: Line = (Span(glyphs.rule * width, "quiet"),)
        pane.show([rule, head, *((Span(" "), *highlighted(part, tone, self.sieve.search)) for part in parts[:rows])])

    def on_line_table_moved(self, message: LineTable.Moved) -> None:
        """Show the whole text of the selection."""
        message.stop()
        self._draw_status()
        self._draw_whole()

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        """Open the component of an event by mouse."""
        message.stop()
        self.action_open_view(View.DETAIL, its=True)

    def on_stream_table_scrolled_back(self, message: StreamTable.ScrolledBack) -> None:
        """Stop following."""
        message.stop()
        self.follows = False
        self._draw_status()

    def step(self, rows: int) -> None:
        """Move; leaving the newest event stops following, reaching it starts again."""
        super().step(rows)
        shown = self.sieve.shown
        self.follows = bool(shown) and self._list.key == next(reversed(shown))
        self._draw_status()
        self._draw_whole()

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        if message.input.id == SearchBar.FIELD:
            self._look_for(message.value)
        else:
            self.sieve.query = str(one_line(message.value))
            self.draw(None)

    def _look_for(self, pattern: str) -> None:
        self.fault = ""
        try:
            self.sieve.search = Search(pattern) if pattern else None
        except BadPatternError as error:
            self.sieve.search, self.fault = None, str(error)
        self.sieve.look()
        self._fill()
        self._list.repaint()

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        bar = self._search_bar if message.input.id == SearchBar.FIELD else self._filter_bar
        bar.leave(clear=False)
        self._list.focus()
        if bar is self._search_bar and self._list.key not in self.sieve.hits:
            self._go_to_hit(forth=False)

    def _go_to_hit(self, *, forth: bool) -> None:
        hit = self.sieve.next_hit(self._list.key, forth)
        if hit is None:
            key = self.session.keymap.key("look.search")
            what = f"no match for {self.sieve.search.pattern}" if self.sieve.search else f"no search yet: press {key}"
            self.operations.say(what, severity="warning")
            return
        self.follows = False
        self._list.select(hit)
        self._draw_status()

    def action_filter(self) -> None:
        """Type a filter."""
        self._filter_bar.open()

    def action_search(self) -> None:
        """Type a pattern."""
        self._search_bar.open()

    def action_next_match(self) -> None:
        """Go to the next match."""
        self._go_to_hit(forth=True)

    def action_match_before(self) -> None:
        """Go to the previous match."""
        self._go_to_hit(forth=False)

    def action_level(self) -> None:
        """Raise the minimum level; after the highest, show all."""
        self.sieve.level = LEVELS[(LEVELS.index(self.sieve.level) + 1) % len(LEVELS)]
        self.draw(None)

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.wraps = not self.wraps
        self._fill()
        self._list.reveal()

    def action_only(self) -> None:
        """Show only the component of the selected event, or all again."""
        self.only(None if self.sieve.component is not None else self.target)

    def turn_to(self, component: str) -> None:
        """Show only one component's events."""
        self.only(component)

    def only(self, component: str | None) -> None:
        """Show only one component's events, or all again."""
        self.sieve.component = component
        self.draw(None)

    def action_follow(self) -> None:
        """Keep the newest event in view, or stop that."""
        self.follows = not self.follows
        self._fill()

    def action_copy(self) -> None:
        """Copy the selected text."""
        if self.selected is not None:
            self.copy(self.selected.text, "line")

    def action_back(self) -> None:
        """Leave search and filter, then the single component, then the screen."""
        if self._search_bar.leave(clear=True) or self._filter_bar.leave(clear=True):
            self._list.focus()
        elif self.sieve.component is not None:
            self.only(None)
        else:
            super().action_back()

    def action_leave(self) -> None:
        """Go back to the previous screen; the filters stay."""
        super().action_back()

    def action_save(self) -> None:
        """Write the shown lines to a file."""
        self.operations.run(self._saved())

    def _saved(self) -> Coroutine[Any, Any, None]:
        events = tuple(self.sieve.shown.values())
        moment = datetime.fromtimestamp(self.session.clock()).astimezone()
        name = (self.sieve.component or self.what).replace("/", "-")
        suggested = Path.cwd() / f"{name}-{moment:%Y%m%d-%H%M%S}.log"
        about = [f"{len(events)} {self.what} as shown, one per line."]
        return ask_and_write(self.operations, text_of(events), suggested, about)
