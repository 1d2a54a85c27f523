"""The operator's messages: sent from outside, with nobody's permission but within the bounds of the receiver."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from typing import Final

from airssys_tui.api.views.messaging import LONGEST_LISTEN, Answered, MessageBody, PublicationPage, Published, Sent
from airssys_tui.core.errors import UsageError
from airssys_tui.core.message import (
    LONGEST_MS,
    TEMPORARY,
    Failure,
    Guarantee,
    MessageHeldBack,
    MessageRefusal,
    Overflow,
    Undelivered,
)
from airssys_tui.core.pattern.topic_trie import check_plain_topic
from airssys_tui.core.text import one_line
from airssys_tui.core.types.values import Variant
from airssys_tui.core.units import format_duration
from airssys_tui.host.services.messenger import Body
from airssys_tui.runtime.actors.mailbox import Intake
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.messaging.body_forms import body_for_guests, payload_body
from airssys_tui.runtime.messaging.letter import Letter, Message, Question
from airssys_tui.runtime.messaging.mail_address import MailAddress
from airssys_tui.runtime.messaging.message_rate import MessageRate
from airssys_tui.runtime.messaging.post_office import PostOffice, unhandled

RATE: Final = 10_000
"""Messages from outside in a second."""

LONGEST_BLOCK: Final = 1.0
"""Seconds that a message from outside waits for room in a mailbox at most."""


class OperatorPost:
    """Sends, asks, publishes and listens for those outside. On the control loop.

    Args:
        office: The post office.
        router: The components.
    """

    def __init__(self, office: PostOffice, router: Router) -> None:
        self._office = office
        self._router = router
        self._rate = MessageRate(RATE)

    async def send(
        self,
        component: str,
        body: MessageBody,
        guarantee: Guarantee,
        deadline: float | None,
        correlation: int | None,
    ) -> Sent:
        """Put a message into a component's mailbox.

        Raises:
            UnknownComponent: There is no such component.
            UsageError: An argument is out of its bounds.
            MessageRefusal: It was not taken.
        """
        to, said = self._receiver(component), body_for_guests(body)
        if deadline is not None:
            _require_bounded(deadline)
        self._require(self._refusal(said, to), to)
        trace = secrets.token_hex(16)
        letter = self._office.letter(to, None, said, trace, guarantee)
        letter.correlation = correlation
        if deadline is not None:
            letter.until = time.monotonic() + deadline
        await (self._post_durably(letter, to) if guarantee is Guarantee.DURABLE else self._post(letter, to))
        return Sent(letter.id, trace)

    async def ask(self, component: str, body: MessageBody, timeout: float) -> Answered:  # noqa: ASYNC109 - the receiver is told
        """Ask a component, and return its answer.

        Raises:
            UnknownComponent: There is no such component.
            UsageError: An argument is out of its bounds.
            MessageRefusal: It was not taken, or not answered.
        """
        to, said = self._receiver(component), body_for_guests(body)
        _require_bounded(timeout)
        self._require(self._refusal(said, to), to)
        loop, trace = asyncio.get_running_loop(), secrets.token_hex(16)
        came: asyncio.Future[Variant | Failure] = loop.create_future()

        def take(answer: Variant | Failure) -> None:
            if not came.done():
                came.set_result(answer)

        def answered(answer: Variant | Failure) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(take, answer)

        question = Question(to, None, said, self._office.number(), trace, answered=answered)
        question.correlation = self._office.request_number()
        began = time.monotonic()
        question.until = began + timeout
        await self._post(question, to)
        try:
            async with asyncio.timeout(max(0.0, question.until - time.monotonic())):
                answer = await came
        except TimeoutError:
            why = f"{to.name} did not answer within {format_duration(timeout)}"
            answer = Failure(Undelivered.TIMEOUT, why)
        finally:
            question.cancel()
        if isinstance(answer, Failure):
            raise _error(answer, to)
        return Answered(body=payload_body(answer), seconds=time.monotonic() - began, trace=trace)

    def publish(self, topic: str, body: MessageBody) -> Published:
        """Publish on a topic.

        Raises:
            UsageError: That is no topic.
            MessageRefusal: Nobody could take it.
        """
        said = body_for_guests(body)
        try:
            check_plain_topic(topic)
        except ValueError as error:
            raise UsageError(str(error)) from None
        self._require(self._refusal(said, None), None)
        trace = secrets.token_hex(16)
        taken, failure = self._office.publish(topic, said, None, trace)
        self._require(failure, None)
        return Published(taken, trace)

    async def publications(self, pattern: str, after: int | None, limit: int, wait: float) -> PublicationPage:
        """Return what was published on the topics of a pattern; wait for it, if there is nothing.

        Raises:
            UsageError: An argument is out of its bounds.
            CapacityError: Too many patterns are listened to.
        """
        if not 0.0 <= wait <= LONGEST_LISTEN:
            raise UsageError(f"a wait of {wait:g} s; accepted: 0 to {LONGEST_LISTEN:g} s")
        listeners, came, wake = self._office.listeners, *_bell()
        page = listeners.page(pattern, after, limit, wake if wait else None)
        if page.publications or after is None or not wait:
            return page
        try:
            async with asyncio.timeout(wait):
                await came.wait()
        except TimeoutError:
            return page
        finally:
            listeners.give_up(pattern, wake)
        return listeners.page(pattern, after, limit)

    async def _post_durably(self, letter: Letter, to: MailAddress) -> None:
        """Have a letter written down and wait for that.

        Raises:
            MessageRefusal: It was not taken, or cannot be written down.
        """
        await self._post(None, to)
        written, ring = _bell()
        told: list[Failure | None] = []

        def tell(failure: Failure | None) -> None:
            told.append(failure)
            ring()

        self._require(self._office.durable.accept(letter, tell), to)
        await written.wait()
        self._require(told[0], to)

    async def _post(self, message: Message | None, to: MailAddress) -> None:
        """Put a message into a mailbox, or make room for one; wait for room if that is what the mailbox wants.

        Raises:
            MessageRefusal: It was not taken.
        """
        intake = to.actor.take(message)
        if intake is Intake.FULL and to.actor.mailbox.overflow is Overflow.BLOCK:
            intake = await self._post_later(message, to)
        if intake is not Intake.TAKEN:
            raise _error(self._office.undeliverable(message, intake, to), to)

    async def _post_later(self, message: Message | None, to: MailAddress) -> Intake:
        actor, (room, wake) = to.actor, _bell()
        try:
            async with asyncio.timeout(LONGEST_BLOCK):
                while True:
                    room.clear()
                    with actor.lock:
                        actor.mailbox.await_room(wake)
                    intake = actor.take(message)
                    if intake is not Intake.FULL:
                        return intake
                    await room.wait()
        except TimeoutError:
            return Intake.FULL
        finally:
            with actor.lock:
                actor.mailbox.give_up_room(wake)

    def _receiver(self, component: str) -> MailAddress:
        identity = self._router.find(component).id
        return self._office.addresses[identity.namespace, identity.name]

    def _refusal(self, body: Body, to: MailAddress | None) -> Failure | None:
        failure = self._office.refusal(body, None, to) or (unhandled(to) if to is not None else None)
        if failure is None and not self._rate.take():
            text = f"more than {RATE} messages per second come from outside"
            return Failure(Undelivered.RATE_LIMITED, text)
        return failure

    def _require(self, failure: Failure | None, to: MailAddress | None) -> None:
        if failure is not None:
            if to is not None:
                to.counts.turned_away[failure.case.value] += 1
            raise _error(failure, to)


def _bell() -> tuple[asyncio.Event, Callable[[], None]]:
    """Return an event of this loop, and what sets it from any thread."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()

    def ring() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(event.set)

    return event, ring


def _error(failure: Failure, to: MailAddress | None) -> MessageRefusal:
    kind = MessageHeldBack if failure.case in TEMPORARY else MessageRefusal
    name = to.name if to is not None else None
    remedy = f"see why: airssys-tui explain {name}" if failure.case is Undelivered.NOT_RUNNING else ""
    return kind(failure.case, one_line(f"{failure.case}: {failure.text}", 1_000), remedy=remedy, component=name)


def _require_bounded(seconds: float) -> None:
    if not 0.001 <= seconds <= LONGEST_MS / 1000:
        raise UsageError(f"{seconds:g} s; accepted: 0.001 to {LONGEST_MS // 1000} s")
