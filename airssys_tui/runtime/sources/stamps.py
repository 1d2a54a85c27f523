"""Stamps: what the system says about a component's files without opening them, for one entry or for the whole folder.

While the stamps of an entry stay the same, its files are taken to be the same. A program can set a file's size and time
back to what they were, and can write into the file itself; it cannot set back the time of the last change of the inode
(``ctime``), so that is part of a stamp. Links are followed: what counts is the file that would be read, so a stamp
changes when the target of a link is rewritten or replaced, and when a link on the way to it is.

Only "does not exist" means that a file is gone. An entry that cannot be looked at for another reason (no access, no
descriptors, a link that leads to itself) has a stamp that says so: it is there, and whoever reads it learns why not.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

from airssys_tui.core.capability.policy_file import FOLDER_FILE
from airssys_tui.runtime.sources.names import TEMPORARY, is_relevant

ABSENT: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
"""Error numbers of the system that mean that there is no such file."""


class Stamp(NamedTuple):
    """What the system says about one file.

    Attributes:
        name: Its name; empty for a directory that cannot be listed.
        size: Bytes; minus the system's error number if it cannot be looked at.
        modified: When its content changed, in nanoseconds of Unix time; whoever writes it can set this.
        changed: When its inode changed, in nanoseconds of Unix time.
        inode: Which file it is on its device.
        device: The device.
    """

    name: str
    size: int
    modified: int = 0
    changed: int = 0
    inode: int = 0
    device: int = 0


Stamps = tuple[Stamp, ...]
"""The stamps of a component's files, sorted by name; empty if there are none."""


UNANSWERED: Final[Stamps] = (Stamp("", -errno.ETIMEDOUT),)
"""The stamps of an entry whose file system does not answer."""


def stamps(folder: Path, key: str) -> Stamps:
    """Return the stamps of one entry; empty if it is gone, or has no file that can belong to a component."""
    return _look(f"{folder}{os.sep}{key}", key)


class FolderSurvey(NamedTuple):
    """What one survey of a folder saw.

    Attributes:
        stamps: The stamps of each entry that has any.
        directories: The directories among the entries, also empty ones, each with what tells another one of that name.
        cost: Seconds of a processor that the survey took.
    """

    stamps: dict[str, Stamps]
    directories: dict[str, tuple[int, int]]
    cost: float


class Progress:
    """How far a survey has come, for whoever waits for it on another thread.

    Args:
        skipped: Entries not to look at, because their file systems do not answer.

    Attributes:
        key: The entry it is at.
    """

    __slots__ = ("key", "skipped")

    def __init__(self, skipped: Collection[str] = ()) -> None:
        self.key = ""
        self.skipped = skipped


def survey(folder: Path, progress: Progress | None = None) -> FolderSurvey:
    """Look at every entry, in one pass over the two levels that matter; nothing is opened but directories.

    10 000 files take less than 100 ms of one core; see ``benchmarks/watching.py``.

    Args:
        folder: The folder.
        progress: Is told where the survey is.

    Raises:
        OSError: If the folder itself cannot be listed.
    """
    began = time.thread_time()
    progress = progress or Progress()
    found: dict[str, Stamps] = {}
    directories: dict[str, tuple[int, int]] = {}
    with os.scandir(folder) as top:
        for entry in top:
            name = entry.name
            if name.startswith(".") or name.endswith(TEMPORARY):
                continue
            progress.key = name
            if name in progress.skipped:
                found[name] = UNANSWERED
                continue
            seen = _look(entry.path, name)
            if seen:
                found[name] = seen
            place = _directory(entry)
            if place is not None:
                directories[name] = place
    return FolderSurvey(found, directories, time.thread_time() - began)


def youngest(found: Stamps) -> float:
    """Return when a file of an entry changed last, in seconds of Unix time; 0.0 if it has none."""
    return max((max(stamp.modified, stamp.changed) for stamp in found), default=0) / 1e9


def same_but_for_inode_times(one: Stamps, other: Stamps) -> bool:
    """Return whether two stamps differ at most in ``changed``: only the content can tell what happened."""
    return [stamp._replace(changed=0) for stamp in one] == [stamp._replace(changed=0) for stamp in other]


def _directory(entry: os.DirEntry[str]) -> tuple[int, int] | None:
    """Return what tells a directory from another one of its name: its inode, and behind a link its device."""
    try:
        if not entry.is_dir():
            return None
        if not entry.is_symlink():
            return (entry.inode(), 0)
        seen = entry.stat()
    except OSError:
        return None
    return (seen.st_ino, seen.st_dev)


def _look(path: str, name: str) -> Stamps:
    try:
        return _within(path)
    except NotADirectoryError:
        found = _stamp(path, name) if is_relevant(name) or name == FOLDER_FILE else None
        return (found,) if found is not None else ()
    except OSError as error:
        return () if error.errno in ABSENT else (_unknown("", error),)


def _within(directory: str) -> Stamps:
    found = []
    with os.scandir(directory) as inside:
        for entry in inside:
            if is_relevant(entry.name):
                stamp = _stamp(entry.path, entry.name)
                if stamp is not None:
                    found.append(stamp)
    return tuple(sorted(found))


def _stamp(path: str, name: str) -> Stamp | None:
    try:
        seen = os.stat(path)  # noqa: PTH116 - ten thousand times in each survey: a Path each would cost three times that
    except OSError as error:
        return None if error.errno in ABSENT else _unknown(name, error)
    return Stamp(name, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino, seen.st_dev)


def _unknown(name: str, error: OSError) -> Stamp:
    return Stamp(name, -(error.errno or 1))
