"""The messenger of one instance: what it may send, and to whom.

Until its instance serves, it holds what is sent, in order, and lets it go as the first work of the one that serves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from time import perf_counter_ns
from typing import Final

from airssys_tui.core.capability.grant import Reason
from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.errors import HostFault, IdentityError
from airssys_tui.core.identity import ComponentId
from airssys_tui.core.manifest.capabilities import MessagingAction
from airssys_tui.core.message import LONGEST_MS, DeadReason, Failure, Guarantee, Overflow, Undelivered
from airssys_tui.core.pattern.topic_trie import check_pattern, check_plain_topic
from airssys_tui.core.text import one_line
from airssys_tui.core.types.values import Variant
from airssys_tui.core.units import format_duration
from airssys_tui.engine.waiting import Waitable, Wake
from airssys_tui.host.messages.message_types import size_of
from airssys_tui.host.services.messenger import Body, SendOptions, Waiting
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.actors.mailbox import FULL, TAKEN, Intake
from airssys_tui.runtime.actors.wait_chain import begin_wait, end_wait
from airssys_tui.runtime.messaging.letter import Letter, Question
from airssys_tui.runtime.messaging.mail_address import MOST_PATTERNS, MailAddress
from airssys_tui.runtime.messaging.open_requests import MOST_OPEN, OpenRequests
from airssys_tui.runtime.messaging.post_office import PostOffice, unhandled
from airssys_tui.runtime.messaging.subscriptions import subscribing
from airssys_tui.runtime.messaging.written.receipt import Receipt

MOST_HELD: Final = 1_000
MOST_HELD_BYTES: Final = 16 * 1024 * 1024
"""Messages, requests and subscriptions that a candidate's messenger holds at most, and bytes of what they say."""

_DURABLE: Final = Guarantee.DURABLE  # looking up a member of an enum takes a while, and guests send in loops

LONGEST_BLOCK_NS: Final = 1_000_000_000
"""Nanoseconds that a sender waits for room in a mailbox at most."""

RESERVE_NS: Final = 20_000_000
"""Nanoseconds before its call's deadline at which such a wait ends at least, so that the sender sees the error."""

_Held = Callable[[], object]


