"""The form of an entry on the disk: one line of JSON that begins with the hash of all that follows it.

``{"hash":"<64 hexadecimal digits>","n":7,…,"prev":"<hash of entry 6>"}``: the digits are SHA-256 over the bytes of the
line after them and the comma, with an opening brace before and without the line break. The hash is over bytes as they
are on the disk, so no byte can change and still mean the same.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from airssys_tui.core.capability.audit_entry import AuditEntry

MAX_LINE: Final = 32 * 1024
"""Bytes of a line at most, the line break included."""

MAX_SUBJECT: Final = 4_200
"""Characters kept of a permission or an access; the longest path fits."""

MAX_WORDS: Final = 600
"""Characters kept of a text in words."""

MAX_NAME: Final = 200
"""Characters kept of each name."""

_OPENING: Final = b'{"hash":"'
_AFTER: Final = len(_OPENING) + 64
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(AuditEntry)


class NoEntry(Exception):
    """A line that is no entry, or not the one that was written."""


def encode_line(entry: AuditEntry) -> tuple[bytes, str]:
    """Return the line of an entry with its line break, and its hash. Texts that are too long are cut."""
    body = _ENCODER.encode(_within_bounds(entry))
    digest = hashlib.sha256(body).hexdigest()
    return b'%b%b",%b\n' % (_OPENING, digest.encode(), body[1:]), digest


def decode_line(line: bytes) -> tuple[AuditEntry, str]:
    """Return the entry of a line without its line break, and its hash.

    Raises:
        NoEntry: If it is not what was written.
    """
    if not line.startswith(_OPENING) or line[_AFTER : _AFTER + 2] != b'",':
        raise NoEntry("it is no entry")
    body = b"{" + line[_AFTER + 2 :]
    digest = hashlib.sha256(body).hexdigest()
    if line[len(_OPENING) : _AFTER] != digest.encode():
        raise NoEntry("its content does not match its hash")
    try:
        return _DECODER.decode(body), digest
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoEntry(f"it cannot be read: {error}") from error


def _within_bounds(entry: AuditEntry) -> AuditEntry:
    return msgspec.structs.replace(
        entry,
        component=_kept(entry.component, MAX_NAME),
        subject=_kept(entry.subject, MAX_SUBJECT),
        who=_kept(entry.who, MAX_NAME),
        reason=_kept(entry.reason, MAX_NAME),
        text=_kept(entry.text, MAX_WORDS),
    )


def _kept(text: str, most: int) -> str:
    """Return what is kept of a text: whole characters, a lone surrogate written out."""
    kept = text if text.isascii() else text.encode(errors="backslashreplace").decode()
    return kept if len(kept) <= most else f"{kept[: most - 1]}…"
