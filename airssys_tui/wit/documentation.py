"""Documentation of each function of the shipped packages, by its full path."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from airssys_tui.core.text import GuestText, sanitise
from airssys_tui.wit import shipped

_INTERFACE: Final = re.compile(r"^interface (?P<name>[a-z0-9-]+) \{")
_RESOURCE: Final = re.compile(r"^    resource (?P<name>[a-z0-9-]+) \{")
_FUNCTION: Final = re.compile(r"^(?P<indent> +)(?P<name>[a-z0-9-]+): (?P<static>static )?func\(")
_DOC: Final = re.compile(r"^ *///(?: (?P<text>.*))?$")


@cache
def documentation() -> dict[str, GuestText]:
    """Return the documentation of every function of every package. The first call reads files."""
    found: dict[str, GuestText] = {}
    for package in shipped.packages().values():
        for text in package.texts().values():
            found.update(_of_file(text.decode(), package.name, package.version))
    return found


def _of_file(text: str, package: str, version: str) -> dict[str, GuestText]:
    found: dict[str, GuestText] = {}
    interface = resource = ""
    told: list[str] = []
    for line in text.splitlines():
        doc = _DOC.match(line)
        if doc is not None:
            told.append(doc["text"] or "")
            continue
        if (match := _INTERFACE.match(line)) is not None:
            interface = match["name"]
        elif (match := _RESOURCE.match(line)) is not None:
            resource = match["name"]
        elif (match := _FUNCTION.match(line)) is not None and told:
            inside = len(match["indent"]) > len("    ")
            kind = "static" if match["static"] else "method"
            name = f"[{kind}]{resource}.{match['name']}" if inside else match["name"]
            found[f"{package}/{interface}@{version}#{name}"] = sanitise("\n".join(told))
        told = []
    return found
