"""Our three themes and how the widgets look in them; colours are named once, as variables."""

from __future__ import annotations

import os
from typing import Final

from textual.theme import BUILTIN_THEMES, Theme

from airssys_tui.core.errors import UsageError
from airssys_tui.core.text import one_line

DARK: Final = Theme(
    name="airssys-dark",
    primary="#7aa2f7",
    secondary="#7dcfff",
    accent="#7dcfff",
    success="#9ece6a",
    warning="#e0af68",
    error="#f7768e",
    foreground="#c8d0e0",
    background="#14161b",
    surface="#1b1e25",
    panel="#20242d",
    dark=True,
    variables={"quiet": "#8089a0", "busy": "#7dcfff", "cursor-back": "#2c3850", "key": "#e0af68"},
)

LIGHT: Final = Theme(
    name="airssys-light",
    primary="#2a5db0",
    secondary="#00687a",
    accent="#00687a",
    success="#2f6b1f",
    warning="#8a5300",
    error="#b3261e",
    foreground="#23262e",
    background="#fbfbfa",
    surface="#f1f1ee",
    panel="#e8e8e4",
    dark=False,
    variables={"quiet": "#646a78", "busy": "#00687a", "cursor-back": "#d3e0f5", "key": "#8a5300"},
)

CONTRAST: Final = Theme(
    name="airssys-contrast",
    primary="#ffffff",
    secondary="#00ffff",
    accent="#00ffff",
    success="#00ff5f",
    warning="#ffff00",
    error="#ff6b6b",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    dark=True,
    variables={"quiet": "#d0d0d0", "busy": "#00ffff", "cursor-back": "#1c2c6b", "key": "#ffff00"},
)

THEMES: Final = (DARK, LIGHT, CONTRAST)

THEME_SWITCH: Final = "AIRSSYS_TUI_THEME"
"""Environment variable that names a theme; it wins over the configuration file."""


def chosen_theme() -> str:
    """Return the name of the theme that the environment asks for, else our first.

    Raises:
        UsageError: No theme has that name.
    """
    name = os.environ.get(THEME_SWITCH, "") or THEMES[0].name
    ours = [theme.name for theme in THEMES]
    if name not in {*ours, *BUILTIN_THEMES}:
        raise UsageError(
            f"{THEME_SWITCH}: unknown theme {one_line(name, 40)!r}", remedy=f"choose one of: {', '.join(ours)}"
        )
    return name


DEFAULTS: Final = {
    "quiet": "$foreground 60%",
    "busy": "$accent",
    "cursor-back": "$primary 30%",
    "key": "$warning",
}
"""Values of our variables under a theme that does not define them."""

