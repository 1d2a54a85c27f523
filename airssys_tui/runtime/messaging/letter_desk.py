"""The desk for dead letters: they are read, sent again to whom they were for, or discarded."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from airssys_tui.api.views.messaging import MOST_LETTERS, DeadLettersView, DeadLetterView, LetterOutcome
from airssys_tui.core.errors import IdentityError, UsageError
from airssys_tui.core.events import EventAction
from airssys_tui.core.identity import ComponentId
from airssys_tui.core.message import MessageKind
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.actors.mailbox import Intake
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.messaging.body_forms import preview, shown_body
from airssys_tui.runtime.messaging.dead_letters import DeadLetter
from airssys_tui.runtime.messaging.letter import Letter, Publication
from airssys_tui.runtime.messaging.mail_address import MailAddress
from airssys_tui.runtime.messaging.post_office import PostOffice
from airssys_tui.runtime.messaging.subscriptions import Subscription, subscribing

_GONE = GuestText("there is no such dead letter")


class LetterDesk:
    """On the control loop.

    Args:
        office: The post office.
        router: The components, whose events say what was done.
    """

    def __init__(self, office: PostOffice, router: Router) -> None:
        self._office = office
        self._router = router

    def letters(self, component: str) -> DeadLettersView:
        """Return the dead letters of one component, or of all."""
        dead = self._office.dead
        chosen = tuple(each for each in dead.read() if component in {"", each.to})
        return DeadLettersView(
            letters=tuple(map(letter_view, chosen)),
            bytes=sum(each.size for each in chosen),
            forgotten=dead.forgotten,
        )

    def letter(self, number: str) -> DeadLetterView:
        """Return one dead letter with all that it says.

        Raises:
            UsageError: There is no such letter.
        """
        found = self._office.dead.find(number)
        if found is None:
            raise UsageError(
                f"there is no dead letter {one_line(number, 80)}", remedy="see: airssys-tui dead-letters list"
            )
        return letter_view(found, whole=True)

    def replay(self, numbers: Sequence[str]) -> tuple[LetterOutcome, ...]:
        """Send letters again.

        Raises:
            UsageError: There are too many.
        """
        _require_few(numbers)
        return tuple(LetterOutcome(number, self._replay(number)) for number in dict.fromkeys(numbers))

    def discard(self, numbers: Sequence[str]) -> tuple[LetterOutcome, ...]:
        """Delete letters.

        Raises:
            UsageError: There are too many.
        """
        _require_few(numbers)
        return tuple(LetterOutcome(number, self._discard(number)) for number in dict.fromkeys(numbers))

    def _replay(self, number: str) -> GuestText:
        dead = self._office.dead.take(number)
        if dead is None:
            return _GONE
        why = self._send_again(dead)
        if why:
            self._office.dead.put_back(dead)
        else:
            self._tell(dead, "sent again")
        return one_line(why)

    def _send_again(self, dead: DeadLetter) -> str:
        """Send a letter that was taken out; return why that cannot be, empty if it was."""
        if dead.row is not None:
            failure = self._office.revive(dead)
            return failure.text if failure is not None else ""
        to = self._address(dead.to)
        if to is None:
            return f"there is no component {dead.to}"
        letter = self._letter(dead, to)
        intake = to.actor.take(letter)
        return "" if intake is Intake.TAKEN else self._office.undeliverable(letter, intake, to).text

    def _discard(self, number: str) -> GuestText:
        dead = self._office.dead.take(number)
        if dead is None:
            return _GONE
        self._office.dead.dropped(dead)
        self._tell(dead, "discarded")
        return GuestText("")

    def _letter(self, dead: DeadLetter, to: MailAddress) -> Letter:
        sender = self._address(dead.sender) if dead.sender else None
        number = dead.id.removesuffix(f"/{dead.to}")
        made: Letter
        if dead.kind is MessageKind.PUBLISHED:
            publication = Publication(to, sender, dead.body, number, dead.trace, ends=self._office)
            publication.may_have = Subscription(to, subscribing(dead.topic)).may_have
            publication.topic = dead.topic
            made = publication
        else:
            made = Letter(to, sender, dead.body, number, dead.trace, ends=self._office, guarantee=dead.guarantee)
        made.attempt = dead.attempts + 1
        made.correlation = dead.correlation
        made.sent_ns = int(dead.sent_at * 1e9)
        return made

    def _address(self, name: str) -> MailAddress | None:
        with contextlib.suppress(IdentityError):
            identity = ComponentId.parse(name)
            return self._office.addresses.get((identity.namespace, identity.name))
        return None

    def _tell(self, dead: DeadLetter, what: str) -> None:
        component = self._router.named(dead.to)
        if component is not None:
            component.teller.operator(f"dead letter {dead.id} {what}", EventAction.DEAD_LETTER)


def letter_view(dead: DeadLetter, *, whole: bool = False) -> DeadLetterView:
    """Return a dead letter for front ends; ``whole`` with all that it says."""
    return DeadLetterView(
        id=dead.id,
        to=dead.to,
        sender=dead.sender,
        kind=dead.kind,
        topic=dead.topic,
        reason=dead.reason,
        why=one_line(dead.why, 500),
        size=dead.size,
        preview=preview(dead.body),
        attempts=dead.attempts,
        guarantee=dead.guarantee,
        correlation=dead.correlation,
        sent_at=dead.sent_at,
        at=dead.at,
        trace=dead.trace,
        body=shown_body(dead.body) if whole else None,
    )


def _require_few(numbers: Sequence[str]) -> None:
    if len(numbers) > MOST_LETTERS:
        raise UsageError(f"{len(numbers)} dead letters; accepted: up to {MOST_LETTERS}")
