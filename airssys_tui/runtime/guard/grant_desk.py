"""The rights of every component of one runtime: read at its start, asked by guards, changed by operators.

Any thread may use it. What an operator answers is audited first, then recorded, then it holds; a revocation holds at
once, since that errs on the safe side, and is audited and recorded then. Only the catalog survives the runtime: a grant
for a session names the runtime that it was given in.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager
from functools import partial
from typing import Final

import msgspec

from airssys_tui.core.capability.audit_entry import AuditEntry, AuditKind
from airssys_tui.core.capability.decision import decide
from airssys_tui.core.capability.grant import Denial, Grant, Scope
from airssys_tui.core.capability.permission import Access, Kind, Permission, permissions_of
from airssys_tui.core.capability.policy import Mode, PolicySource
from airssys_tui.core.capability.widening import awaited
from airssys_tui.core.errors import StoreError
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.text import bounded
from airssys_tui.core.units import format_duration
from airssys_tui.runtime.guard.answer_wait import WaitingCall
from airssys_tui.runtime.guard.audit_writer import AuditWriter
from airssys_tui.runtime.guard.call_totals import CallTotals
from airssys_tui.runtime.guard.component_guard import ComponentGuard
from airssys_tui.runtime.guard.rights import MOST_QUESTIONS, Question, Rights, Standing
from airssys_tui.runtime.guard.waiting_calls import WaitingCalls
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.store.catalog.grant_records import QuestionRecord
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.disk.failpoint import failpoint

PATIENCE: Final = 5.0
"""Seconds that an access waits until its grant is used up on the disk."""

MAX_RATIONALE: Final = 1_024
"""Characters of a rationale."""

TOLD_EVERY: Final = 5.0
"""Seconds between two events about waiting calls of one component."""

UNREAD: Final = "the grants have not been read yet"


class GrantDesk:
    """The rights of all components.

    Args:
        state: The state directory.
        writer: Writes the audit.
        journal: Where events go.
        blocking: Entered while a worker waits for the disk.
        clock: Unix seconds.
        source: Returns the absolute path of a component's manifest or wasm file, by its name; empty if unknown.
        calls: Returns how many calls a component has finished in this runtime, by its name.

    Attributes:
        session: Names this runtime in grants for a session.
        policies: What holds without a question.
        changed: Called with a component's name when something about its rights changed; from any thread.
        calls: How many calls each component has finished in all runs.
    """

    def __init__(
        self,
        state: StateDirectory,
        writer: AuditWriter,
        journal: Journal,
        blocking: Callable[[], AbstractContextManager[None]],
        *,
        clock: Callable[[], float],
        source: Callable[[str], str] = lambda _: "",
        calls: Callable[[str], int] = lambda _: 0,
    ) -> None:
        self.session = uuid.uuid4().hex
        self.policies = PolicySource()
        self.changed: Callable[[str], None] = lambda _: None
        self.writer = writer
        self._state = state
        self._journal = journal
        self._blocking = blocking
        self._source = source
        self.calls = CallTotals(calls)
        self._lock = threading.Lock()
        self._known: dict[str, Rights] = {}
        self._changed: set[str] = set()
        self._waits = WaitingCalls()
        self._closed = UNREAD
        self.now = clock

    # ------------------------------------------------------------------ the start

    def read(self) -> None:
        """Read what was answered before; on the disk thread, before any component starts.

        A catalog that cannot be read grants nothing: every access is denied with that reason.
        """
        try:
            standing = self._state.grants.standing_grants(self.session)
            open_questions = self._state.grants.open_questions()
            self.calls.recall(self._state.grants.calls())
        except StoreError as error:
            self._closed = f"the grants cannot be read: {error.message}"
            self._journal.system(self._closed, EventAction.STORE, Level.ERROR)
            return
        self._closed = ""
        grants: dict[str, list[Grant]] = {}
        for grant in standing:
            grants.setdefault(grant.component, []).append(grant)
        for name, each in grants.items():
            self.of(name).change(grants=tuple(each))
        for asked in open_questions:
            rights = self.of(asked.component)
            question = Question(asked.id, asked.permission, asked.rationale, asked.revision, asked.at)
            with rights.lock:
                rights.questions[asked.permission] = question
        for rights in self.every():
            rights.change(closed="")

    def of(self, name: str) -> Rights:
        """Return the rights of a component; they are made at the first call."""
        with self._lock:
            found = self._known.get(name)
            if found is None:
                policy = self.policies.of(name, self._source(name))
                found = self._known[name] = Rights(name, Standing(policy, closed=self._closed))
            return found

    def find(self, name: str) -> Rights | None:
        """Return the rights of a component, or None if nobody asked for them yet."""
        return self._known.get(name)

    def every(self) -> tuple[Rights, ...]:
        """Return the rights of all components that are known."""
        with self._lock:
            return tuple(self._known.values())

    def follow(self, policies: PolicySource) -> None:
        """Let other rules hold without a question, for every component at once."""
        self.policies = policies
        for rights in self.every():
            self._renew(rights)

    def guard(self, name: str, manifest: Manifest, revision: int) -> ComponentGuard:
        """Return the guard of a new instance, which is a candidate until it serves."""
        rights = self.of(name)
        self._renew(rights)
        rights.rationale = manifest.capabilities.rationale or ""
        wait = manifest.security.wait_for_answer
        return ComponentGuard(rights, permissions_of(manifest.capabilities), self, revision, wait_for_answer=wait)

    def awaited(
        self,
        name: str,
        before: tuple[Permission, ...],
        declared: tuple[Permission, ...],
        given: tuple[Grant, ...] = (),
    ) -> tuple[Permission, ...]:
        """Return what a new revision of a component waits for: beyond what serves, not granted and not refused.

        Args:
            name: The component.
            before: What the revision that serves declares.
            declared: What the new one declares.
            given: Grants that are about to be added.
        """
        rights = self.of(name)
        self._renew(rights)
        standing = rights.standing
        if standing.policy.mode is Mode.OBSERVE:
            return ()
        grants = (*standing.grants, *given)
        return awaited(before, declared, grants, standing.policy, self.now(), session=self.session)

    def ungranted(self, name: str, declared: tuple[Permission, ...]) -> tuple[Permission, ...]:
        """Return what a revision of a component that declares this would run without now."""
        standing, now = self.of(name).standing, self.now()
        if standing.closed:
            return declared
        held = tuple(grant for grant in standing.grants if grant.scope is not Scope.ONCE)
        return tuple(
            each
            for each in declared
            if decide(each, declared, held, standing.policy, now, session=self.session) is not None
        )

    def _renew(self, rights: Rights) -> None:
        """Let the policy hold that the component's present source deserves."""
        policy = self.policies.of(rights.component, self._source(rights.component))
        if policy != rights.standing.policy:
            rights.change(policy=policy)
            self.changed(rights.component)

    # ------------------------------------------------------------------ what guards record

    def use_up(self, rights: Rights, grant: Grant, access: Access, revision: int) -> bool | None:
        """Use up a grant for one access, durably; see ``component_guard``."""
        with rights.lock:
            if grant not in rights.standing.grants:
                return False
            rights.remove(frozenset({grant.id}), revoked=False)
        at = self.now()
        entry = AuditEntry(
            at=at,
            kind=AuditKind.USED_ONCE,
            component=rights.component,
            revision=revision,
            subject=text_of(access),
            who=grant.who,
            reason=Scope.ONCE.value,
            text=f"grant {grant.id} of {grant.permission}",
        )

        def effect() -> None:
            if not self._state.grants.use_up_grant(grant.id, at):
                raise StoreError(f"grant {grant.id} cannot be used any more")

        try:
            with self._blocking():
                self.writer.record([entry], effect).result(PATIENCE)
        except (StoreError, TimeoutError, CancelledError):
            # It stays used up for this runtime: nobody knows whether it is on the disk.
            return None
        failpoint("guard/used-up")
        self.changed(rights.component)
        return True

    def denied(self, rights: Rights, denial: Denial, revision: int, *, observed: bool) -> None:
        """Count a denial; tell of the first, and of further ones now and then."""
        access = text_of(denial.access)
        with rights.lock:
            tell = rights.counts.deny(access, denial, revision, self.now(), observed=observed)
        self._mark(rights)
        if not tell:
            return
        what = "storage" if denial.access.kind is Kind.STORAGE else access
        said = f"{what} would be denied: " if observed else f"{what} was denied: "
        self._warn(rights, said + denial.text, EventAction.DENIED, revision)
        self.changed(rights.component)

    def used(self, rights: Rights, access: Access, permission: Permission, grant: Grant, revision: int) -> None:
        """Note a use; audit the first one of a permission by a revision."""
        at, calls, key = self.now(), self.calls.of(rights.component), (revision, permission)
        with rights.lock:
            rights.counts.use(rights.component, text_of(access), revision, at, calls)
            first = key not in rights.seen
            if first:
                rights.seen = frozenset((*(each for each in rights.seen if each[0] == revision), key))
        self._mark(rights)
        if first:
            entry = AuditEntry(
                at=at,
                kind=AuditKind.FIRST_USE,
                component=rights.component,
                revision=revision,
                subject=str(permission),
                who=grant.who,
                reason=grant.scope.value,
                text=text_of(access),
            )
            self.writer.note(entry, soon=True)

    def ask(
        self, rights: Rights, permission: Permission, rationale: str, revision: int, waits: WaitingCall | None = None
    ) -> bool:
        """Open a question, or count it if it is open; return False if too many are open."""
        text, at = str(permission), self.now()
        kept = bounded(rationale, MAX_RATIONALE)
        waiting = f"a call waits {format_duration(waits.seconds)} for the answer" if waits is not None else ""
        with rights.lock:
            found = rights.questions.get(text)
            tell = bool(waiting) and (found is None or at - rights.told_waiting >= TOLD_EVERY)
            rights.told_waiting = at if tell else rights.told_waiting
            if found is not None:
                rights.questions[text] = msgspec.structs.replace(found, count=found.count + 1)
        if found is not None:
            if tell:
                self._ask_aloud(rights, f"{waiting} about {text}", revision)
            return True
        return self._open_question(rights, QuestionRecord(rights.component, text, at, kept, revision), waiting)

    def _open_question(self, rights: Rights, record: QuestionRecord, waiting: str) -> bool:
        text, at, kept, revision = record.permission, record.at, record.rationale, record.revision or 0
        with rights.lock:
            if text in rights.questions:
                return True
            if len(rights.questions) >= MOST_QUESTIONS:
                return False
            rights.questions[text] = Question(0, text, kept, revision, at)
        entry = AuditEntry(
            at=at, kind=AuditKind.ASKED, component=rights.component, revision=revision, subject=text, text=kept
        )
        recorded = self.writer.record([entry], lambda: self._state.grants.ask(record))
        recorded.add_done_callback(partial(self._numbered, rights, text))
        said = f"asks for {text}" + (f": {kept}" if kept else "") + (f"; {waiting}" if waiting else "")
        self._ask_aloud(rights, said, revision)
        self.changed(rights.component)
        return True

    def admit(self, rights: Rights, waiting: WaitingCall, revision: int) -> bool:
        """Show that a call waits for an answer; return False if too many wait."""
        if not self._waits.admit(rights, waiting, self.now(), lambda said: self._ask_aloud(rights, said, revision)):
            return False
        self.changed(rights.component)
        return True

    def dismiss(self, rights: Rights, waiting: WaitingCall) -> None:
        """Note that a call waits no longer."""
        self._waits.dismiss(rights, waiting)
        self.changed(rights.component)

    def _numbered(self, rights: Rights, text: str, recorded: Future[int]) -> None:
        """Give a question its number, or forget one that could not be recorded, so that it is asked again."""
        with rights.lock:
            found = rights.questions.get(text)
            if found is None or found.id:
                return
            if recorded.cancelled() or recorded.exception() is not None:
                del rights.questions[text]
                rights.change()  # whoever waits for the answer looks again
            else:
                rights.questions[text] = msgspec.structs.replace(found, id=recorded.result())
        self.changed(rights.component)

    # ------------------------------------------------------------------ the ticks

    def flush(self, *, last: bool = False) -> None:
        """Have counts and notes written: twice a second, and at the end."""
        now = self.now()
        with self._lock:
            changed = list(self._known.values()) if last else [self._known[name] for name in self._changed]
            self._changed.clear()
        for rights in changed:
            with rights.lock:
                rows, entries = rights.counts.take(rights.component, now, last=last)
                uses = rights.counts.take_uses()
                later = rights.counts.changed
            if later:
                self._mark(rights)
            for entry in entries:
                self.writer.note(entry)
            if rows:
                self.writer.record((), partial(self._state.grants.count_denials, rows))
            if uses:
                self.writer.record((), partial(self._state.grants.note_uses, uses))
        granted = (rights.component for rights in self.every() if rights.standing.grants)
        if totals := self.calls.due(granted, now, last=last):
            self.writer.record((), partial(self._state.grants.note_calls, totals))
        self.writer.flush()

    def finish(self) -> None:
        """Write everything that is left; on the disk thread, when no guest runs any more."""
        self.flush(last=True)
        self.writer.finish()

    def _mark(self, rights: Rights) -> None:
        with self._lock:
            self._changed.add(rights.component)

    def _ask_aloud(self, rights: Rights, said: str, revision: int) -> None:
        self._warn(rights, said, EventAction.ASKED, revision)

    def _warn(self, rights: Rights, text: str, action: EventAction, revision: int) -> None:
        kind = EventKind.LOG if action is EventAction.DENIED else EventKind.LIFECYCLE
        self._journal.emit(
            kind, text, component=rights.component, revision=revision or None, action=action, level=Level.WARNING
        )


def grant_desk(floor: Floor, source: Callable[[str], str], calls: Callable[[str], int]) -> GrantDesk:
    """Return the desk of a runtime, whose grants are not read yet."""

    def tell(text: str) -> None:
        floor.journal.system(text, EventAction.STORE, Level.WARNING)

    def clock() -> float:
        return floor.clock()  # looked up each time: it may be replaced

    writer = AuditWriter(floor.state, floor.on_disk, clock, tell)
    return GrantDesk(
        floor.state, writer, floor.journal, floor.workers.blocking, clock=clock, source=source, calls=calls
    )


def text_of(access: Access) -> str:
    """Return an access in the text form of the narrowest permission that covers it."""
    return str(access.permission())
