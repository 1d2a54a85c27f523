"""Who may open the screen in a browser: the token, kept over restarts if that is asked for, and the origins."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from airssys_tui.core.errors import UsageError
from airssys_tui.core.regular_file import FileAbsent, read_regular

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32,128}")
_LOOPBACK: Final = re.compile(r"(?:localhost|127\.0\.0\.1)(?::[0-9]{1,5})?")


def new_token() -> str:
    """Return a token of 256 random bits."""
    return secrets.token_urlsafe(32)


def kept_token(path: Path) -> str:
    """Return the token in a file; make the file, readable only by its owner, if there is none.

    Raises:
        UsageError: The file holds no token, others can read it, or it cannot be made.
        FileError: It cannot be read.
    """
    try:
        text = read_regular(path, 1024).decode("ascii", errors="replace").strip()
    except FileAbsent:
        return _made(path)
    if not _TOKEN.fullmatch(text):
        raise UsageError(f"{path} holds no token", remedy="remove it, and it is made anew")
    if path.stat().st_mode & 0o077:
        raise UsageError(f"others can read {path}", remedy=f"chmod 600 {path}")
    return text


def _made(path: Path) -> str:
    token = new_token()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"cannot make {path}: {error.strerror}", remedy="name another --token-file") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{token}\n")
    return token


class Origins:
    """Under which addresses the screen is opened, and from which pages requests may come.

    This machine's own names are always among them, with any port, as a forwarded port has another number. A page of
    another site that resolves to this machine sends another host name (DNS rebinding), and one of another port another
    origin (RFC 6454, section 4).

    Args:
        others: Further origins, such as ``https://desk.example``.

    Raises:
        UsageError: One of them is no origin.
    """

    def __init__(self, others: Sequence[str] = ()) -> None:
        self._others = frozenset(map(_origin, others))
        self._hosts = frozenset(other.partition("://")[2] for other in self._others)

    def knows(self, host: str) -> bool:
        """Return whether a ``Host`` header names one of the addresses."""
        return _LOOPBACK.fullmatch(host) is not None or host.lower() in self._hosts

    def allows(self, origin: str, host: str) -> bool:
        """Return whether a request to a host may come from a page of an origin."""
        at_home = _LOOPBACK.fullmatch(host) is not None and origin == f"http://{host}"
        return at_home or origin.lower() in self._others


def _origin(text: str) -> str:
    parts = urlsplit(text)
    plain = f"{parts.scheme}://{parts.netloc}".lower()
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or text.lower() != plain:
        raise UsageError(
            f"{text} is no origin", remedy='write it as "https://desk.example" or "http://desk.example:8080"'
        )
    return plain
