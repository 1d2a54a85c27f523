"""Paths of requests: the one spelling that routes are compared with (RFC 3986, section 6.2.2).

Whoever compares paths compares what :func:`request_path_of` returns. A path that two programs could read as two paths
is refused, not repaired: one with ``.`` or ``..`` as a segment, in whatever spelling, and one with characters that no
path has.
"""

from __future__ import annotations

import re
import string
from typing import Final

MOST_PATH: Final = 8 * 1024
"""Bytes of a path."""

_PLAIN: Final = re.compile(rb"(?:/(?:[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9_~!$&'()*+,;=:@.-]*)?)+\Z")
"""A path without anything that is spelled in two ways."""

_PATH: Final = re.compile(rb"/(?:[\x21\x22\x24\x26-\x3e\x40-\x5b\x5d-\x7e]|%[0-9A-Fa-f]{2})*\Z")
"""Any path. More characters than RFC 3986 allows, as browsers send them; no space, no ``#``, ``?`` and backslash."""

_ENCODED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset(string.ascii_letters + string.digits + "-._~")


def request_path_of(raw: bytes) -> str:
    """Return the one spelling of a path: unreserved characters are not encoded, and all others as they came.

    Args:
        raw: The path of a request, without its query.

    Raises:
        ValueError: If it is no path, or has ``.`` or ``..`` as a segment; with what was expected.
    """
    if len(raw) > MOST_PATH:
        raise ValueError(f"a path has at most {MOST_PATH} bytes")
    if _PLAIN.match(raw):
        return raw.decode("ascii")
    if not _PATH.match(raw):
        raise ValueError("a path starts with / and has no spaces, control characters and backslashes")
    path = _ENCODED.sub(_spelled, raw.decode("ascii"))
    if not {".", ".."}.isdisjoint(path.split("/")):
        raise ValueError("a path has no segments . and ..")
    return path


def _spelled(encoded: re.Match[str]) -> str:
    char = chr(int(encoded[1], 16))
    return char if char in _UNRESERVED else encoded[0].upper()
