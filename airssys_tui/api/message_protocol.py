"""The requests about messages: the part of the protocol with which a front end takes part in what components say."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

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


class MessagesApi(Protocol):
    """See :class:`~airssys_tui.api.protocol.RuntimeApi`; the operator needs nobody's permission to send.

    All that send raise :class:`~airssys_tui.core.message.MessageRefusal` with one of its cases if the message is not
    taken: too large, a codec that is not registered or that nobody accepts, a full mailbox, a component that does not
    run or has no handler, or more than 10 000 messages from outside in a second.
    """

    def send_message(
        self,
        component: str,
        body: MessageBody,
        *,
        guarantee: Guarantee = Guarantee.AT_MOST_ONCE,
        deadline: float | None = None,
        correlation: int | None = None,
    ) -> Future[Sent]:
        """Put a message into a component's mailbox.

        Args:
            component: The receiver.
            body: What it says.
            guarantee: How often it is handled.
            deadline: Seconds, 0.001 to 3 600, after which it is a dead letter instead; None for never.
            correlation: A number that the receiver sees.

        Raises:
            MessageRefusal: It was not taken.
            ReadOnlyAccess: The connection may only read.
        """
        ...

    def ask_component(self, component: str, body: MessageBody, timeout: float = 5.0) -> Future[Answered]:
        """Send a component a request, and return its answer.

        Args:
            component: The receiver.
            body: What it says.
            timeout: Seconds to wait, 0.001 to 3 600. A request that has not begun by then is taken back.

        Raises:
            MessageRefusal: It was not taken, the receiver failed or stopped, or no answer came in time.
            ReadOnlyAccess: The connection may only read.
        """
        ...

    def publish(self, topic: str, body: MessageBody) -> Future[Published]:
        """Publish on a topic.

        Raises:
            UsageError: That is no topic.
            MessageRefusal: Nobody could take it.
            ReadOnlyAccess: The connection may only read.
        """
        ...

    def publications(
        self, pattern: str, after: int | None = None, *, limit: int = 500, wait: float = 0.0
    ) -> Future[PublicationPage]:
        """Return what was published on topics of a pattern since somebody began to ask for it.

        The first request of a pattern begins; the runtime then keeps the last 1 000 publications, of 4 MiB together,
        until nobody has asked for a minute. At most 64 patterns are listened to at once.

        Args:
            pattern: Words between dots; ``*`` is one word, ``#`` at the end any number of them.
            after: ``last`` of the page before; None to begin now, without what was published before.
            limit: Publications at most, 1 to 1 000.
            wait: Seconds, up to 20, to wait if there is none.

        Raises:
            UsageError: That is no pattern, or an argument is out of its bounds.
            CapacityError: Too many patterns are listened to already.
        """
        ...

    def dead_letters(self, component: str = "") -> Future[DeadLettersView]:
        """Return the messages that could not be delivered; at most 1 000.

        Args:
            component: Only those for this component; empty for all.
        """
        ...

    def dead_letter(self, letter: str) -> Future[DeadLetterView]:
        """Return one dead letter with all that it says.

        Raises:
            UsageError: There is no such letter.
        """
        ...

    def replay_dead_letters(self, letters: tuple[str, ...]) -> Future[tuple[LetterOutcome, ...]]:
        """Send dead letters again to whom they were for. They keep their ids and count their attempts on.

        Args:
            letters: Their ids, at most 1 000.

        Raises:
            UsageError: There are too many.
            ReadOnlyAccess: The connection may only read.
        """
        ...

    def discard_dead_letters(self, letters: tuple[str, ...]) -> Future[tuple[LetterOutcome, ...]]:
        """Delete dead letters; arguments and errors as for :meth:`replay_dead_letters`."""
        ...
