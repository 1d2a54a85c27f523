"""Permissions as the state directory has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from airssys_tui.api.grant_matrix import grants_view
from airssys_tui.api.views.granting import AuditQuery, Standing
from airssys_tui.core.capability.audit_entry import AuditEntry, AuditKind
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import parse_permission
from airssys_tui.core.capability.policy import PolicySource, TrustRule
from airssys_tui.core.errors import UsageError
from airssys_tui.core.manifest.document import encode_manifest, parse_manifest
from airssys_tui.core.revision import Outcome
from airssys_tui.runtime.history.recorded_rights import (
    audit_entries,
    audit_verdict,
    known_of,
    open_questions,
    recorded_policies,
    source_path,
    trust_view,
)
from airssys_tui.store.audit.audit_log import AuditLog
from airssys_tui.store.catalog.grant_records import DenialRecord, QuestionRecord, UseRecord
from airssys_tui.store.catalog.records import Activation, Refusal
from airssys_tui.store.directory import StateDirectory
from tests.support.catalogs import candidate

READ, NET = "filesystem:read:/data/**", "network:connect:api.example.com:443"
MANIFEST = """\
[package]
name = "fetcher"
[component]
wasm = "fetcher.wasm"
[capabilities]
filesystem = ["read:/data/**"]
rationale = "daily rates"
"""
MORE = MANIFEST.replace("rationale", 'network = ["connect:api.example.com:443"]\nrationale')


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDirectory]:
    """A state directory with ``fetcher``, whose r1 serves."""
    with StateDirectory.open(tmp_path / "state", folder=tmp_path) as state:
        state.catalog.upsert_component("fetcher", "fetcher", at=1.0)
        declare(state, MANIFEST)
        state.catalog.activate(Activation(component="fetcher", revision=1, at=2.0))
        yield state


def declare(state: StateDirectory, manifest: str) -> int:
    wanted = encode_manifest(parse_manifest(manifest, "Component.toml"))
    return state.catalog.add_revision(msgspec.structs.replace(candidate("fetcher"), manifest=wanted)).number


def grant(state: StateDirectory, text: str, scope: Scope = Scope.ALWAYS) -> Grant:
    given = Grant(id=0, component="fetcher", permission=parse_permission(text), scope=scope, who="ada", at=2.0)
    return state.grants.add_grants((given,))[0]


def test_everything_recorded_about_a_component_is_in_its_matrix(state: StateDirectory) -> None:
    given, other = grant(state, READ), grant(state, NET)
    state.grants.revoke_grants((other.id,), who="ada", at=3.0)
    state.grants.ask(QuestionRecord("fetcher", NET, 4.0, "rates", 1))
    state.grants.count_denials((DenialRecord("fetcher", NET, "undeclared", 3, 4.0, 5.0, "a remedy", 1),))
    state.grants.note_uses((UseRecord("fetcher", "filesystem:read:/data/a", 1, 4.0, 6.0),))
    view = grants_view(known_of(state, "fetcher", now=10.0, policies=PolicySource()))
    assert (view.revision, view.candidate, view.rationale) == (1, None, "daily rates")
    (row,) = view.rows
    assert (row.permission, row.standing, row.waits) == (READ, Standing.GRANTED, False)
    assert [(answer.id, answer.last_used_at) for answer in row.answers] == [(given.id, 6.0)]
    assert [(each.permission, each.count) for each in view.questions] == [(NET, 3)]
    assert [(each.access, each.count, each.remedy) for each in view.denials] == [(NET, 3, "a remedy")]
    assert view.tighter == ('filesystem = ["read:/data/a"]',)
    assert open_questions(state) == view.questions


def test_a_revision_that_waits_is_shown_with_what_it_waits_for(state: StateDirectory) -> None:
    number = declare(state, MORE)
    state.catalog.set_outcome("fetcher", number, Outcome.FAILED, "waits")
    state.catalog.remember_refusal(
        Refusal("fetcher", "sha256:00", "sha256:01", "grants", "waits for approval", 5.0, "0.1.0", number)
    )
    view = grants_view(known_of(state, "fetcher", now=10.0, policies=PolicySource()))
    assert (view.revision, view.candidate) == (1, number)
    assert [(row.permission, row.waits) for row in view.rows] == [(READ, False), (NET, True)]


def test_recorded_rules_are_added_to_those_of_the_configuration(state: StateDirectory) -> None:
    rule = TrustRule(name="vendor", source="/srv/**", permissions=(parse_permission(READ),))
    state.grants.add_trust(msgspec.json.encode(rule).decode(), who="ada", at=7.0)
    state.grants.add_trust('{"of": "another version"}', who="ada", at=8.0)
    policies = recorded_policies(state)
    view = trust_view(state, policies, {"a": "/srv/a/Component.toml", "b": "/home/b.wasm"})
    (found,) = view.rules
    assert (found.name, found.who, found.at, found.components) == ("vendor", "ada", 7.0, ("a",))
    own = PolicySource(rules=(TrustRule(name="vendor", source="/opt/**", permissions=rule.permissions),))
    assert recorded_policies(state, own).rules == own.rules


def test_a_source_is_a_manifest_or_a_bare_file(tmp_path: Path) -> None:
    assert source_path(tmp_path, "counter") == str(tmp_path / "counter" / "Component.toml")
    assert source_path(tmp_path, "echo.wasm") == str(tmp_path / "echo.wasm")
    assert source_path(tmp_path, "") == ""


def test_the_audit_is_read_from_its_end_and_onwards(state: StateDirectory) -> None:
    log = AuditLog(state.audit, state.grants.audit_head())
    entries = [
        AuditEntry(at=float(number), kind=AuditKind.DENIED, component=("fetcher", "other")[number % 2])
        for number in range(10)
    ]
    state.grants.set_audit_head(log.append(entries))

    def numbers(**query: object) -> list[int]:
        return [entry.n for entry in audit_entries(state, AuditQuery(**query)).entries]

    assert numbers(limit=3) == [8, 9, 10]
    assert numbers(component="fetcher", limit=2) == [7, 9]
    assert numbers(after=0, limit=2) == [1, 2]
    assert numbers(after=7) == [8, 9, 10]
    assert numbers(after=1, component="other", limit=2) == [2, 4]
    assert numbers(after=10) == []
    assert numbers(before=8, limit=3) == [5, 6, 7]
    assert numbers(before=8, component="fetcher", limit=2) == [5, 7]
    assert numbers(before=1) == []
    assert audit_entries(state, AuditQuery(before=8, limit=3)).older
    assert not audit_entries(state, AuditQuery(before=3, limit=3)).older
    for wrong in ({"after": 1, "before": 3}, {"limit": 1_001}):
        with pytest.raises(UsageError):
            numbers(**wrong)
    assert audit_entries(state, AuditQuery()).head.count == 10
    assert audit_verdict(state).entry is None
    assert audit_verdict(state, f"11:{'0' * 64}").entry == 11
    with pytest.raises(UsageError):
        audit_verdict(state, "11")
