"""Those who listen to topics from outside. They ask for what was published; nothing is kept before the first one asks.

A pattern is listened to until nobody has asked for it for a minute. What it keeps is bounded by number and by bytes;
the oldest publications go first, and are counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from airssys_tui.api.views.messaging import MOST_LETTERS, PublicationPage, PublicationView
from airssys_tui.core.errors import CapacityError, UsageError
from airssys_tui.core.pattern.topic_trie import TopicTrie, check_pattern
from airssys_tui.host.messages.message_types import size_of
from airssys_tui.host.services.messenger import Body
from airssys_tui.runtime.messaging.body_forms import shown_body

MOST_PATTERNS_HEARD: Final = 64
"""Patterns that are listened to at once."""

MOST_HEARD: Final = 1_000
MOST_BYTES_HEARD: Final = 4 * 1024 * 1024
"""Publications that one pattern keeps at most, and bytes of all that they say."""

LEASE: Final = 60.0
"""Seconds after which nobody listens who has not asked."""


class _Listener:
    __slots__ = ("asked_at", "bytes", "kept", "number", "pattern", "wakes")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.kept: deque[tuple[PublicationView, int]] = deque()
        self.bytes = 0
        self.number = 0
        self.asked_at = 0.0
        self.wakes: list[Callable[[], None]] = []


class Listeners:
    """Thread-safe.

    Args:
        clock: Returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._trie: TopicTrie[_Listener] = TopicTrie()
        self._known: dict[str, _Listener] = {}

    def __len__(self) -> int:
        """Return how many patterns are listened to."""
        return len(self._known)

    def hear(self, topic: str, body: Body, sender: str, trace: str) -> None:
        """Keep a publication for those who listen to its topic."""
        wakes: list[Callable[[], None]] = []
        with self._lock:
            self._forget_silent()
            heard = tuple(self._trie.match(topic))
            size = size_of(body) if heard else 0
            for listener in heard:
                listener.number += 1
                view = PublicationView(
                    number=listener.number,
                    topic=topic,
                    sender=sender,
                    body=shown_body(body),
                    at=time.time(),
                    trace=trace,
                )
                listener.kept.append((view, size))
                listener.bytes += size
                while len(listener.kept) > MOST_HEARD or (listener.bytes > MOST_BYTES_HEARD and len(listener.kept) > 1):
                    listener.bytes -= listener.kept.popleft()[1]
                wakes += listener.wakes
                listener.wakes = []
        for wake in wakes:
            wake()

    def page(
        self, pattern: str, after: int | None, limit: int, wake: Callable[[], None] | None = None
    ) -> PublicationPage:
        """Return what was published on the topics of a pattern.

        Args:
            pattern: The pattern; whoever asks listens to it from now on.
            after: Only what has a higher number; None for nothing that was published before.
            limit: Publications at most, from the oldest.
            wake: Called once, at the next publication, if there is none now; from any thread.

        Raises:
            UsageError: That is no pattern, or no limit.
            CapacityError: Too many others are listened to.
        """
        try:
            check_pattern(pattern)
        except ValueError as error:
            raise UsageError(str(error)) from None
        if not 1 <= limit <= MOST_LETTERS:
            raise UsageError(f"{limit} publications; from 1 to {MOST_LETTERS} are answered")
        with self._lock:
            listener = self._listening(pattern)
            if after is None:
                return PublicationPage(last=listener.number)
            oldest = listener.kept[0][0].number if listener.kept else listener.number + 1
            chosen = tuple(view for view, _ in listener.kept if view.number > after)[:limit]
            if not chosen and wake is not None:
                listener.wakes.append(wake)
            last = chosen[-1].number if chosen else listener.number
            return PublicationPage(publications=chosen, last=last, missed=max(0, oldest - after - 1))

    def give_up(self, pattern: str, wake: Callable[[], None]) -> None:
        """Wake somebody no more."""
        with self._lock:
            listener = self._known.get(pattern)
            if listener is not None and wake in listener.wakes:
                listener.wakes.remove(wake)

    def _listening(self, pattern: str) -> _Listener:
        self._forget_silent()
        listener = self._known.get(pattern)
        if listener is None:
            if len(self._known) >= MOST_PATTERNS_HEARD:
                raise CapacityError(
                    f"{MOST_PATTERNS_HEARD} patterns are listened to already", remedy="try again in a minute"
                )
            listener = self._known[pattern] = _Listener(pattern)
            self._trie.add(pattern, listener)
        listener.asked_at = self._clock()
        return listener

    def _forget_silent(self) -> None:
        now = self._clock()
        for listener in [each for each in self._known.values() if now - each.asked_at > LEASE]:
            del self._known[listener.pattern]
            self._trie.remove(listener.pattern, listener)
