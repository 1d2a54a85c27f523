"""The guard under any order of answers, accesses, restarts and time: never more than what is declared and granted."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from airssys_tui.core.capability.coverage import covers
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import Access, Kind, Permission, parse_permission
from airssys_tui.runtime.guard.component_guard import ComponentGuard
from tests.support.granting import NAME, Office

DECLARED = ("environment:HOME", "environment:LANG", "filesystem:read:/data/**", "filesystem:write:/data/a/*")
GRANTABLE = (*DECLARED, "environment:PATH", "filesystem:read:/data/a/*", "filesystem:read:/**", "filesystem:write:/**")
ACCESSES = (
    *(Access(Kind.ENVIRONMENT, "", name) for name in ("HOME", "LANG", "PATH")),
    *(Access(Kind.FILESYSTEM, "read", path) for path in ("/data/a/x", "/data/b", "/other")),
    *(Access(Kind.FILESYSTEM, "write", path) for path in ("/data/a/x", "/data/b")),
)


class Model:
    """What was answered, kept in the simplest way."""

    def __init__(self) -> None:
        self.grants: dict[int, Grant] = {}

    def holding(self, access: Access, now: float) -> list[Grant]:
        """Return the grants in force that cover an access, the lasting ones first."""
        found = [
            each
            for each in self.grants.values()
            if covers(each.permission, access) and (each.expires_at is None or each.expires_at > now)
        ]
        if any(each.scope is Scope.NEVER for each in found):
            return []
        return sorted(found, key=lambda each: each.scope is Scope.ONCE)


class Guarding(RuleBasedStateMachine):
    """Two instances of one component under a desk on a real catalog and a real audit."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.office = Office(self.directory)
        self.model = Model()
        self.used = 0
        self.guards: list[ComponentGuard] = []

    @initialize()
    def start(self) -> None:
        self.guards = [self.office.guard(DECLARED, revision=number) for number in (1, 2)]

    @rule(text=st.sampled_from(GRANTABLE), scope=st.sampled_from(Scope), lasts=st.sampled_from((None, 5.0, 50.0)))
    def answer(self, text: str, scope: Scope, lasts: float | None) -> None:
        expires_at = None if lasts is None else self.office.now + lasts
        given = self.office.grant(text, scope, expires_at=expires_at)
        self.model.grants[given.id] = given

    @rule(chosen=st.integers(0, 1_000))
    def revoke(self, chosen: int) -> None:
        """Take back an answer; what was denied before and is not about a refusal stays denied."""
        if not self.model.grants:
            return
        number = sorted(self.model.grants)[chosen % len(self.model.grants)]
        ended = self.model.grants.pop(number)
        before = {access for access in ACCESSES if self.guards[0].look(access) is None}
        self.office.desk.of(NAME).remove(frozenset({number}), revoked=True)
        self.office.disk.submit(lambda: self.office.state.grants.revoke_grants([number], who="ada")).result()
        after = {access for access in ACCESSES if self.guards[0].look(access) is None}
        assert ended.scope is Scope.NEVER or after <= before

    @rule(seconds=st.sampled_from((1.0, 10.0, 61.0)))
    def wait(self, seconds: float) -> None:
        self.office.now += seconds

    @invariant()
    def every_access_is_decided_by_what_holds_now(self) -> None:
        for which in range(len(self.guards)):
            for access in ACCESSES:
                self._attempt(access, which)

    def _attempt(self, access: Access, which: int) -> None:
        holding = self.model.holding(access, self.office.now)
        declared = any(covers(parse_permission(text), access) for text in DECLARED)
        allowed = self.guards[which].require(access) is None
        assert allowed == (declared and bool(holding))
        if allowed and holding[0].scope is Scope.ONCE:
            spent = [each.id for each in self.office.state.grants.grants() if each.used_at is not None]
            gone = [number for number in spent if number in self.model.grants]
            assert len(gone) == 1
            del self.model.grants[gone[0]]
            self.used += 1

    @rule()
    def restart(self) -> None:
        """End the runtime in order, and begin another one; grants for a session end."""
        self.office.close()
        self.office.open()
        self.model.grants = {n: each for n, each in self.model.grants.items() if each.scope is not Scope.SESSION}
        self.guards = [self.office.guard(DECLARED, revision=number) for number in (1, 2)]

    @invariant()
    def in_force_is_declared_and_granted(self) -> None:
        for guard in self.guards:
            for grant in guard.in_force():
                lasting = msgspec.structs.replace(grant, permission=Permission(Kind.ENVIRONMENT, "", "HOME"))
                assert lasting.id in self.model.grants
                assert any(str(grant.permission) == text or "data" in text for text in DECLARED)

    def teardown(self) -> None:
        kinds = [entry.kind.value for entry in self.office.audit()]
        assert kinds.count("used-once") == self.used
        assert self.office.verify().fault is None
        self.office.close()
        shutil.rmtree(self.directory)


TestGuarding = Guarding.TestCase
TestGuarding.settings = settings(max_examples=3, stateful_step_count=18, deadline=None)
