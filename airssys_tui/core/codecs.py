"""Codecs of payloads: which numbers are registered encodings of data.

The numbers are those of the multicodec table (github.com/multiformats/multicodec) with the tags ``ipld`` and
``serialization``, which say how data is encoded, and its range for private use. The others name hashes, keys, addresses
and protocols.
"""

from __future__ import annotations

from typing import Final

PRIVATE_USE: Final = range(0x300000, 0x400000)
"""Numbers that the table leaves to private use."""

REGISTERED: Final = frozenset(
    {
        *(0x50, 0x51, 0x55, 0x60, 0x63, 0x70, 0x71, 0x72, 0x78, 0x7B, 0x7C, 0x81, 0x82, 0x83, 0x85, 0x86),
        *range(0x90, 0x9B),
        *(0xB0, 0xB1, 0xB2, 0xC0, 0xC1, 0xD0, 0xD1, 0xE0, 0xE1, 0xF0, 0xF1, 0xFA, 0xFB, 0xFC),
        *(0x0129, 0x01F0, 0x0200, 0x0201, 0x0202, 0x0300, 0x0400, 0x0401, 0xB403, 0xB501, 0xB601),
    }
)
"""Registered encodings of data."""


def is_codec(number: int) -> bool:
    """Return whether a number is a codec that a payload may have."""
    return number in REGISTERED or number in PRIVATE_USE
