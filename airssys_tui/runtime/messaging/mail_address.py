"""Where messages for a component go, and what is known of it as a sender and a receiver of messages."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.identity import ComponentId
from airssys_tui.core.limits import Limits
from airssys_tui.core.manifest.capabilities import MessagingAction
from airssys_tui.core.types.values import Some
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.actor import Actor
from airssys_tui.runtime.messaging.hops import Hops
from airssys_tui.runtime.messaging.message_counts import MessageCounts
from airssys_tui.runtime.messaging.message_rate import MessageRate

MOST_PATTERNS: Final = 64
"""Patterns that one component subscribes to at most."""


class MailAddress:
    """One component, as others send to it. Its attributes change with its active revision.

    Args:
        identity: The component.
        actor: Takes its calls.
        hops: What it handled is noted there.

    Attributes:
        hops: The same.
        name: The component's name.
        value: Its ``component-id``; ``sender`` the same as an option.
        handles: Whether its active revision has a message handler.
        size: Bytes of a message for it, of one that it sends and of an answer that it gives, at most.
        rate: The messages that it may send.
        counts: What became of its messages.
        patterns: The patterns it has subscribed to.
        sends: Access to it for those who send to it; ``requests`` for those who ask.
    """

    __slots__ = (
        "actor",
        "counts",
        "handles",
        "hops",
        "name",
        "patterns",
        "rate",
        "requests",
        "sender",
        "sends",
        "size",
        "value",
    )

    def __init__(self, identity: ComponentId, actor: Actor, hops: Hops) -> None:
        limits = Limits()
        self.name = str(identity)
        self.actor = actor
        self.hops = hops
        self.value = contract.id_value(identity)
        self.sender = Some(self.value)
        self.handles = False
        self.size = limits.message_size
        self.rate = MessageRate(limits.messages_per_second)
        self.counts = MessageCounts()
        self.patterns: set[str] = set()
        self.sends = Access(Kind.MESSAGING, MessagingAction.SEND.value, self.name)
        self.requests = Access(Kind.MESSAGING, MessagingAction.REQUEST.value, self.name)

    def follow(self, limits: Limits, *, handles: bool) -> None:
        """Take over what another revision says."""
        self.handles = handles
        self.size = limits.message_size
        if self.rate.limit != limits.messages_per_second:
            self.rate = MessageRate(limits.messages_per_second)
