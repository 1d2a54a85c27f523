"""What operators answer about permissions, and whom they trust: planned, audited, recorded, then in force.

A grant that is taken back ends at once, before that is recorded, since that errs on the safe side. Everything that
allows more takes effect when it is durable, and not if it cannot be recorded. Who asked may go away meanwhile: what is
recorded is in force.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from airssys_tui.api.commands import AddTrust, GrantCommand, RemoveTrust, Revoke, TrustCommand
from airssys_tui.api.grant_answers import Answerer, Plan, plan, trust_rule
from airssys_tui.api.grant_matrix import Known
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.capability.audit_entry import AuditEntry, AuditKind
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import permissions_of
from airssys_tui.core.capability.policy import PolicySource, TrustRule
from airssys_tui.core.errors import UsageError
from airssys_tui.core.events import EventAction
from airssys_tui.core.refusal import DENIED
from airssys_tui.core.text import one_line
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.guard.grant_desk import GrantDesk
from airssys_tui.runtime.history.recorded_rights import known_of, recorded_policies
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.machinery.shielded_await import to_the_end_first
from airssys_tui.store.catalog.grant_records import ApprovalRecord
from airssys_tui.store.disk.failpoint import failpoint
from airssys_tui.store.paths import own_directories

T = TypeVar("T")


class PermissionCommands:
    """Carries out commands about permissions.

    Args:
        floor: The machinery.
        guards: The rights of every component.
        router: The components.
        deploy: Deploys the files of a component that waited for approval.
    """

    def __init__(
        self,
        floor: Floor,
        guards: GrantDesk,
        router: Router,
        deploy: Callable[[Component, str], Awaitable[Done]],
    ) -> None:
        self._floor = floor
        self._guards = guards
        self._source = router.source_in(floor.folder)
        self._deploy = deploy
        self._lock = asyncio.Lock()

    async def recall(self, folder: PolicySource) -> None:
        """Let the recorded rules hold, and what the policy file of this run or the folder says; before any start.

        Args:
            folder: What the folder says.
        """
        floor, guards = self._floor, self._guards
        base = floor.settings.policy or folder
        found = await floor.disk(recorded_policies, floor.state, base)
        guards.follow(msgspec.structs.replace(found, reserved=own_directories(floor.state.path)))

    async def known(self, name: str) -> Known:
        """Return what is known of a component's permissions, what was only counted so far included."""
        floor, guards = self._floor, self._guards
        guards.flush()
        source = self._source(name)

        def read() -> Known:
            policies, session = guards.policies, guards.session
            return known_of(floor.state, name, now=floor.clock(), policies=policies, session=session, source=source)

        found = await floor.disk(read)
        return msgspec.structs.replace(found, calls=max(found.calls, guards.calls.of(name)))

    async def carry_out(self, component: Component, command: GrantCommand, who: str) -> Done:
        """Carry out a command about one component's permissions.

        Raises:
            UsageError: It names nothing valid, nothing that is there, or it would change nothing.
            StoreError: It could not be audited or recorded.
            GateRefusal: What was approved is recorded, and the revision that waited was refused at another gate.
        """
        async with self._lock:
            known = await self.known(component.name)
            planned = self._released(component, plan(command, known, Answerer(who, self._guards.session)), known)
            await to_the_end_first(self._apply(planned, known, who, command.rationale))
        action = EventAction.REVOKED if isinstance(command, Revoke) else EventAction.GRANTED
        component.teller.operator(f"{planned.text} by {who}", action)
        if planned.candidate is False:
            _show_denied(component, who)
        component.shown.touch()
        if planned.candidate:
            failpoint("guard/approved")
            deployed = await self._deploy(component, who)
            return Done(one_line(f"{planned.text}; {deployed.text}", 400), deployed.revision)
        return Done(one_line(planned.text, 400), known.revision)

    def _released(self, component: Component, planned: Plan, known: Known) -> Plan:
        """Approve a revision that waits when everything that it waits for is granted now."""
        if known.candidate is None or planned.candidate is not None or component.active is None:
            return planned
        given = tuple(each for each in planned.grants if each.scope is not Scope.NEVER)
        before = permissions_of(component.active.manifest.capabilities)
        left = self._guards.awaited(known.component, before, known.declared, given)
        return planned if left or not given else msgspec.structs.replace(planned, candidate=True)

    async def trust(self, command: TrustCommand, who: str) -> Done:
        """Add a trust rule, or end one.

        Raises:
            UsageError: The rule is not valid, there is one of that name, or there is none.
            StoreError: It could not be audited or recorded.
        """
        async with self._lock:
            doing = self._trust(command, who) if isinstance(command, AddTrust) else self._distrust(command, who)
            text = await to_the_end_first(doing)
        self._floor.journal.system(f"{text} by {who}", EventAction.GRANTED)
        return Done(one_line(text, 400), None)

    async def _trust(self, command: AddTrust, who: str) -> str:
        now, policies = self._floor.clock(), self._guards.policies
        rule = trust_rule(command, who, now)
        if any(each.name == rule.name for each in policies.rules):
            raise UsageError(f"there is a trust rule {rule.name!r} already", remedy="remove it first")
        entry = AuditEntry(at=now, kind=AuditKind.TRUSTED, subject=rule.name, who=who, text=_permissions(rule))
        document = msgspec.json.encode(rule).decode()
        await self._record([entry], lambda: self._floor.state.grants.add_trust(document, who=who, at=now))
        self._guards.follow(msgspec.structs.replace(policies, rules=(*policies.rules, rule)))
        return f"trust rule {rule.name} added"

    async def _distrust(self, command: RemoveTrust, who: str) -> str:
        now, policies = self._floor.clock(), self._guards.policies
        tables = self._floor.state.grants
        rule = next((each for each in policies.rules if each.name == command.name), None)
        recorded = await self._floor.disk(tables.trust_rules)
        number = next((each.id for each in recorded if _named(each.rule) == command.name), None)
        if number is None:
            where = "it is written in a file: remove it there" if rule else "see `airssys-tui trust list`"
            raise UsageError(f"there is no recorded trust rule {one_line(command.name)!r}", remedy=where)
        left = tuple(each for each in policies.rules if each.name != command.name)
        self._guards.follow(msgspec.structs.replace(policies, rules=left))
        entry = AuditEntry(at=now, kind=AuditKind.DISTRUSTED, subject=command.name, who=who)
        await self._record([entry], lambda: tables.remove_trust(number, who=who, at=now))
        return f"trust rule {command.name} removed"

    async def _apply(self, planned: Plan, known: Known, who: str, rationale: str) -> None:
        rights, tables, now = self._guards.of(known.component), self._floor.state.grants, known.now
        ending = [each for each in known.grants if each.id in planned.revokes]
        rights.remove(frozenset(each.id for each in ending if each.scope is not Scope.NEVER), revoked=True)

        def effect() -> tuple[Grant, ...]:
            if planned.candidate is not None and known.candidate is not None:
                self._answer_candidate(known, who, approved=planned.candidate)
            if planned.revokes:
                tables.revoke_grants(planned.revokes, who=who, at=now, rationale=rationale)
            if planned.grants:
                return tables.add_grants(planned.grants, settles=planned.settles)
            for question in planned.settles:
                tables.settle_question(question, "denied", who=who, at=now)
            return ()

        added = await self._record(_entries(planned, ending, known, who, rationale), effect)
        with rights.lock:
            settled = [text for text, question in rights.questions.items() if question.id in planned.settles]
            for text in settled:
                del rights.questions[text]
            rights.remove(frozenset(each.id for each in ending), revoked=True)
            rights.add(added)

    def _answer_candidate(self, known: Known, who: str, *, approved: bool) -> None:
        """Record the answer to the files that wait: approved ones are tried again, denied ones stay refused."""
        catalog, number = self._floor.state.catalog, known.candidate or 0
        waits = catalog.revision(known.component, number)
        if waits is None:
            return
        files = known.component, waits.digest, waits.manifest_digest
        answer = ApprovalRecord(*files, "approved" if approved else "denied", who, known.now)
        self._floor.state.grants.answer_candidate(answer)
        refusal = catalog.refusal(*files)
        if refusal is not None and not approved:
            catalog.remember_refusal(msgspec.structs.replace(refusal, reason=f"{DENIED} {who}"))

    async def _record(self, entries: list[AuditEntry], effect: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._guards.writer.record(entries, effect))


