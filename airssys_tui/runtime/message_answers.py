"""The part of the embedded runtime with which those outside take part in the messages of its components."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

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
from airssys_tui.core.message import Guarantee
from airssys_tui.runtime.system import System

if TYPE_CHECKING:
    from airssys_tui.runtime.messaging.letter_desk import LetterDesk
    from airssys_tui.runtime.messaging.operator_post import OperatorPost

T = TypeVar("T")


class MessageAnswers(ABC):
    """What a front end sends, hears, and asks about dead letters."""

    _system: System

    @cached_property
    def _operator_post(self) -> OperatorPost:
        from airssys_tui.runtime.messaging.operator_post import OperatorPost  # noqa: PLC0415 -- few operators send

        return OperatorPost(self._system.post, self._system.router)

    @cached_property
    def _letter_desk(self) -> LetterDesk:
        from airssys_tui.runtime.messaging.letter_desk import LetterDesk  # noqa: PLC0415 -- as above

        return LetterDesk(self._system.post, self._system.router)

    @abstractmethod
    def _on_loop(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]: ...

    def send_message(
        self,
        component: str,
        body: MessageBody,
        *,
        guarantee: Guarantee = Guarantee.AT_MOST_ONCE,
        deadline: float | None = None,
        correlation: int | None = None,
    ) -> Future[Sent]:
        """Put a message into a component's mailbox."""
        return self._on_loop(lambda: self._operator_post.send(component, body, guarantee, deadline, correlation))

    def ask_component(self, component: str, body: MessageBody, timeout: float = 5.0) -> Future[Answered]:
        """Send a component a request, and return its answer."""
        return self._on_loop(lambda: self._operator_post.ask(component, body, timeout))

    def publish(self, topic: str, body: MessageBody) -> Future[Published]:
        """Publish on a topic."""

        async def ask() -> Published:
            return self._operator_post.publish(topic, body)

        return self._on_loop(ask)

    def publications(
        self, pattern: str, after: int | None = None, *, limit: int = 500, wait: float = 0.0
    ) -> Future[PublicationPage]:
        """Return what was published on topics of a pattern."""
        return self._on_loop(lambda: self._operator_post.publications(pattern, after, limit, wait))

    def dead_letters(self, component: str = "") -> Future[DeadLettersView]:
        """Return the messages that could not be delivered."""

        async def ask() -> DeadLettersView:
            return self._letter_desk.letters(self._system.router.find(component).name if component else "")

        return self._on_loop(ask)

    def dead_letter(self, letter: str) -> Future[DeadLetterView]:
        """Return one dead letter with all that it says."""

        async def ask() -> DeadLetterView:
            return self._letter_desk.letter(letter)

        return self._on_loop(ask)

    def replay_dead_letters(self, letters: tuple[str, ...]) -> Future[tuple[LetterOutcome, ...]]:
        """Send dead letters again."""

        async def ask() -> tuple[LetterOutcome, ...]:
            return self._letter_desk.replay(letters)

        return self._on_loop(ask)

    def discard_dead_letters(self, letters: tuple[str, ...]) -> Future[tuple[LetterOutcome, ...]]:
        """Delete dead letters."""

        async def ask() -> tuple[LetterOutcome, ...]:
            return self._letter_desk.discard(letters)

        return self._on_loop(ask)
