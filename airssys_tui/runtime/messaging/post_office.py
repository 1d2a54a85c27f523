"""The post office of a runtime: where messages go, what is asked of all of them, and where those go that cannot.

The way of a message: the sender's messenger asks the guard, then the post office whether the message may go to that
component; it goes into the mailbox of the component's actor, in order with calls and other messages, and is delivered
to whichever instance serves then. So a reload, a rollback or a restart in between changes neither the order nor the
number of messages.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from airssys_tui.core.codecs import is_codec
from airssys_tui.core.limits import BOUNDS
from airssys_tui.core.message import DeadReason, Failure, Guarantee, MessageKind, Undelivered
from airssys_tui.core.text import GuestText
from airssys_tui.host.messages.message_types import size_of
from airssys_tui.host.services.messenger import Body
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.mailbox import TAKEN, Intake
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.messaging.dead_letters import DeadLetter, DeadLetters
from airssys_tui.runtime.messaging.hops import Hops
from airssys_tui.runtime.messaging.letter import Letter, Message, Publication, refused_codec
from airssys_tui.runtime.messaging.listeners import Listeners
from airssys_tui.runtime.messaging.mail_address import MailAddress
from airssys_tui.runtime.messaging.subscriptions import Subscriptions
from airssys_tui.runtime.messaging.timeouts import Timeouts
from airssys_tui.runtime.messaging.written.durable_post import DurablePost
from airssys_tui.runtime.messaging.written.letter_rows import letter_of
from airssys_tui.store.mail.durable_mail import DurableMail

LARGEST: Final = int(BOUNDS["message_size"].most)
"""Bytes of a message that no manifest can exceed; the bound of what is published from outside."""


class PostOffice:
    """Messages between the components of one runtime. Any thread may use it, except where something else is said.

    Args:
        timeouts: Ends requests that nobody answers.
        mail: The journal of durable messages.

    Attributes:
        addresses: Every component, by namespace and name.
        timeouts: The same.
        subscriptions: Which components listen to which topics.
        listeners: Who listens from outside.
        hops: The last messages that were handled.
        dead: The letters that could not be delivered.
        told: Called with each dead letter.
        durable: Keeps durable messages.
    """

    def __init__(self, timeouts: Timeouts, mail: DurableMail) -> None:
        self.timeouts = timeouts
        self.addresses: dict[tuple[str, str], MailAddress] = {}
        self.subscriptions = Subscriptions()
        self.listeners = Listeners()
        self.hops = Hops()
        self.dead = DeadLetters()
        self.told: Callable[[DeadLetter], None] = _nobody
        self.durable = DurablePost(mail, lambda row: letter_of(row, self.addresses, self), timeouts.add)
        self.dead.dropped = self.durable.forget
        self._session = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._requests = itertools.count(1)

    def follow(self, component: Component) -> None:
        """Take over what the active revision of a component says. On the control loop."""
        identity = component.id
        key = identity.namespace, identity.name
        address = self.addresses.get(key)
        if address is None or address.actor is not component.actor:
            if address is not None:
                self.subscriptions.forget(address)
            address = self.addresses[key] = MailAddress(identity, component.actor, self.hops)
        if component.active is not None:
            handles = component.active.interface.exports_interface(contract.MESSAGE_HANDLER)
            address.follow(component.active.manifest.limits, handles=handles)

    def counted(self, component: Component) -> tuple[GuestText, ...]:
        """Return what became of a component's messages."""
        address = self.addresses.get((component.id.namespace, component.id.name))
        if address is None:
            return ()
        waiting = self.durable.waiting(address.name)
        lines = (GuestText(f"durable, waiting: {waiting}"),) if waiting else ()
        return (*address.counts.lines(), *lines)

    def recall(self, *, killed: bool) -> None:
        """Read the durable messages and dead letters of earlier runs. Blocks on the disk.

        Args:
            killed: Whether the last run was.

        Raises:
            StoreError: They cannot be read; durable messages are refused in this run.
        """
        for dead in self.durable.open(killed=killed):
            self.dead.put_back(dead)

    def number(self) -> str:
        """Return an id for a message: unique among all runs of the runtime, in practice."""
        return f"{self._session}-{next(self._numbers):x}"

    def request_number(self) -> int:
        """Return a number for a request: unique in this run."""
        return next(self._requests)

    def refusal(self, body: Body, sender: MailAddress | None, to: MailAddress | None) -> Failure | None:
        """Return why a body may not be sent: its size, its codec, or the sender's rate; the rate counts it."""
        size = size_of(body)
        limit = sender.size if sender is not None else LARGEST
        if to is not None and to.size < limit:
            limit = to.size
        if size > limit:
            return Failure(Undelivered.TOO_LARGE, f"the message has {size} bytes; the limit is {limit}")
        if body["codec"] is not None:
            codec: int = body["codec"].value
            if not is_codec(codec):
                text = f"{codec:#x} is not a registered codec of data"
                return Failure(Undelivered.UNSUPPORTED_CODEC, text)
            if to is not None and not accepts(to, codec):
                return Failure(Undelivered.UNSUPPORTED_CODEC, refused_codec(to, codec))
        if sender is not None and not sender.rate.take():
            text = f"{sender.name} sends more than {sender.rate.limit} messages per second"
            return Failure(Undelivered.RATE_LIMITED, text)
        return None

    def undeliverable(self, message: Message | None, intake: Intake, to: MailAddress) -> Failure:
        """Return why a mailbox did not take a message, and count it; None if only room for one was asked for."""
        if message is not None:
            message.cancel()  # until it is over it refers to itself, and would stay with its body
        if intake is Intake.FULL:
            failure = Failure(Undelivered.MAILBOX_FULL, f"the mailbox of {to.name} is full")
        else:
            failure = Failure(Undelivered.NOT_RUNNING, f"{to.name} does not run")
        to.counts.turned_away[failure.case.value] += 1
        return failure

    def publish(self, topic: str, body: Body, sender: MailAddress | None, trace: str) -> tuple[int, Failure | None]:
        """Put a message into the mailboxes of a topic's subscribers.

        Returns:
            How many took it; and a failure, if there are subscribers and none accepts its codec.
        """
        codec, size = body["codec"], size_of(body)
        taken = refused = 0
        number = self.number()
        if self.listeners:
            self.listeners.hear(topic, body, sender.name if sender is not None else "", trace)
        subscribed = self.subscriptions.of(topic)
        for subscription in subscribed:
            to = subscription.address
            if codec is not None and not accepts(to, codec.value):
                refused += 1
                to.counts.missed[Undelivered.UNSUPPORTED_CODEC.value] += 1
                continue
            if size > to.size:
                to.counts.missed[Undelivered.TOO_LARGE.value] += 1
                continue
            letter = Publication(to, sender, body, number, trace, ends=self)
            letter.topic = topic
            letter.may_have = subscription.may_have
            intake = to.actor.take(letter)
            if intake is TAKEN:
                taken += 1
            else:
                to.counts.missed[self.undeliverable(letter, intake, to).case.value] += 1
        if refused and refused == len(subscribed):
            text = f"none of {refused} subscribers accepts the codec {codec.value:#x}"
            return 0, Failure(Undelivered.UNSUPPORTED_CODEC, text)
        return taken, None

    def acknowledged(self, letter: Letter) -> None:
        """Note that a durable letter was handled."""
        self.durable.acknowledged(letter)

    def returned(self, letter: Letter, *, attempted: bool) -> None:
        """Take back a durable letter whose receiver stopped."""
        self.durable.returned(letter, attempted=attempted)

    def died(self, letter: Letter, reason: DeadReason, why: str) -> None:
        """Keep a letter that cannot be delivered any more."""
        dead = DeadLetter(
            id=letter.id if letter.kind is not MessageKind.PUBLISHED else f"{letter.id}/{letter.to.name}",
            reason=reason,
            why=why,
            to=letter.to.name,
            sender=letter.sender.name if letter.sender is not None else "",
            kind=letter.kind,
            topic=letter.topic or "",
            body=letter.body,
            size=letter.size,
            attempts=letter.attempt,
            guarantee=letter.guarantee,
            correlation=letter.correlation,
            trace=letter.trace,
            sent_at=letter.sent_ns / 1e9,
            at=time.time(),
            row=letter.row,
        )
        letter.to.counts.dead[reason.value] += 1
        if letter.row is not None:
            self.durable.bury(letter, dead)
        self.dead.keep(dead)
        self.told(dead)

    def revive(self, dead: DeadLetter) -> Failure | None:
        """Let a durable dead letter that was taken out wait again; return why that cannot be, or None.

        One that cannot be written down becomes a dead letter again.
        """

        def told(failure: Failure | None) -> None:
            if failure is not None:
                self.dead.put_back(dead)

        return self.durable.revive(dead, told)

    def letter(
        self,
        to: MailAddress,
        sender: MailAddress | None,
        body: Body,
        trace: str,
        guarantee: Guarantee = Guarantee.AT_MOST_ONCE,
    ) -> Letter:
        """Return a letter that is ready to be sent."""
        return Letter(to, sender, body, self.number(), trace, ends=self, guarantee=guarantee)


def accepts(to: MailAddress, codec: int) -> bool:
    """Return whether the instance that serves takes a codec, as far as that is known."""
    serving = to.actor.serving
    return serving is None or serving.accepts is None or codec in serving.accepts


def unhandled(to: MailAddress) -> Failure | None:
    """Return that a component has no message handler, if so."""
    return None if to.handles else Failure(Undelivered.FAILED, f"{to.name} has no message handler")


def _nobody(_letter: Any) -> None:
    """Tell nobody."""
