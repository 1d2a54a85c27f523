"""The keys of the actions: those of the table, unless the operator has remapped them.

Bindings, footer, help and palette all read this, so a remapped key is shown wherever it works.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import Final, NamedTuple

import msgspec
from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, Keys, _character_to_key

from airssys_tui.tui.actions.action import Action
from airssys_tui.tui.actions.table import ACTIONS, bindings, is_offered, key_label
from airssys_tui.tui.actions.view import View

_NAMED: Final = {key_label(key): key for key in ("slash", "question_mark", "colon", "escape", "delete")} | {
    "pgdn": "pagedown",
    "pgup": "pageup",
    "return": "enter",
}
_KNOWN: Final = frozenset(key.value for key in Keys) | frozenset(KEY_NAME_REPLACEMENTS)
_CHORD: Final = re.compile(r"(?:(?:ctrl|shift|alt|super)\+)*")


class Fault(NamedTuple):
    """One thing wrong with the keys of an action."""

    action: str
    text: str


def key_named(text: str) -> str | None:
    """Return Textual's name of a key that is written the way people write it; ``None`` if there is no such key."""
    text = text.strip()
    chord = _CHORD.match(text)
    modifiers, key = (chord[0], text[chord.end() :]) if chord else ("", text)
    key = _NAMED.get(key, key)
    if len(key) == 1:
        if modifiers == "shift+" and key.isalpha():
            return key.upper()
        return modifiers + _character_to_key(key)
    if not key or (key not in _KNOWN and modifiers + key not in _KNOWN and key not in _spelt()):
        return None
    return modifiers + key


@cache
def _spelt() -> frozenset[str]:
    # The names that Textual gives to printable characters: slash, question_mark, asterisk...
    return frozenset(_character_to_key(chr(code)) for code in range(33, 127) if not chr(code).isalnum())


class Keymap:
    """The actions with their present keys.

    Args:
        own: The operator's keys by action id, as Textual names them; an empty tuple unbinds an action.
        browser: Whether the screen is shown in a browser.
    """

    def __init__(self, own: Mapping[str, Sequence[str]] | None = None, *, browser: bool = False) -> None:
        own = own or {}
        self._browser = browser
        self.actions: tuple[Action, ...] = tuple(
            msgspec.structs.replace(action, keys=tuple(own[action.id])) if action.id in own else action
            for action in ACTIONS
        )
        self._views: dict[tuple[View, bool], tuple[Action, ...]] = {}

    def of_view(self, view: View, readonly: bool) -> tuple[Action, ...]:
        """Return the actions of a screen in the order of the table; read-only leaves out those that change or write."""
        found = self._views.get((view, readonly))
        if found is None:
            found = tuple(
                action
                for action in self.actions
                if view in action.views and is_offered(action, readonly=readonly, browser=self._browser)
            )
            self._views[view, readonly] = found
        return found

    def hints(self, view: View, readonly: bool) -> tuple[Action, ...]:
        """Return the actions that the footer of a screen names, most important first."""
        named = [action for action in self.of_view(view, readonly) if action.hint and action.keys]
        return tuple(sorted(named, key=lambda action: action.rank))

    def bindings_of(self, view: View, readonly: bool) -> list[Binding]:
        """Return the bindings of a screen."""
        return bindings((action for action in self.of_view(view, readonly) if action.keys), everywhere=False)

    def bindings_everywhere(self) -> list[Binding]:
        """Return the bindings of the application."""
        return bindings((action for action in self.actions if action.keys), everywhere=True)

    def key(self, action_id: str) -> str:
        """Return the first key of an action the way people write it; its id if it has none."""
        found = next((action for action in self.actions if action.id == action_id), None)
        return key_label(found.keys[0]) if found is not None and found.keys else action_id


DEFAULT_KEYS: Final = Keymap()
"""The keys of the table."""


def faults(own: Mapping[str, Sequence[str]]) -> list[Fault]:
    """Return what is wrong with the operator's keys: unknown actions, and two actions on one key."""
    ids = {action.id for action in ACTIONS}
    found = [Fault(name, "unknown action") for name in own if name not in ids]
    keymap = Keymap(own)
    told: set[tuple[str, str]] = set()
    for first, second in combinations(keymap.actions, 2):
        if first.id not in own and second.id not in own:
            continue
        shared = set(first.keys) & set(second.keys)
        meet = first.views & second.views or first.everywhere or second.everywhere
        if shared and meet and (first.id, second.id) not in told:
            told.add((first.id, second.id))
            one, other = (first, second) if first.id in own else (second, first)
            key = key_label(min(shared))
            found.append(Fault(one.id, f"{key} is already bound to {other.id}; give that action another key"))
    return found
