"""Partial writes: whether the files of an entry look as if somebody is still writing them.

Stamps tell when files have stopped changing, not whether they are complete: a copy over a slow network pauses. Read in
such a pause, a component would be refused, once for each pause. Three things tell more:

* The sections of a WebAssembly file say how long they are. If the file ends before the last of them does, if it has
  none, or if it goes on with zeros (some programs reserve the room first), the rest is missing.
* A manifest that is empty, that ends in the middle of a value, or that lacks what no manifest may lack, may be half
  written.
* Linux tells whether anybody has a file open for writing: it refuses a lease for reading then (``fcntl(2)``,
  ``F_SETLEASE``). This works for local files that belong to this user; elsewhere it is unknown.

The walk reads the sections' headers only, a few bytes each. This module judges one moment; ``settle`` decides how long
to wait.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.errors import ManifestError
from airssys_tui.core.limits import MAX_WASM
from airssys_tui.core.manifest.document import parse_manifest
from airssys_tui.core.manifest.toml_bounds import MAX_BYTES
from airssys_tui.core.regular_file import FileError, open_regular, read_regular_text
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.sources.names import MANIFEST, WASM, is_storable

_MAGIC: Final = b"\0asm"
_PREAMBLE: Final = 8
_LEB_LIMIT: Final = 5
_MOST_SECTIONS: Final = 20_000
"""Sections at most that are walked over; a file with more is for the gates to refuse."""

_REQUIRED: Final = frozenset({"package.name", "component.wasm"})


class Writer(StrEnum):
    """Whether somebody has a file open for writing."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class PartialWrite(msgspec.Struct, frozen=True):
    """A file that may be half written.

    Attributes:
        file: Its name within its entry, or the entry itself if that is the file.
        reason: What tells so, after the name of the file.
        writer: Whether it is open for writing.
        cut: Whether something is missing; otherwise the file is complete and only open.
    """

    file: GuestText
    reason: str
    writer: Writer
    cut: bool = True


def partial_write_of(folder: Path, key: str) -> PartialWrite | None:
    """Return the first file of an entry that may be half written, or None.

    Files that cannot be opened, or are no regular files, are for the reader to report. Reads the disk.
    """
    path = folder / key
    if not is_storable(key):  # refused by its name; opening it would end native watching
        return None
    if key.endswith(WASM) and not path.is_dir():
        return _judge(path, key, _cut_wasm)
    manifest = _judge(path / MANIFEST, f"{key}/{MANIFEST}", _cut_manifest)
    if manifest is not None and manifest.cut:
        return manifest
    artifact = _artifact(path / MANIFEST) or _only_wasm(path)
    wasm = _judge(path / artifact, f"{key}/{artifact}", _cut_wasm) if artifact else None
    return wasm if wasm is not None and (wasm.cut or manifest is None) else manifest


def _judge(path: Path, name: str, cut: Callable[[int, int, Writer], str]) -> PartialWrite | None:
    try:
        with open_regular(path, MAX_WASM) as file:
            writer = _writer(file.fileno())
            reason = cut(file.fileno(), os.fstat(file.fileno()).st_size, writer)
    except (FileError, OSError):
        return None
    if reason:
        return PartialWrite(one_line(name), reason, writer)
    if writer is Writer.OPEN:
        return PartialWrite(one_line(name), "is still open for writing", writer, cut=False)
    return None


def _artifact(manifest: Path) -> str:
    """Return the file that a manifest names, or nothing if the manifest does not say."""
    try:
        return parse_manifest(read_regular_text(manifest, MAX_BYTES), MANIFEST).artifact.wasm
    except (FileError, ManifestError, UnicodeDecodeError):
        return ""


def _only_wasm(path: Path) -> str:
    """Return the wasm file of a directory without a manifest, if it is the only one, or nothing."""
    try:
        names = [file.name for file in path.iterdir()]
    except OSError:
        return ""
    found = [name for name in names if name.endswith(WASM) and not name.startswith(".")]
    return found[0] if MANIFEST not in names and len(found) == 1 and is_storable(found[0]) else ""


def _writer(descriptor: int) -> Writer:
    """Ask for a lease and give it back at once: it is refused while the file is open for writing."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return Writer.UNKNOWN
    try:
        # Whoever opens the file for writing in between makes the system signal this process. The signal that it takes
        # for that by itself ends a process; this one is ignored.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return Writer.OPEN if error.errno == errno.EAGAIN else Writer.UNKNOWN
    with contextlib.suppress(OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return Writer.CLOSED


def _cut_wasm(descriptor: int, size: int, _: Writer) -> str:
    """Return what is missing in a WebAssembly file, or nothing; what is damaged is for the gates."""
    preamble = os.pread(descriptor, _PREAMBLE, 0)
    if not preamble:
        return "is empty"
    if not preamble.strip(b"\0"):
        return "begins with zeros"
    if preamble[: len(_MAGIC)] != _MAGIC[: len(preamble)]:
        return ""
    at, zeros = _walk(descriptor, size)
    if zeros:
        return f"goes on with zeros after {at} bytes"
    return f"is cut off after {size} bytes" if at > size else ""


def _walk(descriptor: int, size: int) -> tuple[int, bool]:
    """Walk over the sections; return where they end, past the file if it is cut off, and whether zeros follow there."""
    at = _PREAMBLE
    for section in range(_MOST_SECTIONS):
        if at >= size:
            return (at if section else size + 1), False  # a component without a section is not one
        header = os.pread(descriptor, 1 + _LEB_LIMIT, at)
        length, digits = _number(header)
        if length is None:
            return (size + 1 if at + len(header) >= size else at), False
        if header[0] == length == 0:
            return at, True
        at += 1 + digits + length
    return size, False


def _number(header: bytes) -> tuple[int | None, int]:
    """Read the LEB128 after a section's kind; return it, or None if it has no end here, and its length."""
    value = 0
    for index, byte in enumerate(header[1:]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, index + 1
    return None, 0


def _cut_manifest(descriptor: int, size: int, writer: Writer) -> str:
    """Return why a manifest may be half written, or nothing if it is complete, or is wrong in another way."""
    data = os.pread(descriptor, min(size, MAX_BYTES + 1), 0)
    if not data.strip(b"\0 \t\r\n"):
        return "begins with zeros" if b"\0" in data else "is empty"
    try:
        text = data.decode()
        parse_manifest(text, MANIFEST)
    except UnicodeDecodeError as error:
        return "ends inside a character" if error.reason == "unexpected end of data" else ""
    except ManifestError as error:
        if writer is Writer.OPEN or _ends_early(text, error):
            return "ends too early"
    return ""


def _ends_early(text: str, error: ManifestError) -> bool:
    """Return whether a manifest is wrong at its end only: in its last line, or by lacking what it has to have."""
    last = text.rstrip().count("\n") + 1
    for problem in error.problems:
        if problem.line >= last and (not problem.key or not text.endswith("\n")):
            return True
        if problem.key in _REQUIRED and "is required" in problem.message:
            return True
    return False
