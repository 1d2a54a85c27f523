"""The grammar of globs: what each character means, and what is refused.

``*`` matches any characters of one segment, ``?`` one character, ``[abc]``, ``[a-z]`` and ``[!abc]`` one of a set or
outside of it, ``{a,b}`` either text, and ``**``, as a segment of its own, any number of segments. Everything else
stands for itself. What other implementations read in different ways (nested braces, ``[^a]``, backslashes, sequences
such as ``{1..3}``) is refused, so that a pattern never means more than its reader thinks.
"""

from __future__ import annotations

import itertools
import re
from enum import Enum
from typing import Final, TypeAlias

import msgspec

MAX_ALTERNATIVES: Final = 64
"""Texts that the braces of one pattern may stand for together."""

MAX_EXPANDED: Final = 4_096
"""Characters of all those texts together."""


class Wild(Enum):
    """What matches more than one character."""

    STAR = "*"
    """Any characters of one segment, none included."""

    DEEP = "**"
    """Any number of segments, none included."""


class Chars(msgspec.Struct, frozen=True):
    """A set of characters, or all characters outside of it; never a slash.

    Attributes:
        ranges: First and last character of each part.
        negated: Whether the characters outside are meant; without ranges, any character.
    """

    ranges: tuple[tuple[str, str], ...] = ()
    negated: bool = False

    def holds(self, char: str) -> bool:
        """Return whether a character belongs to the set."""
        return any(first <= char <= last for first, last in self.ranges) != self.negated

    def within(self, wider: Chars) -> bool:
        """Return whether every character of this set surely belongs to another one."""
        if wider == self or (wider.negated and not wider.ranges):
            return True
        if self.negated:
            return wider.negated and all(map(self._excludes, wider.ranges))
        if wider.negated:
            return not any(_overlap(own, other) for own in self.ranges for other in wider.ranges)
        return all(any(low <= first and last <= high for low, high in wider.ranges) for first, last in self.ranges)

    def _excludes(self, part: tuple[str, str]) -> bool:
        return any(low <= part[0] and part[1] <= high for low, high in self.ranges)


ANY_CHAR: Final = Chars(negated=True)

Token: TypeAlias = str | Chars | Wild
"""One literal character, one of a set, or :attr:`Wild.STAR`."""

Segment: TypeAlias = tuple[Token, ...]
"""The tokens between two slashes; ``(Wild.DEEP,)`` for any number of segments."""

DEEP_SEGMENT: Final[Segment] = (Wild.DEEP,)


def alternatives(pattern: str) -> tuple[tuple[Segment, ...], ...]:
    """Read a pattern without its leading slash; return its segments, once for each choice among its braces.

    Raises:
        ValueError: With what is wrong with it.
    """
    choices = _choices(pattern)
    count = 1
    for choice in choices:
        count *= len(choice)
        if count > MAX_ALTERNATIVES:
            raise ValueError(f"the braces of {_shown(pattern)} stand for more than {MAX_ALTERNATIVES} texts")
    texts = [[token for part in parts for token in part] for parts in itertools.product(*choices)]
    if sum(map(len, texts)) > MAX_EXPANDED:
        raise ValueError(f"{_shown(pattern)} is longer than {MAX_EXPANDED} characters, with each of its braces in full")
    return tuple(dict.fromkeys(_segments(text, pattern) for text in texts))


def escaped(text: str) -> str:
    """Return a pattern that matches a text; a character that a pattern cannot hold becomes ``?``."""
    if text.isprintable() and not _SPECIAL.search(text):  # nearly always
        return text
    return "".join(_escape(char) for char in text)


_SPECIAL: Final = re.compile(r"[*?\[{}\\]")


def _escape(char: str) -> str:
    if char in "*?[{}":
        return f"[{char}]" if char != "[" else "?"
    return char if char.isprintable() and char != "\\" else "?"


def _choices(pattern: str) -> list[list[list[Token]]]:
    """Return the parts of a pattern, each with its choices: one for text outside of braces."""
    parts: list[list[list[Token]]] = [[[]]]
    at, inside = 0, False
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "{":
            if inside:
                raise ValueError(f"the braces of {_shown(pattern)} are nested; write each text in full")
            inside = True
            parts.append([[]])
        elif char == "}":
            if not inside or len(parts[-1]) == 1:
                raise ValueError(f"a brace of {_shown(pattern)} is alone; write {{a,b}} for either, [}}] for itself")
            inside = False
            parts.append([[]])
        elif char == "," and inside:
            parts[-1].append([])
        else:
            token, at = _token(pattern, char, at)
            parts[-1][-1].append(token)
    if inside:
        raise ValueError(f"a brace of {_shown(pattern)} is not closed; write {{a,b}}")
    return parts


def _token(pattern: str, char: str, at: int) -> tuple[Token, int]:
    """Return the token that begins with a character, and where the next one begins."""
    if char == "[":
        return _chars(pattern, at)
    if char == "*":
        return Wild.STAR, at
    if char == "\\" or not (char.isprintable() or "\udc80" <= char <= "\udcff"):
        raise ValueError(f"{_shown(pattern)} holds {char!r}, which patterns cannot; ? matches any one character")
    return (ANY_CHAR if char == "?" else char), at


def _chars(pattern: str, at: int) -> tuple[Chars, int]:
    end = pattern.find("]", at)
    if end < 0:
        raise ValueError(f"a bracket of {_shown(pattern)} is not closed; write [abc] or [a-z]")
    body = pattern[at:end]
    negated = body.startswith("!")
    body = body[negated:]
    if not body or body.startswith("^") or any(char in "/[\\" or not char.isprintable() for char in body):
        raise ValueError(f"{_shown(f'[{pattern[at:end]}]')} is not a set of characters; write [abc], [a-z] or [!abc]")
    ranges: list[tuple[str, str]] = []
    index = 0
    while index < len(body):
        if body[index + 1 : index + 2] == "-" and index + 2 < len(body):
            ranges.append(_range(body[index], body[index + 2]))
            index += 3
        else:
            ranges.append((body[index], body[index]))
            index += 1
    return Chars(tuple(ranges), negated), end + 1


def _range(first: str, last: str) -> tuple[str, str]:
    for low, high in (("a", "z"), ("A", "Z"), ("0", "9")):
        if low <= first <= last <= high:
            return first, last
    raise ValueError(f"{first}-{last} is not a range of characters; write a-z, A-Z or 0-9")


def _segments(tokens: list[Token], pattern: str) -> tuple[Segment, ...]:
    parts: list[list[Token]] = [[]]
    for each in tokens:
        if each == "/":
            parts.append([])
        else:
            parts[-1].append(each)
    if parts == [[]]:
        return ()
    segments: list[Segment] = []
    for part in parts:
        segment = _segment(part, pattern)
        if segment != DEEP_SEGMENT or segments[-1:] != [DEEP_SEGMENT]:
            segments.append(segment)
    return tuple(segments)


def _segment(tokens: list[Token], pattern: str) -> Segment:
    if not tokens or tokens in (["."], [".", "."]):
        raise ValueError(f"{_shown(pattern)} has an empty segment, '.' or '..'; write the path in full")
    stars = [first is second is Wild.STAR for first, second in itertools.pairwise(tokens)]
    if not any(stars):
        return tuple(tokens)
    if len(tokens) != 2:
        raise ValueError(f"** in {_shown(pattern)} must be a segment of its own, such as /data/**")
    return DEEP_SEGMENT


def _overlap(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _shown(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 60 else pattern[:59] + "…")
