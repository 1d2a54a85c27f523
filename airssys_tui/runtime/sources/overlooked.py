"""What a person may take for a component and is none: it is not taken in, and told with the reason and the way out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.text import escaped
from airssys_tui.runtime.sources.names import MANIFEST, TEXT, WASM, is_manifest_like

MOST_LOOKED_AT: Final = 2_000
"""Entries below a directory that are looked at for a wasm file that lies too deep."""

DEEPEST: Final = 4
"""Levels below a directory that are looked at."""


class Overlooked(msgspec.Struct, frozen=True):
    """An entry that is not taken in: why, and what to do. Names in it are escaped."""

    reason: str
    remedy: str


def overlooked_file(key: str, *, dangling: bool = False) -> Overlooked | None:
    """Say why a file at the top is not taken in; None if nobody would take it for a component.

    Args:
        key: Its name.
        dangling: Whether it is a link that leads nowhere.
    """
    shown = escaped(key)
    if dangling:
        relevant = key.lower().endswith((WASM, TEXT))
        return Overlooked(f"{shown} is a link to a file that does not exist", "correct the link") if relevant else None
    if key.endswith(TEXT):
        return Overlooked(
            f"{shown} is WebAssembly text, which does not run",
            f"convert it: wasm-tools parse {shown} -o {shown.removesuffix(TEXT)}{WASM}",
        )
    if key.lower().endswith((WASM, TEXT)):
        return Overlooked(f"{shown} does not end in {WASM} in small letters", "rename it")
    if is_manifest_like(key):
        return Overlooked(f"{shown} lies outside of a component's folder", "put it into a folder with its wasm file")
    return None


def overlooked_folder(path: Path, key: str, names: Sequence[str]) -> Overlooked | None:
    """Say why a directory without a manifest and without a wasm file is not taken in; None if it holds nothing alike.

    Args:
        path: The directory.
        key: Its name.
        names: The files in it that look relevant.
    """
    for name in names:
        found = overlooked_file(name)
        if found is not None and not is_manifest_like(name):
            return Overlooked(f"{escaped(key)}/{found.reason}", found.remedy)
    if names:
        return Overlooked(
            f"{escaped(key)}/ has {escaped(names[0])}, but no {WASM} file", "put the wasm file next to it"
        )
    deep = next(_wasm_below(path), None)
    if deep is None:
        return None
    return Overlooked(
        f"{escaped(key)}/{escaped(deep)} lies too deep: only files in {escaped(key)}/ itself are looked at",
        f"move it, with its {MANIFEST}, to a folder of its own at the top",
    )


def _wasm_below(path: Path) -> Iterator[str]:
    """Yield paths of wasm files below a directory, within bounds; what cannot be listed is left out."""
    left = MOST_LOOKED_AT
    waiting: list[tuple[str, int]] = [("", 0)]
    while waiting:
        below, depth = waiting.pop(0)
        try:
            with os.scandir(path / below) as found:
                for entry in found:
                    left -= 1
                    if left < 0:
                        return
                    inner = f"{below}/{entry.name}" if below else entry.name
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if depth < DEEPEST:
                            waiting.append((inner, depth + 1))
                    elif depth and entry.name.lower().endswith(WASM):
                        yield inner
        except OSError:
            continue
