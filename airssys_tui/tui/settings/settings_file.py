"""The configuration file: read again when it changed, written when the view is saved.

It is written with ``tomlkit``, which keeps comments, order and spelling of everything else; the standard library only
reads. The write is atomic: after a crash the file is the old one or the whole new one.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Any

from airssys_tui.core.errors import StoreError, UsageError
from airssys_tui.core.manifest.toml_bounds import MAX_BYTES, TomlError, check_bounds
from airssys_tui.core.regular_file import FileAbsent, FileError, read_regular_text
from airssys_tui.tui.settings.preferences import Faulty, Preferences, read_preferences

Stamp = tuple[int, int, int] | None
"""Tells one version of the file from the next without reading it; ``None`` without a file."""


class SettingsFile:
    """A configuration file.

    Args:
        path: Its path; the file need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: Stamp = None
        self._read = False

    def changed(self) -> bool:
        """Return whether the file was not read yet, or changed since."""
        return not self._read or self._stamp() != self._seen

    def read(self, themes: Collection[str]) -> Preferences:
        """Read the file; without one everything has its default.

        Raises:
            Faulty: If it cannot be read or anything in it is wrong.
        """
        self._seen, self._read = self._stamp(), True
        if self._seen is None:
            return Preferences()
        try:
            text = read_regular_text(self.path, MAX_BYTES)
        except FileAbsent:
            return Preferences()
        except FileError as error:
            raise Faulty([error.message]) from error
        except UnicodeDecodeError as error:
            raise Faulty([f"cannot read it: {error}"]) from error
        return read_preferences(text, themes)

    def save(self, **screen: Any) -> None:
        """Write settings of the screen into the file and leave the rest as it is; ``None`` removes a setting.

        Raises:
            UsageError: If the file holds something other than TOML.
            StoreError: If it cannot be written.
        """
        import tomlkit  # noqa: PLC0415 - late: reading needs only the standard library
        from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

        # Often a link into a directory under version control: write its target and keep the link.
        target = self.path.resolve()
        try:
            text = read_regular_text(target, MAX_BYTES) if target.exists() else ""
            check_bounds(text)
            document = tomlkit.parse(text)
            table = document.get("screen")
            if table is None:
                table = document["screen"] = tomlkit.table()
            for name, value in screen.items():
                if value is None:
                    table.pop(name, None)
                elif table.get(name) != value:
                    table[name] = value
            _write(target, tomlkit.dumps(document).encode())
        except (TOMLKitError, TomlError, UnicodeDecodeError, FileError, AttributeError, TypeError) as error:
            raise UsageError(f"{self.path}: cannot save into it: {error}", remedy="correct the file") from error
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror or error}") from error

    def _stamp(self) -> Stamp:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _write(path: Path, data: bytes) -> None:
    """Write aside, fsync, rename, fsync the directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