def _show_denied(component: Component, who: str) -> None:
    refusal = component.refusal
    if refusal is not None and refusal.undecided:
        component.barred.refuse(msgspec.structs.replace(refusal, reason=f"{DENIED} {who}"))


def _entries(planned: Plan, ending: list[Grant], known: Known, who: str, rationale: str) -> list[AuditEntry]:
    """Return what the audit says of answers."""

    def entry(kind: AuditKind, subject: str, reason: str, expires_at: float | None = None) -> AuditEntry:
        return AuditEntry(
            at=known.now,
            kind=kind,
            component=known.component,
            revision=known.revision,
            subject=subject,
            who=who,
            reason=reason,
            text=rationale,
            expires_at=expires_at,
        )

    entries = [entry(AuditKind.REVOKED, str(each.permission), each.scope.value) for each in ending]
    for each in planned.grants:
        kind = AuditKind.REFUSED if each.scope is Scope.NEVER else AuditKind.GRANTED
        entries.append(entry(kind, str(each.permission), each.scope.value, each.expires_at))
    if not planned.grants:
        asked = (each.permission for each in known.questions if each.id in planned.settles)
        entries += [entry(AuditKind.SETTLED, text, "") for text in asked]
    return entries


def _permissions(rule: TrustRule) -> str:
    of = " and ".join(filter(None, (rule.source, f"key {rule.key}" if rule.key else "")))
    return f"{of}: {', '.join(map(str, rule.permissions))}"


def _named(document: str) -> str:
    try:
        return msgspec.json.decode(document, type=TrustRule).name
    except msgspec.DecodeError:
        return ""
