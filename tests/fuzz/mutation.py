"""How a component is damaged. Every way is a pure function of the bytes and a source of chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

PREAMBLE = 8
EMBEDDING = (1, 4)
"""Sections of a component that hold a whole core module or component."""
EXTREMES = (0x00, 0x01, 0x7F, 0x80, 0xFF)


def damaged(seeds: Sequence[bytes], chance: Random) -> bytes:
    """Take a component and damage it in one to three ways."""
    data = chance.choice(seeds)
    for _ in range(chance.choice((1, 1, 2, 3))):
        data = chance.choice(WAYS)(data, seeds, chance)
    return data


def flip_bits(data: bytes, _seeds: Sequence[bytes], chance: Random) -> bytes:
    """Flip up to eight bits anywhere."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def set_bytes(data: bytes, _seeds: Sequence[bytes], chance: Random) -> bytes:
    """Put values at the ends of their ranges where others were."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4) if changed else 0):
        changed[chance.randrange(len(changed))] = chance.choice(EXTREMES)
    return bytes(changed)


def truncate(data: bytes, _seeds: Sequence[bytes], chance: Random) -> bytes:
    """Cut the end off."""
    return data[: chance.randrange(len(data) + 1)]


def remove(data: bytes, _seeds: Sequence[bytes], chance: Random) -> bytes:
    """Take a piece out of the middle."""
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.randint(1, 16) :]


def repeat(data: bytes, _seeds: Sequence[bytes], chance: Random) -> bytes:
    """Put a piece in several times."""
    start = chance.randrange(len(data) + 1)
    piece = data[start : start + chance.randint(1, 32)]
    return data[:start] + piece * chance.randint(2, 20) + data[start:]


def splice(data: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    """Continue with the end of another component."""
    other = chance.choice(seeds)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def shuffle_sections(data: bytes, _seeds: Sequence[bytes], chance: Random) -> bytes:
    """Put whole sections in another order, drop one, or put one in twice."""
    found = sections(data)
    if not found:
        return data
    pieces = [data[start:end] for start, _, end in found]
    way = chance.randrange(3)
    if way == 0:
        one, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        pieces[one], pieces[other] = pieces[other], pieces[one]
    elif way == 1:
        del pieces[chance.randrange(len(pieces))]
    else:
        pieces.insert(chance.randrange(len(pieces)), chance.choice(pieces))
    return data[:PREAMBLE] + b"".join(pieces)


def borrow_section(data: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    """Put in a whole section of another component."""
    other = chance.choice(seeds)
    mine, theirs = sections(data), sections(other)
    if not mine or not theirs:
        return data
    start, _, end = chance.choice(theirs)
    at = chance.choice(mine)[0]
    return data[:at] + other[start:end] + data[at:]


def lie_about_length(data: bytes, _seeds: Sequence[bytes], chance: Random) -> bytes:
    """Claim another size for a section than it has."""
    found = sections(data)
    if not found:
        return data
    start, body, end = chance.choice(found)
    size = end - body
    claim = chance.choice((0, 1, max(0, size - 1), size + 1, size * 2, 0x7FFF_FFFF, 0xFFFF_FFFF))
    return data[: start + 1] + leb(claim) + data[body:]


def lie_about_count(data: bytes, _seeds: Sequence[bytes], chance: Random) -> bytes:
    """Claim another number of entries for a section than it has."""
    found = [(body, end) for _, body, end in sections(data) if end > body]
    if not found:
        return data
    body, _ = chance.choice(found)
    return data[:body] + bytes([chance.choice((0, data[body] + 1 & 0x7F, 0x7F))]) + data[body + 1 :]


def overlong(data: bytes, _seeds: Sequence[bytes], chance: Random) -> bytes:
    """Write a section's size with more bytes than it needs, up to more than are allowed."""
    found = sections(data)
    if not found:
        return data
    start, body, end = chance.choice(found)
    return data[: start + 1] + leb(end - body, chance.randint(4, 7)) + data[body:]


def within(data: bytes, seeds: Sequence[bytes], chance: Random) -> bytes:
    """Damage the contents of one section, at any depth, and make every length around it true again."""
    found = sections(data)
    if not found:
        return data
    start, body, end = chance.choice(found)
    contents = data[body:end]
    if data[start] in EMBEDDING and contents[:4] == b"\0asm" and chance.randrange(8):
        way: Way = within if chance.randrange(3) else chance.choice((shuffle_sections, borrow_section))
    else:
        way = chance.choice((flip_bits, set_bytes, remove, repeat, splice, truncate))
    changed = way(contents, seeds, chance)
    return data[: start + 1] + leb(len(changed)) + changed + data[end:]


Way = Callable[[bytes, Sequence[bytes], Random], bytes]
WAYS: tuple[Way, ...] = (
    *(flip_bits, set_bytes, truncate, remove, repeat, splice),
    *(shuffle_sections, borrow_section, lie_about_length, lie_about_count, overlong),
    *(within,) * 16,
)


def sections(data: bytes) -> list[tuple[int, int, int]]:
    """Give start, start of the contents and end of each outermost section, as far as they can be read."""
    found = []
    at = PREAMBLE
    while at < len(data):
        size, shift, body = 0, 0, at + 1
        while body < len(data) and shift < 35:
            size |= (data[body] & 0x7F) << shift
            body, shift = body + 1, shift + 7
            if data[body - 1] < 0x80:
                break
        end = body + size
        if end > len(data):
            break
        found.append((at, body, end))
        at = end
    return found


def leb(value: int, width: int = 1) -> bytes:
    """Encode an unsigned LEB128 in at least ``width`` bytes."""
    out = bytearray()
    while value or len(out) < width:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out[-1] &= 0x7F
    return bytes(out)