STYLE: Final = """
Screen { background: $background; color: $foreground; overflow: hidden; }
LinePane { height: 1; width: 1fr; }
LiveScreen { layers: default above; }
#cramped { layer: above; display: none; width: 100%; height: 100%; background: $background; }
LineTable { height: 1fr; width: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; }
Pager { height: 1fr; width: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; }
Screen {
    & > .tone--plain { text-style: none; }
    & > .tone--quiet { color: $quiet; }
    & > .tone--strong { text-style: bold; }
    & > .tone--title { color: $primary; text-style: bold; }
    & > .tone--ok { color: $success; }
    & > .tone--busy { color: $busy; }
    & > .tone--warn { color: $warning; }
    & > .tone--bad { color: $error; }
    & > .tone--accent { color: $accent; }
    & > .tone--key { color: $key; text-style: bold; }
    & > .tone--inverse { text-style: reverse bold; }
    & > .tone--found { color: $warning; text-style: reverse bold; }
    &:nocolor > .tone--found { text-style: reverse bold; }
    &:nocolor > .tone--bad { text-style: bold; }
    &:nocolor > .tone--warn { text-style: bold; }
    &:nocolor > .tone--title { text-style: bold; }
    &:nocolor > .tone--key { text-style: bold; }
}
LineTable, Pager, LinePane, Choice, StatePicker, TabBar {
    & > .tone--cursor { background: $cursor-back; text-style: bold; }
    &:nocolor > .tone--cursor { text-style: reverse; }
}
LineTable { scrollbar-color: $quiet 40%; scrollbar-background: $background; }
.chrome { background: $surface; }
#banner { background: $surface; }
#selection { height: 7; }
#whole { height: 4; }
#status { background: $surface; }
TabBar { height: 1; width: 1fr; background: $surface; }
FilterBar { height: 1; background: $surface; }
FilterBar .prompt { width: auto; padding-right: 1; color: $key; }
FilterBar Input { background: $surface; width: 1fr; padding: 0; }
Question Input { background: $panel; width: 1fr; padding: 0 1; margin-top: 1; }
#calling { height: 1fr; }
#exports { width: 34%; max-width: 48; border-right: solid $panel; }
#exports.alone { width: 1fr; max-width: 100%; border-right: none; }
#bench { width: 1fr; }
#signature { height: 1; }
#calling #exports, #bench #form, #bench #answer, #bench #history {
    border-top: solid $quiet 40%; border-title-color: $quiet; border-title-style: none;
    & > .tone--cursor { background: $panel; text-style: none; }
    &.here { border-top: solid $accent; border-title-color: $accent; border-title-style: bold reverse; }
    &.here > .tone--cursor { background: $cursor-back; text-style: bold; }
    &.here:nocolor > .tone--cursor { text-style: reverse; }
}
#asking { layout: vertical; height: 1fr; }
#asking #rights { height: 3fr; border-bottom: solid $panel; }
#asking #about { height: 2fr; }
.ascii #asking #rights { border-bottom: ascii $quiet 40%; }
#auditing { layout: vertical; height: 1fr; }
#auditing #entries { border-bottom: solid $panel; }
.ascii #auditing #entries { border-bottom: ascii $quiet 40%; }
#tracing, #recorded { layout: horizontal; height: 1fr; }
#tracing #traces, #recorded #recordings { width: 2fr; border-right: solid $panel; }
#tracing #steps, #recorded #recording { width: 3fr; }
#tracing.stacked, #recorded.stacked { layout: vertical; }
#tracing.stacked #traces, #recorded.stacked #recordings { width: 1fr; height: 2fr; border-right: none; }
#tracing.stacked #steps, #recorded.stacked #recording { width: 1fr; height: 3fr; }
#traces, #steps, #recordings, #recording {
    border-top: solid $quiet 40%; border-title-color: $quiet; border-title-style: none;
    & > .tone--cursor { background: $panel; text-style: none; }
    &.here { border-top: solid $accent; border-title-color: $accent; border-title-style: bold reverse; }
    &.here > .tone--cursor { background: $cursor-back; text-style: bold; }
    &.here:nocolor > .tone--cursor { text-style: reverse; }
}
#serving { layout: vertical; height: 1fr; }
#serving #routes { height: 2fr; }
#serving #requests { height: 3fr; }
#routes, #requests {
    border-top: solid $quiet 40%; border-title-color: $quiet; border-title-style: none;
    & > .tone--cursor { background: $panel; text-style: none; }
    &.here { border-top: solid $accent; border-title-color: $accent; border-title-style: bold reverse; }
    &.here > .tone--cursor { background: $cursor-back; text-style: bold; }
    &.here:nocolor > .tone--cursor { text-style: reverse; }
}
#timeline { height: 1fr; }
#timeline.stacked { layout: vertical; }
#timeline LineTable { width: 3fr; }
#timeline #diff { width: 2fr; height: 1fr; border-left: vkey $panel; }
#timeline.stacked LineTable { width: 1fr; }
#timeline.stacked #diff { width: 1fr; height: 9; border-left: none; border-top: hkey $panel; }
Question { align: center middle; background: $background 60%; }
Question:nocolor { background: transparent; }
#dialog { height: auto; max-height: 100%; border: round $primary; background: $surface; padding: 0 2; }
#dialog #heading { margin-bottom: 1; }
#said { height: auto; margin: 0; scrollbar-size-vertical: 1; }
#choices { height: 1; align-horizontal: right; margin-top: 1; }
Choice { height: 1; margin-left: 2; }
StatePicker { height: 3; width: 1fr; }
HelpScreen { align: center middle; background: $background 60%; }
HelpScreen #dialog { height: 90%; width: 90%; max-width: 100; }
StoryPage { align: center middle; background: $background 60%; }
StoryPage:nocolor { background: transparent; }
StoryPage #dialog { width: 90%; max-width: 80; }
StoryPage Pager { height: 3; }
CommandPalette SearchIcon { display: none; }
.ascii #dialog { border: ascii $primary; }
.ascii LineTable, .ascii Pager { scrollbar-size-vertical: 0; }
.ascii #timeline #diff, .ascii Toast { border: none; }
.ascii #calling #exports, .ascii #bench LineTable, .ascii #bench Pager {
    border-top: ascii $quiet 40%; border-right: none;
    &.here { border-top: ascii $accent; }
}
.ascii #traces, .ascii #steps, .ascii #recordings, .ascii #recording {
    border-top: ascii $quiet 40%; border-right: none;
}
.ascii #tracing .here, .ascii #recorded .here { border-top: ascii $accent; }
.ascii #routes, .ascii #requests { border-top: ascii $quiet 40%; }
.ascii #serving .here { border-top: ascii $accent; }
.ascii CommandPalette > Vertical, .ascii CommandPalette #--input { border: ascii $primary; }
Toast { max-width: 90%; width: 56; padding: 0 1; background: $panel; }
ToastRack { margin-bottom: 1; }
"""
