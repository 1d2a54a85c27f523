"""Remedies in keys instead of command lines, so that the screen does not send its reader to a second terminal."""

from __future__ import annotations

import re
from typing import Final

from airssys_tui.tui.actions.keymap import Keymap

_ACTIONS: Final = {
    "start": "component.start",
    "stop": "component.stop",
    "restart": "component.restart",
    "reload": "component.reload",
    "rollback": "component.back-to-stable",
    "unload": "component.unload",
    "versions": "look.versions",
    "grants": "look.rights",
    "gc": "look.disk",
}
"""Commands that have a key, and the action of that key."""

_COMMAND: Final = re.compile(rf"`?airssys-tui ({'|'.join(_ACTIONS)})\b(?: [a-z0-9][a-z0-9/._-]*(?=[`)\s,;]|$))?`?")
_WORD: Final = re.compile(r"`(versions)`")


def in_keys(text: str, keymap: Keymap) -> str:
    """Return a remedy with its command lines replaced by the keys that do the same."""

    def key(match: re.Match[str]) -> str:
        return f"press {keymap.key(_ACTIONS[match[1]])}"

    return _COMMAND.sub(key, _WORD.sub(lambda match: keymap.key(_ACTIONS[match[1]]), text))
