"""Simulated messages: no component of the scenes has a message handler, so nothing is taken and nothing is lost."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NoReturn

from airssys_tui.api.played.component import PlayedComponent
from airssys_tui.api.views.messaging import (
    Answered,
    DeadLettersView,
    DeadLetterView,
    LetterOutcome,
    MessageBody,
    PublicationPage,
    Published,
    Sent,
)
from airssys_tui.core.errors import UsageError
from airssys_tui.core.message import Guarantee, MessageRefusal, Undelivered
from airssys_tui.core.pattern.topic_trie import check_pattern, check_plain_topic
from airssys_tui.core.text import GuestText


class PlayedMessages(ABC):
    """Answers about messages."""

    @abstractmethod
    def _get(self, component: str) -> PlayedComponent: ...

    @abstractmethod
    def answer(self, work: Callable[[], Any]) -> Future[Any]:
        """Return a future that ends with the result or the error of ``work``."""

    def send_message(
        self,
        component: str,
        body: MessageBody,  # noqa: ARG002 - as below, nobody takes it
        *,
        guarantee: Guarantee = Guarantee.AT_MOST_ONCE,  # noqa: ARG002
        deadline: float | None = None,  # noqa: ARG002
        correlation: int | None = None,  # noqa: ARG002
    ) -> Future[Sent]:
        """Refuse a message."""
        return self.answer(lambda: self._refuse(component))

    def ask_component(
        self,
        component: str,
        body: MessageBody,  # noqa: ARG002
        timeout: float = 5.0,  # noqa: ARG002
    ) -> Future[Answered]:
        """Refuse a request."""
        return self.answer(lambda: self._refuse(component))

    def publish(self, topic: str, body: MessageBody) -> Future[Published]:  # noqa: ARG002
        """Publish where nobody listens."""

        def work() -> Published:
            _check(check_plain_topic, topic)
            return Published(0, f"{1:032x}")

        return self.answer(work)

    def publications(
        self,
        pattern: str,
        after: int | None = None,
        *,
        limit: int = 500,  # noqa: ARG002
        wait: float = 0.0,  # noqa: ARG002
    ) -> Future[PublicationPage]:
        """Return nothing: nobody publishes."""

        def work() -> PublicationPage:
            _check(check_pattern, pattern)
            return PublicationPage(last=after or 0)

        return self.answer(work)

    def dead_letters(self, component: str = "") -> Future[DeadLettersView]:
        """Return none."""

        def work() -> DeadLettersView:
            if component:
                self._get(component)
            return DeadLettersView()

        return self.answer(work)

    def dead_letter(self, letter: str) -> Future[DeadLetterView]:
        """Say that there is none."""

        def work() -> NoReturn:
            raise UsageError(f"there is no dead letter {letter}", remedy="see: airssys-tui dead-letters list")

        return self.answer(work)

    def replay_dead_letters(self, letters: tuple[str, ...]) -> Future[tuple[LetterOutcome, ...]]:
        """Say that there is none."""
        return self.answer(lambda: tuple(map(_gone, letters)))

    def discard_dead_letters(self, letters: tuple[str, ...]) -> Future[tuple[LetterOutcome, ...]]:
        """Say that there is none."""
        return self.answer(lambda: tuple(map(_gone, letters)))

    def _refuse(self, component: str) -> NoReturn:
        name = self._get(component).id
        raise MessageRefusal(Undelivered.FAILED, f"failed: {name} has no message handler", component=name)


def _gone(letter: str) -> LetterOutcome:
    return LetterOutcome(letter, GuestText("there is no such dead letter"))


def _check(rule: Callable[[str], None], text: str) -> None:
    try:
        rule(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
