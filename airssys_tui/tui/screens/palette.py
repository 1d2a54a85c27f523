"""The command palette: every action of the screen, and every component to jump to."""

from __future__ import annotations

from functools import partial

from textual import events
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.widgets import Input

from airssys_tui.api.views.components import ComponentView
from airssys_tui.tui.actions.action import Action
from airssys_tui.tui.actions.table import key_label
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.arrangement import state_word
from airssys_tui.tui.drawing.lines import safe
from airssys_tui.tui.screens.live import LiveScreen

MOST_COMPONENTS = 200
"""Components offered for one search."""

TITLE = 1_000.0
HELP = 0.1
"""Scores: a title that matches comes first, then a component or theme, then an action whose help matches."""


class Palette(CommandPalette):
    """The palette; a key typed before its line has the focus is not lost, nor is the program when it closes early."""

    # The search may end, and show or hide its list, once the list is gone already.
    def _watch__list_visible(self) -> None:
        if self.query(CommandList):
            super()._watch__list_visible()

    async def _watch__show_busy(self) -> None:
        if self.query(CommandList):
            await super()._watch__show_busy()

    def on_key(self, event: events.Key) -> None:
        """Type a key that came before the line had the focus."""
        if event.character is not None and event.is_printable:
            event.stop()
            self.query_one(Input).insert_text_at_cursor(event.character)


class OperatorCommands(Provider):
    """Offers actions and components."""

    async def discover(self) -> Hits:
        """Yield every action, before anything is typed."""
        for action in self._actions():
            yield DiscoveryHit(_title(action), partial(self._run, action), text=action.title)

    async def search(self, query: str) -> Hits:
        """Yield what matches."""
        matcher = self.matcher(query)
        words = query.lower().split()
        for action in self._actions():
            score = matcher.match(action.title)
            if score > 0:
                yield Hit(TITLE + score, _title(action), partial(self._run, action), text=action.title)
            elif all(word in action.help.lower() for word in words):
                yield Hit(HELP, _title(action), partial(self._run, action), text=action.title)
        for theme in self.app.available_themes:
            score = matcher.match(f"Theme: {theme}")
            if score > 0:
                yield Hit(score, Content(f"Theme: {theme}"), partial(self._take_theme, theme), text=f"Theme: {theme}")
        found = 0
        for view in self._session_rows():
            name = safe(view.id, width=140)
            score = matcher.match(name)
            if score > 0 and found < MOST_COMPONENTS:
                found += 1
                shown = Content(f"{name}  ({state_word(view)})")
                yield Hit(
                    TITLE + score if query.lower() in name.lower() else score,
                    shown,
                    partial(self._jump, view.id),
                    text=name,
                )

    def _session_rows(self) -> list[ComponentView]:
        screen = self._live()
        return list(screen.session.feed.rows.values()) if screen is not None else []

    def _live(self) -> LiveScreen | None:
        return self.screen if isinstance(self.screen, LiveScreen) else None

    def _actions(self) -> list[Action]:
        screen = self._live()
        if screen is None:
            return []
        actions = screen.session.keymap.of_view(screen.view, screen.session.readonly)
        found = [action for action in actions if action.id != "app.palette"]
        return sorted(found, key=lambda action: (not action.hint, action.rank))

    async def _run(self, action: Action) -> None:
        if (screen := self._live()) is not None:
            await screen.run_action(f"app.{action.do}" if action.everywhere else action.do)

    def _take_theme(self, theme: str) -> None:
        self.app.theme = theme

    def _jump(self, component: str) -> None:
        self.screen.post_message(LiveScreen.Open(View.REGISTRY, component))


def _title(action: Action) -> Content:
    return Content(f"{action.title}  [{key_label(action.keys[0])}]" if action.keys else action.title)
