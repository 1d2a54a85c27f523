"""Writing a file whole and durably: written aside, synced, moved into place in one step, never over a file unasked."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from airssys_tui.core.errors import StoreError
from airssys_tui.core.events import Event
from airssys_tui.core.text import one_line

PRIVATE: Final = 0o600


class FileThereError(StoreError):
    """The file already exists."""

    title = "file exists"


def text_of(events: Iterable[Event]) -> bytes:
    """Return events as lines: local time with its offset, level, component and revision, source, text."""
    return "".join(map(_line, events)).encode("utf-8", "replace")


def _line(event: Event) -> str:
    at = datetime.fromtimestamp(event.at).astimezone().isoformat(timespec="milliseconds")
    revision = f" r{event.revision}" if event.revision is not None else ""
    speaker = f" ({event.speaker})" if event.speaker else ""
    who = one_line(f"{event.component or '-'}{revision}{speaker}", 160)
    return f"{at} {event.level:<7} {who} {one_line(event.action or event.kind, 40)} {one_line(event.text, 2_000)}\n"


def keep(path: Path, data: bytes, *, replace: bool = False) -> None:
    """Write a file, whole and durably.

    Args:
        path: Where; its directory must exist.
        data: Its bytes.
        replace: Whether an existing file is replaced.

    Raises:
        FileThereError: If a file exists and is not to be replaced.
        StoreError: If it cannot be written.
    """
    aside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")
    try:
        _write(aside, data)
        try:
            if replace:
                aside.replace(path)
            else:
                os.link(aside, path)  # unlike a rename, it fails when the name is taken
        finally:
            aside.unlink(missing_ok=True)
        _sync(path.parent)
    except FileExistsError as error:
        raise FileThereError(f"{path} already exists", remedy="choose another name, or overwrite it") from error
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}", remedy="choose another place") from error


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
