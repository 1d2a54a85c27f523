"""Globs: whether a text matches one, and whether one surely matches everything that another one matches.

A glob is compiled to a regular expression whose every repetition is atomic: each piece between two wildcards is taken
where it first fits, and never tried again. That is right because a piece has a fixed length, and it bounds the work by
the product of the two lengths, whatever the pattern.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from airssys_tui.core.pattern.glob_tokens import (
    ANY_CHAR,
    DEEP_SEGMENT,
    Chars,
    Segment,
    Token,
    Wild,
    alternatives,
)

MAX_PATH_PATTERN: Final = 1_024
"""Bytes of UTF-8 of a path pattern at most."""

MAX_PATH: Final = 4_096
"""Bytes of a path at most."""

MAX_SEGMENT: Final = 255
"""Bytes of one segment of a path at most, as on every file system; a longer one names nothing."""

_MAX_COMPARED: Final = 65_536
"""Product of the lengths of two patterns up to which they are compared character by character."""

_END: Final = r"(?=/|\Z)"
_CHARACTER: Final = "[^/]"


class Glob:
    """One pattern, compiled.

    Args:
        pattern: The pattern: of a path with its leading slash, or of names separated by slashes.

    Raises:
        ValueError: If the pattern is not valid; with what is wrong.
    """

    __slots__ = ("_match", "pattern", "segments")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.segments = alternatives(pattern.removeprefix("/"))
        self._match = re.compile("|".join(map(_expression, self.segments)), re.DOTALL).match

    @property
    def has_deep(self) -> bool:
        """Whether it holds ``**``."""
        return any(DEEP_SEGMENT in segments for segments in self.segments)

    def matches(self, text: str) -> bool:
        """Return whether a text matches: a path with its leading slash, or names separated by slashes."""
        return self._match(text if text.startswith("/") else f"/{text}") is not None

    def literal_prefixes(self) -> tuple[str, ...]:
        """Return, for each choice among its braces, the deepest path without wildcards that all matches lie in."""
        return tuple(map(_literal_prefix, self.segments))

    def contains(self, narrower: Glob, *, itself: bool = False) -> bool:
        """Return whether it surely matches everything that another one matches; False may mean that it is not known.

        Args:
            narrower: The other one.
            itself: Whether a pattern that ends with ``/**`` matches the folder before it as well.
        """
        if self.pattern == narrower.pattern:
            return True
        if len(self.pattern) * len(narrower.pattern) > _MAX_COMPARED:
            return False
        return all(
            any(_contains(wide, narrow, itself=itself) for wide in self.segments) for narrow in narrower.segments
        )


@lru_cache(maxsize=4_096)
def glob(pattern: str) -> Glob:
    """Return the compiled pattern, kept for the next time.

    Raises:
        ValueError: If the pattern is not valid.
    """
    return Glob(pattern)


def check_path_glob(pattern: str) -> None:
    """Check the pattern of a path: absolute, bounded, and of the grammar.

    Raises:
        ValueError: With what was expected.
    """
    if len(pattern.encode(errors="surrogatepass")) > MAX_PATH_PATTERN:
        raise ValueError(f"a path pattern has at most {MAX_PATH_PATTERN} bytes")
    if not pattern.startswith("/"):
        raise ValueError(f"the path {pattern!r} must be absolute, such as /data/**")
    glob(pattern)


def is_normal_path(path: str) -> bool:
    """Return whether a path is absolute, bounded and written in the one way that patterns are compared with.

    No ``.``, ``..``, empty segment, slash at the end or NUL.
    """
    if not path.startswith("/") or "\0" in path or len(path) > MAX_PATH:
        return False
    if len(path) <= MAX_SEGMENT and path.isascii():  # nearly always
        closed = f"{path}/"
        return path == "/" or not ("//" in closed or "/./" in closed or "/../" in closed)
    try:
        raw = path.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    if len(raw) > MAX_PATH:
        return False
    return path == "/" or not any(part in {b"", b".", b".."} or len(part) > MAX_SEGMENT for part in raw[1:].split(b"/"))


def _literal_prefix(segments: tuple[Segment, ...]) -> str:
    names = []
    for segment in segments:
        name = "".join(token for token in segment if isinstance(token, str))
        if len(name) != len(segment):
            break
        names.append(name)
    return "/" + "/".join(names)


def _expression(segments: tuple[Segment, ...]) -> str:
    """Return the expression for one choice among the braces; what it matches begins with a slash."""
    if not segments:
        return r"/\Z"
    groups: list[list[str]] = [[]]
    for segment in segments:
        if segment == DEEP_SEGMENT:
            groups.append([])
        else:
            groups[-1].append(f"/{_segment_expression(segment)}")
    first, *others = ("".join(group) for group in groups)
    if not others:
        return rf"(?:{first}\Z)"
    *middle, last = others
    text = first + "".join(f"(?>(?:/[^/]++)*?{group}{_END})" for group in middle)
    return rf"(?:{text}(?:/[^/]++)*?{last}\Z)" if last else rf"(?:{text}/.*\Z)"


def _segment_expression(segment: Segment) -> str:
    pieces: list[list[Token]] = [[]]
    for token in segment:
        if token is Wild.STAR:
            pieces.append([])
        else:
            pieces[-1].append(token)
    first, *others = ("".join(map(_token_expression, piece)) for piece in pieces)
    if not others:
        return first
    if len(segment) == 1:
        return f"{_CHARACTER}++"
    *middle, last = others
    found = first + "".join(f"(?>{_CHARACTER}*?{piece})" for piece in middle)
    return f"(?>{found}{_CHARACTER}*{last}{_END})"


def _token_expression(token: Token) -> str:
    if isinstance(token, str):
        return re.escape(token)
    if not isinstance(token, Chars) or token == ANY_CHAR:
        return _CHARACTER
    body = "".join(
        re.escape(first) if first == last else f"{re.escape(first)}-{re.escape(last)}" for first, last in token.ranges
    )
    return f"[^/{body}]" if token.negated else f"[{body}]"


def _contains(wide: tuple[Segment, ...], narrow: tuple[Segment, ...], *, itself: bool) -> bool:
    """Compare from the end: ``row[j]`` says whether the rest of the wide one contains the narrow one from ``j`` on."""
    count = len(narrow)
    row = [False] * count + [True]
    for index in range(len(wide) - 1, -1, -1):
        segment, after = wide[index], row
        if segment != DEEP_SEGMENT:
            row = [
                after[j + 1] and narrow[j] != DEEP_SEGMENT and _segment_contains(segment, narrow[j])
                for j in range(count)
            ]
            row.append(False)
        elif index == len(wide) - 1:
            row = [True] * count + [itself]
        else:
            row = list(after)
            for j in range(count - 1, -1, -1):
                row[j] = row[j] or row[j + 1]
    return row[0]


def _segment_contains(wide: Segment, narrow: Segment) -> bool:
    if wide in {(Wild.STAR,), narrow}:
        return True
    count = len(narrow)
    row = [False] * count + [True]
    for token in reversed(wide):
        after = row
        if token is Wild.STAR:
            row = list(after)
            for j in range(count - 1, -1, -1):
                row[j] = row[j] or row[j + 1]
        else:
            row = [after[j + 1] and _token_contains(token, narrow[j]) for j in range(count)]
            row.append(False)
    return row[0]


def _token_contains(wide: Token, narrow: Token) -> bool:
    if isinstance(wide, str) or isinstance(narrow, Wild):
        return wide == narrow
    if isinstance(wide, Wild):
        return True
    return wide.holds(narrow) if isinstance(narrow, str) else narrow.within(wide)
