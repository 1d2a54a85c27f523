"""Who has subscribed to which topics. Subscriptions are the component's: another instance of it keeps them."""

from __future__ import annotations

import threading
from typing import Final

import msgspec

from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.manifest.capabilities import MessagingAction
from airssys_tui.core.pattern.topic_trie import TopicTrie
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.messaging.mail_address import MOST_PATTERNS, MailAddress

MOST_TOPICS: Final = 1_024
"""Topics whose subscribers are remembered until a subscription changes."""


class Subscription(msgspec.Struct, frozen=True):
    """One component and a pattern of topics.

    Attributes:
        address: The component.
        access: What it needs to be allowed to.
    """

    address: MailAddress
    access: Access

    def may_have(self, serving: Serving) -> bool:
        """Return whether an instance of it may have what is published."""
        return serving.tenant.guard.require(self.access) is None


def subscribing(pattern: str) -> Access:
    """Return the access of a subscription."""
    return Access(Kind.MESSAGING, MessagingAction.SUBSCRIBE.value, pattern)


class Subscriptions:
    """The subscriptions of all components. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trie: TopicTrie[MailAddress] = TopicTrie()
        self._known: dict[str, tuple[Subscription, ...]] = {}

    def add(self, address: MailAddress, pattern: str) -> bool:
        """Subscribe a component to a pattern that was checked; return False if it has too many."""
        with self._lock:
            if pattern not in address.patterns:
                if len(address.patterns) >= MOST_PATTERNS:
                    return False
                address.patterns.add(pattern)
                self._trie.add(pattern, address)
                self._known.clear()
        return True

    def remove(self, address: MailAddress, pattern: str) -> bool:
        """End a subscription; return whether there was one."""
        with self._lock:
            if pattern not in address.patterns:
                return False
            address.patterns.discard(pattern)
            self._trie.remove(pattern, address)
            self._known.clear()
        return True

    def forget(self, address: MailAddress) -> None:
        """End all subscriptions of a component."""
        for pattern in tuple(address.patterns):
            self.remove(address, pattern)

    def of(self, topic: str) -> tuple[Subscription, ...]:
        """Return the subscribers of a topic, each once."""
        known = self._known.get(topic)
        if known is not None:
            return known
        with self._lock:
            matched = self._trie.match(topic)
            found = tuple(Subscription(address, subscribing(pattern)) for address, pattern in matched.items())
            if len(self._known) >= MOST_TOPICS:
                self._known.clear()
            self._known[topic] = found
        return found
