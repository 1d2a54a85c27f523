"""Trees of files for tests: where they lie, and a plain model of what a door does with them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.host.doors.filesystem import descent, entry, system_calls
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal

Names = tuple[str, ...]


def portable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve paths as on a system that has nothing but POSIX."""
    monkeypatch.setattr(system_calls, "has_openat2", lambda: False)
    monkeypatch.setattr(system_calls, "_LINUX", False)
    for module in (descent, entry):
        monkeypatch.setattr(module, "PIN", None)
    monkeypatch.setattr(descent, "DIRECTORY", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def everything_in(folder: Path) -> list[str]:
    """Return the permissions for a folder and all that is in it, in text form."""
    actions = [f"filesystem:{action}:{folder}" for action in ("read", "write", "delete", "list")]
    return [*actions, *(f"{action}/**" for action in actions)]


def descriptors() -> set[str]:
    """Return what this process has open, without what only looking at it opens."""
    found = set()
    for number in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(f"{number.name} {number.readlink()}")
    return found


class ModelError(Exception):
    """What the model refuses."""


class TreeModel:
    """A tree as a dictionary. Everything below ``in`` may be reached, nothing else.

    Args:
        root: Where the real tree lies; a real path.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.top: Names = tuple(root.parts[1:])
        # A file holds bytes, a directory None, a link the text of its target.
        self.nodes: dict[Names, bytes | str | None] = {(*self.top, "in"): None, (*self.top, "out"): None}
        for size in range(len(self.top) + 1):
            self.nodes[self.top[:size]] = None

    def text(self, path: Names) -> str:
        return "/" + "/".join(path)

    def at(self, path: Names) -> Any:
        if path not in self.nodes:
            raise ModelError("not-found")
        return self.nodes[path]

    def below(self, path: Names) -> list[Names]:
        return [one for one in self.nodes if len(one) > len(path) and one[: len(path)] == path]

    def reach(self, path: Names, *, follow: bool) -> Names:
        """Return the real path of what a path names; its directory exists."""
        for _ in range(41):
            if path[: len(self.top) + 1] != (*self.top, "in"):
                raise ModelError("denied")
            turned = self._turned(path, follow=follow)
            if turned is None:
                return path
            path = turned
        raise ModelError("failed")

    def _turned(self, path: Names, *, follow: bool) -> Names | None:
        for size in range(1, len(path) + 1):
            last = size == len(path)
            node = self.nodes.get(path[:size], ModelError)
            if isinstance(node, str) and (follow or not last):
                return (*joined(path[: size - 1], node), *path[size:])
            if not last and node is not None:
                raise ModelError("not-found")
        return None


def joined(directory: Names, target: str) -> Names:
    """Return where a link leads."""
    names = [] if target.startswith("/") else list(directory)
    for name in target.split("/"):
        if name == "..":
            del names[-1:]
        elif name not in {"", "."}:
            names.append(name)
    return tuple(names)


def outcome(work: Any, *args: Any, **kwargs: Any) -> Any:
    """Return what something gives, or the case with which it is refused."""
    try:
        return "ok", work(*args, **kwargs)
    except FileRefusal as refusal:
        return refusal.case, None
    except ModelError as error:
        return str(error), None
