"""Patterns over topics in a trie: finding who subscribed to a topic takes time for its words, not for all patterns.

A pattern is words between dots; ``*`` stands for one word, ``#`` at the end for any number, none included.
"""

from __future__ import annotations

import re
from typing import Final, Generic, TypeVar

from airssys_tui.core.pattern.name_glob import check_topic

T = TypeVar("T")

MAX_TOPIC: Final = 256
"""Bytes of a topic or a pattern at most."""

ONE: Final = "*"
REST: Final = "#"

_TOPIC: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\Z")


def check_plain_topic(topic: str) -> None:
    """Verify a topic that something is published on: words of lowercase letters, digits and hyphens, between dots.

    Raises:
        ValueError: With what was expected.
    """
    if len(topic) > MAX_TOPIC or not _TOPIC.match(topic):
        raise ValueError(
            f"expected words of a-z, 0-9 and hyphens between dots, at most {MAX_TOPIC} bytes, got {topic[:60]!r}"
        )


def check_pattern(pattern: str) -> None:
    """Verify a pattern over topics.

    Raises:
        ValueError: With what was expected.
    """
    if len(pattern) > MAX_TOPIC:
        raise ValueError(f"expected a pattern of at most {MAX_TOPIC} bytes, got {len(pattern)}")
    check_topic(pattern)
    check_plain_topic(".".join("x" if word in {ONE, REST} else word for word in pattern.split(".")))


class _Node(Generic[T]):
    __slots__ = ("below", "ends")

    def __init__(self) -> None:
        self.below: dict[str, _Node[T]] = {}
        self.ends: dict[T, str] = {}


class TopicTrie(Generic[T]):
    """Subscribers by pattern. Not thread-safe."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    @property
    def empty(self) -> bool:
        """Whether nobody has subscribed to anything."""
        return not self._root.below

    def add(self, pattern: str, subscriber: T) -> bool:
        """Add a subscriber under a pattern that was checked; return whether it was not there yet."""
        node = self._root
        for word in pattern.split("."):
            node = node.below.setdefault(word, _Node())
        if subscriber in node.ends:
            return False
        node.ends[subscriber] = pattern
        return True

    def remove(self, pattern: str, subscriber: T) -> bool:
        """Remove a subscriber from a pattern; return whether it was there."""
        way: list[tuple[_Node[T], str]] = []
        node = self._root
        for word in pattern.split("."):
            if word not in node.below:
                return False
            way.append((node, word))
            node = node.below[word]
        if node.ends.pop(subscriber, None) is None:
            return False
        while way and not node.ends and not node.below:
            node, word = way.pop()
            del node.below[word]
        return True

    def match(self, topic: str) -> dict[T, str]:
        """Return the subscribers of a topic, each once, with one of the patterns that match."""
        found: dict[T, str] = {}
        nodes = [self._root]
        for word in topic.split("."):
            following: list[_Node[T]] = []
            for node in nodes:
                _end_with_rest(node, found)
                following += [node.below[each] for each in (word, ONE) if each in node.below]
            nodes = following
        for node in nodes:
            _end_with_rest(node, found)
            found.update(node.ends)
        return found


def _end_with_rest(node: _Node[T], found: dict[T, str]) -> None:
    rest = node.below.get(REST)
    if rest is not None:
        found.update(rest.ends)