class ComponentMessenger:
    """Sends for one instance.

    Args:
        office: The post office.
        own: The component's address.
        tenant: The instance.
    """

    def __init__(self, office: PostOffice, own: MailAddress, tenant: ComponentTenant) -> None:
        self._office = office
        self._own = own
        self._tenant = tenant
        self._held: list[_Held] | None = [] if tenant.is_candidate else None
        self._held_bytes = 0
        self._requests = OpenRequests(own, tenant, office.timeouts)
        self._topics: dict[str, Access] = {}

    @property
    def identity(self) -> dict[str, str]:
        """The component's ``component-id``."""
        return self._own.value

    @property
    def held(self) -> Callable[[object], None] | None:
        """Sends what is held; None if the instance served from the start."""
        return self._let_go if self._held is not None else None

    def retire(self) -> None:
        """Give up on open requests and on what is held."""
        if self._held:
            self._held = []
        self._requests.cancel_all()

    def send(self, call: Waiting, target: dict[str, str], body: Body, options: SendOptions) -> Failure | None:
        """Put a message into a mailbox; return why it was not, or None."""
        to = self._office.addresses.get((target["namespace"], target["name"]))
        if to is None:
            return self._refused(_unknown(target))
        failure = self._refusal(to.sends, body, to) or _out_of_bounds(options.deadline_ms) or unhandled(to)
        durable = options.guarantee is _DURABLE
        if failure is None and durable and self._held is not None:
            text = "a candidate sends no durable messages, as it may never serve; ask for at-least-once"
            failure = Failure(Undelivered.FAILED, text)
        if failure is not None:
            return self._refused(failure)
        letter = self._office.letter(to, self._own, body, self._tenant.tracer.id, options.guarantee)
        letter.correlation = options.correlation
        if options.deadline_ms is not None:
            letter.until = time.monotonic() + options.deadline_ms / 1000
        if self._held is not None:
            return self._hold(partial(self._send_late, letter, to), letter.size)
        return self._sent(self._post_durably(letter, to, call) if durable else self._post(letter, to, call))

    def call(self, call: Waiting, target: dict[str, str], body: Body, timeout_ms: int) -> Variant | Failure:
        """Ask and wait; return the answer, or why there is none."""
        to = self._office.addresses.get((target["namespace"], target["name"]))
        if to is None:
            return self._refused(_unknown(target))
        failure = self._refusal(to.requests, body, to) or _out_of_bounds(timeout_ms) or unhandled(to)
        if failure is not None:
            return self._refused(failure)
        if self._held is not None:
            return self._refused(Failure(Undelivered.DENIED, "a candidate cannot wait for other components"))
        circle = begin_wait(self._own.actor, to.actor)
        if circle:
            text = f"it would wait for itself: {' → '.join(circle)}"
            return self._refused(Failure(Undelivered.FAILED, text))
        try:
            return self._ask(call, to, body, timeout_ms / 1000)
        finally:
            end_wait(self._own.actor)

    def _ask(self, call: Waiting, to: MailAddress, body: Body, seconds: float) -> Variant | Failure:
        answers: list[Variant | Failure] = []
        trace = self._tenant.tracer.id
        question = Question(to, self._own, body, self._office.number(), trace, answered=answers.append)
        question.until = time.monotonic() + seconds
        question.correlation = self._office.request_number()
        if to.actor.run_within(question, seconds):
            self._own.counts.sent += 1
            return answers[0]
        due = perf_counter_ns() + int(seconds * 1e9)
        try:
            intake = self._take(question, to, call)
            if intake is not TAKEN:
                return self._refused(self._office.undeliverable(question, intake, to))
            self._own.counts.sent += 1
            wake = _wake()
            question.add_done_callback(lambda _: wake.set())
            while not answers and perf_counter_ns() < due:
                call.wait([Waitable(due_ns=due, descriptor=wake.fileno())], self._tenant.waiting)
        finally:
            if not answers and not question.cancel():
                self._own.counts.late += 1
        if answers:
            return answers[0]
        return Failure(Undelivered.TIMEOUT, f"{to.name} did not answer within {format_duration(seconds)}")

    def request(self, target: dict[str, str], body: Body, timeout_ms: int) -> int | Failure:
        """Ask, and return the number with which the answer comes, or why there is none."""
        to = self._office.addresses.get((target["namespace"], target["name"]))
        if to is None:
            return self._refused(_unknown(target))
        failure = self._refusal(to.requests, body, to) or _out_of_bounds(timeout_ms) or unhandled(to)
        if failure is None and not self._tenant.handles_callbacks:
            failure = Failure(Undelivered.FAILED, f"{self._own.name} has no callback handler")
        if failure is not None:
            return self._refused(failure)
        number = self._office.request_number()
        if not self._requests.begin(number, timeout_ms / 1000, to.name, self._tenant.tracer.id):
            return self._refused(Failure(Undelivered.FAILED, f"{MOST_OPEN} requests are open, the limit"))
        if self._held is not None:
            failure = self._hold(partial(self._request_late, number, to, body, self._tenant.tracer.id), size_of(body))
        else:
            failure = self._sent(self._request(number, to, body, self._tenant.tracer.id))
        if failure is not None:
            self._requests.cancel(number)
            return failure
        return number

    def _request(self, number: int, to: MailAddress, body: Body, trace: str) -> Failure | None:
        answered = partial(self._requests.answered, number)
        question = Question(to, self._own, body, self._office.number(), trace, answered=answered)
        question.correlation = number
        self._requests.sent(number, question)
        intake = to.actor.take(question)
        return None if intake is TAKEN else self._office.undeliverable(question, intake, to)

    def cancel(self, request: int) -> bool:
        """Give up on an open request; return whether it was open."""
        return self._requests.cancel(request)

    def publish(self, topic: str, body: Body) -> int | Failure:
        """Publish on a topic; return how many subscribers took it, or why none could."""
        access = self._topics.get(topic)
        if access is None:
            try:
                check_plain_topic(topic)
            except ValueError as error:
                return self._refused(Failure(Undelivered.FAILED, str(error)))
            if len(self._topics) >= MOST_PATTERNS:
                self._topics.clear()
            access = self._topics[topic] = Access(Kind.MESSAGING, MessagingAction.PUBLISH.value, topic)
        failure = self._refusal(access, body, None)
        if failure is not None:
            return self._refused(failure)
        trace = self._tenant.tracer.id
        if self._held is not None:
            held = self._hold(partial(self._office.publish, topic, body, self._own, trace), size_of(body))
            return 0 if held is None else held
        taken, failure = self._office.publish(topic, body, self._own, trace)
        if failure is not None:
            return self._refused(failure)
        self._own.counts.sent += 1
        return taken

    def subscribe(self, pattern: str) -> Failure | None:
        """Subscribe the component to the topics of a pattern; return why it cannot be, or None."""
        try:
            check_pattern(pattern)
        except ValueError as error:
            return self._refused(Failure(Undelivered.FAILED, str(error)))
        failure = self._denial(subscribing(pattern))
        if failure is None and not self._tenant.handles_messages:
            failure = Failure(Undelivered.FAILED, f"{self._own.name} has no message handler")
        if failure is not None:
            return self._refused(failure)
        if self._held is not None:
            return self._hold(partial(self._office.subscriptions.add, self._own, pattern))
        if self._office.subscriptions.add(self._own, pattern):
            return None
        return self._refused(Failure(Undelivered.FAILED, f"{MOST_PATTERNS} patterns are subscribed to, the limit"))

    def unsubscribe(self, pattern: str) -> bool:
        """End a subscription; return whether there was one."""
        if self._held is not None:
            self._hold(partial(self._office.subscriptions.remove, self._own, pattern))
            return pattern in self._own.patterns
        return self._office.subscriptions.remove(self._own, pattern)

    def _refusal(self, access: Access, body: Body, to: MailAddress | None) -> Failure | None:
        return self._denial(access) or self._office.refusal(body, self._own, to)

    def _denial(self, access: Access) -> Failure | None:
        guard = self._tenant.guard
        if self._held is not None:  # it is decided again when the message goes out
            denial = guard.look(access)
            if denial is None or denial.reason is Reason.CANDIDATE:
                return None
        else:
            guard.await_answer(access)
        denial = guard.require(access)
        return Failure(Undelivered.DENIED, denial.text) if denial is not None else None

    def _post(self, letter: Letter, to: MailAddress, call: Waiting | None) -> Failure | None:
        intake = self._take(letter, to, call)
        return None if intake is TAKEN else self._office.undeliverable(letter, intake, to)

    def _post_durably(self, letter: Letter, to: MailAddress, call: Waiting) -> Failure | None:
        """Have a letter written down and wait for that; it goes into the mailbox whether or not the wait is cut off."""
        intake = self._take(None, to, call)
        if intake is not TAKEN:
            return self._office.undeliverable(None, intake, to)
        receipt = Receipt()
        failure = self._office.durable.accept(letter, receipt.tell)
        if failure is not None:
            to.counts.turned_away[failure.case.value] += 1
            return failure
        with self._tenant.blocking():
            receipt.wait(call, _before_end(call))
        return receipt.failure

    def _take(self, message: Letter | Question | None, to: MailAddress, call: Waiting | None) -> Intake:
        """Put a message into a mailbox, or make room for one; wait for room if that is what the mailbox wants."""
        intake = to.actor.take(message)
        if intake is not FULL or call is None or to is self._own:  # which makes no room while it waits
            return intake
        if to.actor.mailbox.overflow is not Overflow.BLOCK:
            return intake
        until = min(perf_counter_ns() + LONGEST_BLOCK_NS, _before_end(call))
        wake = _wake()
        try:
            while intake is FULL and perf_counter_ns() < until:
                wake.clear()
                with to.actor.lock:
                    to.actor.mailbox.await_room(wake.set)
                intake = to.actor.take(message)
                if intake is FULL:
                    call.wait([Waitable(due_ns=until, descriptor=wake.fileno())], self._tenant.waiting)
        finally:
            with to.actor.lock:
                to.actor.mailbox.give_up_room(wake.set)
        return intake

    def _hold(self, action: _Held, size: int = 0) -> Failure | None:
        held = self._held
        if held is None or len(held) >= MOST_HELD or self._held_bytes + size > MOST_HELD_BYTES:
            text = f"a candidate sends {MOST_HELD} messages at most, of {MOST_HELD_BYTES} bytes together"
            return self._refused(Failure(Undelivered.RATE_LIMITED, text))
        self._held_bytes += size
        held.append(action)
        return None

    def _let_go(self, _serving: object) -> None:
        held, self._held = self._held, None
        for action in held or ():
            action()

    def _send_late(self, letter: Letter, to: MailAddress) -> None:
        failure = self._denial(to.sends) or self._post(letter, to, None)
        if self._sent(failure) is not None and failure is not None:
            self._office.died(letter, DeadReason.UNSENT, failure.text)

    def _request_late(self, number: int, to: MailAddress, body: Body, trace: str) -> None:
        failure = self._denial(to.requests) or self._request(number, to, body, trace)
        if self._sent(failure) is not None and failure is not None:
            self._requests.answered(number, failure)

    def _sent(self, failure: Failure | None) -> Failure | None:
        if failure is not None:
            return self._refused(failure)
        self._own.counts.sent += 1
        return None

    def _refused(self, failure: Failure) -> Failure:
        self._own.counts.refused[failure.case.value] += 1
        return failure


def _before_end(call: Waiting) -> int:
    """Return when a wait of a call is to end, in nanoseconds: a tenth of what is left is for the sender."""
    left = call.deadline_ns - perf_counter_ns()
    return call.deadline_ns - max(RESERVE_NS, left // 10)


def _wake() -> Wake:
    try:
        return Wake()
    except OSError as error:
        remedy = "raise the limit of open files"
        raise HostFault(f"nothing to wait with: {error.strerror}", remedy=remedy) from error


def _unknown(target: dict[str, str]) -> Failure:
    try:
        text = f"there is no component {ComponentId(target['namespace'], target['name'])}"
    except IdentityError as error:
        text = one_line(error.message, 300)
    return Failure(Undelivered.UNKNOWN_TARGET, text)


def _out_of_bounds(milliseconds: int | None) -> Failure | None:
    if milliseconds is None or 1 <= milliseconds <= LONGEST_MS:
        return None
    return Failure(Undelivered.FAILED, f"{milliseconds} ms; accepted: 1 to {LONGEST_MS} ms")
