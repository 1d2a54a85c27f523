"""Permissions in a simulated runtime: grants, questions, denials, trust rules and an audit in memory."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

import msgspec

from airssys_tui.api.commands import AddTrust, GrantCommand, RemoveTrust
from airssys_tui.api.grant_answers import Answerer, Plan, plan, trust_rule
from airssys_tui.api.grant_matrix import Known, Usage, counted, grants_view
from airssys_tui.api.played.component import PlayedComponent
from airssys_tui.api.views.granting import (
    AuditPage,
    AuditQuery,
    AuditVerdict,
    DenialView,
    GrantsView,
    QuestionView,
    TrustRuleView,
    TrustView,
)
from airssys_tui.core.capability.audit_entry import AuditEntry, AuditKind, Head, parse_head
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import parse_permission
from airssys_tui.core.capability.policy import PolicySource, TrustRule
from airssys_tui.core.errors import UsageError
from airssys_tui.core.text import Verbatim

SESSION: Final = "played"


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What a simulated component declares, asks for and did.

    Attributes:
        permissions: What it declares, in the text form of permissions.
        rationale: Why, in the words of its manifest.
        waiting: What a candidate waits for.
        candidate: The revision that waits; None if none does.
        questions: Its open questions.
        denials: What it was denied, the latest first.
        uses: What it used.
        observed: Whether its denials are only recorded.
    """

    permissions: tuple[str, ...] = ()
    rationale: Verbatim = ""
    waiting: tuple[str, ...] = ()
    candidate: int | None = None
    questions: tuple[QuestionView, ...] = ()
    denials: tuple[DenialView, ...] = ()
    uses: tuple[Usage, ...] = ()
    observed: bool = False


