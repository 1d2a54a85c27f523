"""The configuration file under the screen: read again when it changed, written when the view is saved.

Written with ``tomlkit``, which keeps comments, order and spelling of everything that is not changed; the standard
library only reads. Like every file of ours it is there whole or as it was before.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Any

from airssys_tui.core.errors import StoreError, UsageError
from airssys_tui.tui.settings.preferences import Faulty, Preferences, read_preferences

Stamp = tuple[int, int, int] | None
"""What tells one version of the file from the next, without reading it; nothing when there is no file."""

LARGEST = 1024 * 1024
"""Bytes of a configuration file that is read."""


class SettingsFile:
    """A configuration file.

    Args:
        path: Where it is; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: Stamp = None
        self._read = False

    def changed(self) -> bool:
        """Return whether there is something to read: a file that was not read yet, or that is another one since."""
        return not self._read or self._stamp() != self._seen

    def read(self, themes: Collection[str]) -> Preferences:
        """Read it; without a file everything is as by default.

        Raises:
            Faulty: It cannot be read or used.
        """
        self._seen, self._read = self._stamp(), True
        if self._seen is None:
            return Preferences()
        try:
            with self.path.open("rb") as file:
                text = file.read(LARGEST).decode("utf-8")
        except FileNotFoundError:
            return Preferences()
        except (OSError, UnicodeDecodeError) as error:
            raise Faulty([f"it cannot be read: {error}"]) from error
        return read_preferences(text, themes)

    def save(self, **screen: Any) -> None:
        """Write settings of the screen into it, and leave everything else as it is; ``None`` takes one away.

        Raises:
            UsageError: What is there now is not TOML, so that nothing can be put into it.
            StoreError: It cannot be written.
        """
        import tomlkit  # noqa: PLC0415 - late: reading needs only the standard library
        from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

        # Often a link into a directory under version control: what it names is written, the link stays.
        target = self.path.resolve()
        try:
            text = target.read_text(encoding="utf-8") if target.exists() else ""
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
        except (TOMLKitError, UnicodeDecodeError, AttributeError, TypeError) as error:
            raise UsageError(
                f"{self.path}: nothing can be saved into it: {error}", remedy="correct the file"
            ) from error
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror or error}") from error

    def _stamp(self) -> Stamp:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _write(path: Path, data: bytes) -> None:
    """Write aside, fsync, rename, fsync the directory: after a crash it is the old file or the whole new one."""
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
