"""Letters as rows of the journal of durable messages, and back."""

from __future__ import annotations

import time

from airssys_tui.core.identity import ComponentId
from airssys_tui.core.message import DeadReason, Guarantee, MessageKind
from airssys_tui.core.types.values import Some, Variant
from airssys_tui.host.services.messenger import Body
from airssys_tui.runtime.messaging.dead_letters import DeadLetter
from airssys_tui.runtime.messaging.letter import Ends, Letter
from airssys_tui.runtime.messaging.mail_address import MailAddress
from airssys_tui.store.mail.mail_rows import Burial, MailRow

Addresses = dict[tuple[str, str], MailAddress]


def row_of(letter: Letter, row: int) -> MailRow:
    """Return a letter as a row with a number."""
    codec, form, body = _parts(letter.body)
    return MailRow(
        row=row,
        number=letter.id,
        receiver=letter.to.name,
        sender=letter.sender.name if letter.sender is not None else "",
        codec=codec,
        form=form,
        body=body,
        correlation=_digits(letter.correlation),
        trace=letter.trace,
        sent_ns=letter.sent_ns,
        until=None if letter.until is None else time.time() + letter.until - time.monotonic(),
        attempt=letter.attempt,
    )


def row_of_dead(dead: DeadLetter, row: int) -> MailRow:
    """Return a dead letter that is to be delivered once more as a row with a number; it has no deadline any more."""
    codec, form, body = _parts(dead.body)
    return MailRow(
        row=row,
        number=dead.id,
        receiver=dead.to,
        sender=dead.sender,
        codec=codec,
        form=form,
        body=body,
        correlation=_digits(dead.correlation),
        trace=dead.trace,
        sent_ns=int(dead.sent_at * 1e9),
        until=None,
        attempt=dead.attempts + 1,
    )


def letter_of(row: MailRow, addresses: Addresses, ends: Ends) -> Letter | None:
    """Return the letter of a row; None if there is no such receiver now."""
    to = _address(row.receiver, addresses)
    if to is None:
        return None
    sender = None
    if row.sender:
        # A sender that is not there any more still has a name to be told.
        sender = _address(row.sender, addresses) or MailAddress(ComponentId.parse(row.sender), to.actor, to.hops)
    letter = Letter(to, sender, _body(row), row.number, row.trace, ends=ends, guarantee=Guarantee.DURABLE)
    letter.row = row.row
    letter.attempt = row.attempt
    letter.sent_ns = row.sent_ns
    letter.until = None if row.until is None else time.monotonic() + row.until - time.time()
    letter.correlation = _correlation(row)
    return letter


def burial_of(dead: DeadLetter, row: int) -> Burial:
    """Return why a durable letter is dead, as it is kept."""
    return Burial(row=row, reason=dead.reason, why=dead.why, attempts=dead.attempts, dead_at=dead.at)


def dead_letter_of(row: MailRow, burial: Burial) -> DeadLetter:
    """Return a dead letter as it was kept."""
    return DeadLetter(
        id=row.number,
        reason=DeadReason(burial.reason),
        why=burial.why,
        to=row.receiver,
        sender=row.sender,
        kind=MessageKind.SENT,
        topic="",
        body=_body(row),
        size=len(row.body),
        attempts=burial.attempts,
        guarantee=Guarantee.DURABLE,
        correlation=_correlation(row),
        trace=row.trace,
        sent_at=row.sent_ns / 1e9,
        at=burial.dead_at,
        row=row.row,
    )


def _address(name: str, addresses: Addresses) -> MailAddress | None:
    identity = ComponentId.parse(name)
    return addresses.get((identity.namespace, identity.name))


def _parts(body: Body) -> tuple[int | None, str, bytes]:
    codec: Some | None = body["codec"]
    said: Variant = body["body"]
    data = said.payload.encode() if isinstance(said.payload, str) else bytes(said.payload)
    return None if codec is None else codec.value, said.case, data


def _digits(correlation: int | None) -> str | None:
    return None if correlation is None else str(correlation)


def _body(row: MailRow) -> Body:
    payload = row.body.decode() if row.form == "text" else row.body
    return {"codec": None if row.codec is None else Some(row.codec), "body": Variant(row.form, payload)}


def _correlation(row: MailRow) -> int | None:
    return None if row.correlation is None else int(row.correlation)
