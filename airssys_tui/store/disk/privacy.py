"""Who reaches what a state directory holds: nobody but its user.

It holds what components stored, their states, and the socket through which everything can be changed. So an owner
makes it private before it opens anything in it: the directory has mode 0700 and belongs to the user, its files have
mode 0600, and no name in it is a link, which would lead reads and writes to another place, or a pipe or a device in
place of a file.

A directory that holds other things as well, such as a home directory, is not changed but refused, with the remedy.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.errors import StoreError
from airssys_tui.core.text import escaped
from airssys_tui.store.disk.durable import PRIVATE_DIRECTORY, PRIVATE_FILE, make_directory

_OTHERS: Final = 0o077
_FILES: Final = ("catalog.db", "storage.db", "messages.db", "owner.lock", "owner.json", "owner.new", "probe")
_FOLDERS: Final = ("audit", "blobs", "code", "logs")
_SIDES: Final = ("-wal", "-shm", "-journal")
_NAMES: Final = frozenset({*_FILES, *_FOLDERS, *(f"{name}{side}" for name in _FILES[:3] for side in _SIDES)})
"""What the program keeps in a state directory."""

_SOCKETS: Final = frozenset({"control.sock", "control.sock.new"})
"""The control socket; each owner binds it anew, in place of what has its name."""

ELSEWHERE: Final = "name a directory of your own, such as a new one in it, with --state-dir or AIRSSYS_TUI_STATE_DIR"
MOST: Final = 20
"""Maximum reasons that are told."""


class Exposure(msgspec.Struct, frozen=True):
    """One reason why a state directory is not private.

    Attributes:
        text: What is wrong, in one sentence.
        remedy: What to do.
        path: What it is about.
        mode: The mode that makes it private, if that is all it needs; else None.
    """

    text: str
    remedy: str
    path: str
    mode: int | None = None


def make_private(path: Path) -> None:
    """Make a state directory private; create it if it does not exist.

    Raises:
        StoreError: It is not private, and only a person can make it so.
        OSError: The system refused.
    """
    if not os.path.lexists(path):
        make_directory(path)
    for exposure in _of_directory(path):
        _repair(exposure, may_change=lambda: _is_ours(path))
    # Nobody else can change names in it from here on.
    for exposure in _of_contents(path):
        _repair(exposure)


def exposures(path: Path) -> tuple[Exposure, ...]:
    """Return what is not private about a state directory, at most :data:`MOST` reasons; changes nothing.

    Raises:
        OSError: It cannot be looked at.
    """
    if not os.path.lexists(path):
        return ()
    found = list(_of_directory(path))
    if path.is_dir():
        found += islice(_of_contents(path), MOST)
    return tuple(found[:MOST])


def _repair(exposure: Exposure, *, may_change: Callable[[], bool] = lambda: True) -> None:
    if exposure.mode is None or not may_change():
        raise StoreError(exposure.text, remedy=exposure.remedy)
    Path(exposure.path).chmod(exposure.mode)


def _is_ours(path: Path) -> bool:
    """Return whether a directory is empty or was used as a state directory: then its mode may be changed."""
    names = set(os.listdir(path))  # noqa: PTH208 - the names alone
    return names <= {*_NAMES, *_SOCKETS} or bool(names & {"catalog.db", "owner.lock"})


def _of_directory(path: Path) -> Iterator[Exposure]:
    shown, found = escaped(str(path)), path.lstat()
    if stat.S_ISLNK(found.st_mode):
        real = escaped(str(path.resolve()))
        yield Exposure(
            f"the state directory {shown} is a link to {real}", f"name the directory itself: --state-dir {real}", shown
        )
        return
    if not stat.S_ISDIR(found.st_mode):
        yield Exposure(f"the state directory {shown} is a file", ELSEWHERE, shown)
        return
    yield from _of_owner(found, f"the state directory {shown}", str(path))
    if found.st_mode & _OTHERS:
        yield Exposure(
            f"other users may have access to the state directory {shown}: its mode is {_mode(found)}",
            f"chmod 700 {shown}, or {ELSEWHERE}",
            str(path),
            PRIVATE_DIRECTORY,
        )


def _of_contents(path: Path) -> Iterator[Exposure]:
    with os.scandir(path) as entries:
        known = sorted((entry for entry in entries if entry.name in _NAMES), key=lambda entry: entry.name)
    for entry in known:
        yield from _of_entry(entry)
        if entry.name in _FOLDERS and entry.is_dir(follow_symlinks=False):
            with os.scandir(entry.path) as inside:
                yield from (exposure for deeper in inside for exposure in _of_entry(deeper))


def _of_entry(entry: os.DirEntry[str]) -> Iterator[Exposure]:
    shown = escaped(entry.path)
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # SQLite removes its side files
        return
    if stat.S_ISLNK(found.st_mode):
        yield Exposure(
            f"{shown} is a link: what is read and written there is in another place",
            "put what it leads to in its place, or remove the link",
            entry.path,
        )
        return
    is_kind, kind = (stat.S_ISDIR, "a folder") if entry.name in _FOLDERS else (stat.S_ISREG, "a file")
    if entry.name in _NAMES and not is_kind(found.st_mode):
        yield Exposure(f"{shown} has to be {kind}, but is something else", "move it away, or remove it", entry.path)
        return
    yield from _of_owner(found, shown, entry.path)
    if found.st_mode & _OTHERS:
        mode = PRIVATE_DIRECTORY if stat.S_ISDIR(found.st_mode) else PRIVATE_FILE
        yield Exposure(
            f"other users may have access to {shown}: its mode is {_mode(found)}",
            f"chmod {mode:o} {shown}",
            entry.path,
            mode,
        )


def _of_owner(found: os.stat_result, what: str, path: str) -> Iterator[Exposure]:
    user = os.geteuid()
    if user not in {0, found.st_uid}:
        yield Exposure(f"{what} belongs to another user (uid {found.st_uid})", ELSEWHERE, path)


def _mode(found: os.stat_result) -> str:
    return f"{stat.S_IMODE(found.st_mode):04o}"
