"""Absolute paths as bytes, in the one form that the guard is asked about: no empty, ``.`` or ``..`` names in them.

Nothing is decoded, unescaped or folded: ``%2e%2e`` is a name like any other. A link's target is joined by text to the
real path of the directory that holds it; what comes out is asked for and opened anew from the root, without links, so
that a directory which moved meanwhile is not found instead of found elsewhere.
"""

from __future__ import annotations

import re
from typing import Final

from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal

MAX_PATH: Final = 4_096
"""Bytes of a path, the one that a link leads to included."""

MAX_NAME: Final = 255
"""Bytes of one name in it."""

ROOT: Final = b"/"

_NORMAL: Final = re.compile(rb"(?:/(?!\.\.?(?:/|\Z))[^/\0]{1,255})+\Z")
"""A path that has the form already, as nearly all have: compared in one go."""


def parse(text: str) -> bytes:
    """Return the form of a path that a component names.

    Raises:
        FileRefusal: ``invalid-path`` if it is relative, too long, or holds ``..`` or a zero byte.
    """
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise invalid("it is not valid text") from None
    if len(raw) <= MAX_PATH and _NORMAL.match(raw):
        return raw
    if not raw.startswith(ROOT):
        raise invalid("it is not absolute")
    if len(raw) > MAX_PATH:
        raise invalid(f"it has {len(raw)} bytes; the limit is {MAX_PATH}")
    names = raw.split(b"/")
    if b".." in names:
        raise invalid("it holds `..`")
    return _checked(names)


def join(directory: bytes, target: bytes, rest: bytes = b"") -> bytes:
    """Return the path to which a link leads.

    Args:
        directory: The real path of the directory that holds the link.
        target: What the link holds; absolute or relative to the directory.
        rest: What the path went on with after the link.

    Raises:
        FileRefusal: ``invalid-path`` if it is too long or no valid text.
    """
    names = [] if target.startswith(ROOT) else [name for name in directory.split(b"/") if name]
    for name in target.split(b"/"):
        if name == b"..":
            del names[-1:]
        elif name not in {b"", b"."}:
            names.append(name)
    return _checked([*names, *rest.split(b"/")])


def below(directory: bytes, name: bytes) -> bytes:
    """Return the path of a name in a directory."""
    return directory + name if directory == ROOT else b"%s/%s" % (directory, name)


def split(path: bytes) -> tuple[bytes, bytes]:
    """Return the path of the directory that holds a path's last name, and that name; ``.`` for the root itself."""
    directory, _, name = path.rpartition(b"/")
    return directory or ROOT, name or b"."


def text_of(path: bytes) -> str:
    """Return a path as text.

    Raises:
        FileRefusal: ``invalid-path`` if it is no valid text; nothing can be granted for it then.
    """
    try:
        return path.decode()
    except UnicodeDecodeError:
        raise invalid("a link leads to a path that is not valid text") from None


def invalid(why: str) -> FileRefusal:
    """Return the refusal of a path."""
    return FileRefusal("invalid-path", f"the path is refused: {why}")


def _checked(names: list[bytes]) -> bytes:
    kept = [name for name in names if name not in {b"", b"."}]
    path = ROOT + b"/".join(kept)
    if b"\0" in path:
        raise invalid("it holds a zero byte")
    if len(path) > MAX_PATH:
        raise invalid(f"it has {len(path)} bytes; the limit is {MAX_PATH}")
    if any(len(name) > MAX_NAME for name in kept):
        raise invalid(f"a name in it is longer than {MAX_NAME} bytes")
    return path