class PlayedRights:
    """The permissions of all simulated components.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._declared: dict[str, Declared] = {}
        self._grants: dict[str, tuple[Grant, ...]] = {}
        self._rules: dict[str, TrustRule] = {}
        self._entries: list[AuditEntry] = []
        self._head = Head()
        self._numbers = 0
        self._damaged: int | None = None

    def declare(self, component: str, declared: Declared) -> None:
        """Say what a component declares, asks for and did."""
        self._declared[component] = declared

    def give(self, component: str, permission: str, scope: Scope = Scope.ALWAYS, **fields: Any) -> None:
        """Add an answer, as if an operator had given it earlier."""
        self._numbers += 1
        given = {"who": "ada", "at": self._clock() - 3_600.0, **fields}
        grant = Grant(
            id=self._numbers, component=component, permission=parse_permission(permission), scope=scope, **given
        )
        self._grants[component] = (*self._grants.get(component, ()), grant)
        kind = AuditKind.REFUSED if scope is Scope.NEVER else AuditKind.GRANTED
        self._note_answer(kind, grant, grant.who, grant.rationale, at=grant.at)

    def damage(self, entry: int) -> None:
        """Have a verification find that an entry is not what was written."""
        self._damaged = entry

    def known(self, component: PlayedComponent) -> Known:
        """Return what is known of a component's permissions."""
        name = component.id
        declared = self._declared.get(name, Declared())
        source = PolicySource(rules=tuple(self._rules.values()), observed=(name,) if declared.observed else ())
        return Known(
            component=name,
            revision=component.view.revision,
            candidate=declared.candidate,
            declared=tuple(map(parse_permission, declared.permissions)),
            rationale=declared.rationale,
            waiting=tuple(map(parse_permission, declared.waiting)),
            grants=self._grants.get(name, ()),
            policy=source.of(name, f"/components/{name}/Component.toml"),
            now=self._clock(),
            session=SESSION,
            questions=counted(declared.questions, declared.denials),
            denials=declared.denials,
            uses=declared.uses,
        )

    def carry_out(self, component: PlayedComponent, command: GrantCommand, who: str) -> Plan:
        """Carry out a command about one component.

        Raises:
            UsageError: It is not valid, or would change nothing.
        """
        planned = plan(command, self.known(component), Answerer(who, SESSION))
        name = component.id
        kept = [each for each in self._grants.get(name, ()) if each.id not in planned.revokes]
        for each in self._grants.get(name, ()):
            if each.id in planned.revokes:
                self._note_answer(AuditKind.REVOKED, each, who, command.rationale)
        for grant in planned.grants:
            self._numbers += 1
            kept.append(msgspec.structs.replace(grant, id=self._numbers))
            kind = AuditKind.REFUSED if grant.scope is Scope.NEVER else AuditKind.GRANTED
            self._note_answer(kind, grant, who, command.rationale)
        self._grants[name] = tuple(kept)
        declared = self._declared.get(name, Declared())
        asked = tuple(each for each in declared.questions if each.id not in planned.settles)
        ended = {"waiting": (), "candidate": None} if planned.candidate is not None else {}
        self._declared[name] = msgspec.structs.replace(declared, questions=asked, **ended)
        return planned

    def trust(self, command: AddTrust | RemoveTrust, who: str) -> str:
        """Add a trust rule, or end one; return what was done.

        Raises:
            UsageError: The rule is not valid, or it does not exist.
        """
        now = self._clock()
        if isinstance(command, RemoveTrust):
            if self._rules.pop(command.name, None) is None:
                raise UsageError(f"there is no trust rule {command.name!r}", remedy="see `airssys-tui trust list`")
            self.note(AuditKind.DISTRUSTED, subject=command.name, who=who)
            return f"trust rule {command.name} removed"
        if command.name in self._rules:
            raise UsageError(f"there is a trust rule {command.name!r} already", remedy="remove it first")
        rule = self._rules[command.name] = trust_rule(command, who, now)
        self.note(AuditKind.TRUSTED, subject=rule.name, who=who, text=", ".join(map(str, rule.permissions)))
        return f"trust rule {rule.name} added"

    def trust_view(self, components: tuple[str, ...]) -> TrustView:
        """Return the default policy and the trust rules."""
        return TrustView(
            default=tuple(kind.value for kind in PolicySource().default),
            rules=tuple(
                TrustRuleView(
                    name=rule.name,
                    source=rule.source,
                    key=rule.key,
                    permissions=tuple(map(str, rule.permissions)),
                    who=rule.who,
                    at=rule.at,
                    components=tuple(n for n in components if rule.applies(f"/components/{n}/Component.toml", "")),
                )
                for rule in self._rules.values()
            ),
        )

    def questions(self) -> tuple[QuestionView, ...]:
        """Return the open questions of all components, oldest first."""
        every = [each for declared in self._declared.values() for each in counted(declared.questions, declared.denials)]
        return tuple(sorted(every, key=lambda each: (each.at, each.id)))

    def audit(self, query: AuditQuery) -> AuditPage:
        """Return entries of the audit.

        Raises:
            UsageError: The limit is out of bounds.
        """
        query.require_sound()
        before = self._head.count + 1 if query.before is None else query.before
        fitting = [
            each
            for each in self._entries
            if (query.after or 0) < each.n < before and query.component in {None, each.component}
        ]
        if query.after is not None:
            return AuditPage(entries=tuple(fitting[: query.limit]), head=self._head)
        chosen = fitting[-query.limit :]
        since = chosen[0].n if len(chosen) == query.limit else 1
        return AuditPage(entries=tuple(chosen), head=self._head, since=since)

    def verdict(self, elsewhere: str) -> AuditVerdict:
        """Compare the audit with a head that was kept elsewhere.

        Raises:
            UsageError: It is no head.
        """
        try:
            kept = parse_head(elsewhere) if elsewhere else self._head
        except ValueError as error:
            raise UsageError(str(error)) from None
        if self._damaged is not None:
            head = Head(self._damaged - 1, self._entries[self._damaged - 1].prev)
            return AuditVerdict(head=head, entry=self._damaged, what="its content does not match its hash")
        if kept.count > self._head.count:
            missing = self._head.count + 1
            return AuditVerdict(
                head=self._head, entry=missing, what=f"it is missing: {kept.count} entries were written"
            )
        hashes = [*(each.prev for each in self._entries), self._head.hash]
        if hashes[kept.count] != kept.hash:
            return AuditVerdict(head=self._head, entry=kept.count, what="it is not the entry whose hash was kept")
        return AuditVerdict(head=self._head)

    def _note_answer(self, kind: AuditKind, grant: Grant, who: str, text: str, **fields: Any) -> None:
        said = {"component": grant.component, "subject": str(grant.permission), "reason": grant.scope.value}
        self.note(kind, who=who, text=text, **said, **fields)

    def note(self, kind: AuditKind, **fields: Any) -> None:
        """Add an entry to the audit; ``at`` is now unless it is given."""
        entry = AuditEntry(**{"at": self._clock(), **fields}, kind=kind, n=self._head.count + 1, prev=self._head.hash)
        self._entries.append(entry)
        self._head = Head(entry.n, hashlib.sha256(msgspec.json.encode(entry)).hexdigest())


class PlayedPermissions(ABC):
    """The part of the simulated runtime that answers questions about permissions."""

    rights: PlayedRights

    @property
    @abstractmethod
    def components(self) -> tuple[PlayedComponent, ...]:
        """The components."""

    @abstractmethod
    def _get(self, component: str) -> PlayedComponent: ...

    @abstractmethod
    def answer(self, work: Callable[[], Any]) -> Future[Any]:
        """Return a future that ends with the result or the error of ``work``."""

    def grants(self, component: str) -> Future[GrantsView]:
        """Return what a component declares and what of it is granted."""
        return self.answer(lambda: grants_view(self.rights.known(self._get(component))))

    def questions(self) -> Future[tuple[QuestionView, ...]]:
        """Return the open questions of all components, oldest first."""
        return self.answer(self.rights.questions)

    def trust(self) -> Future[TrustView]:
        """Return the default policy and the trust rules."""
        return self.answer(lambda: self.rights.trust_view(tuple(sorted(each.id for each in self.components))))

    def audit(self, query: AuditQuery) -> Future[AuditPage]:
        """Return entries of the audit, oldest first."""
        return self.answer(lambda: self.rights.audit(query))

    def verify_audit(self, head: str = "") -> Future[AuditVerdict]:
        """Compare the audit with what was written."""
        return self.answer(lambda: self.rights.verdict(head))
