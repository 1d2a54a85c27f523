"""What is recorded of permissions: the matrix of a component, open questions, trust rules and the audit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from airssys_tui.api.grant_matrix import Known, Usage, counted
from airssys_tui.api.views.granting import (
    MOST_ENTRIES,
    AuditPage,
    AuditQuery,
    AuditVerdict,
    DenialView,
    QuestionView,
    TrustRuleView,
    TrustView,
)
from airssys_tui.core.capability.audit_entry import AuditEntry, Head, parse_head
from airssys_tui.core.capability.grant import Reason
from airssys_tui.core.capability.permission import permissions_of
from airssys_tui.core.capability.policy import PolicySource, TrustRule
from airssys_tui.core.capability.widening import awaited
from airssys_tui.core.errors import UsageError
from airssys_tui.core.manifest.document import Manifest, decode_manifest
from airssys_tui.runtime.sources.names import MANIFEST, WASM
from airssys_tui.store.audit.audit_reading import audit_page, audit_tail, verify_audit
from airssys_tui.store.catalog.grant_records import DenialRecord, QuestionRecord
from airssys_tui.store.catalog.records import RevisionRecord, waiting_revision
from airssys_tui.store.directory import StateReader


def recorded_policies(state: StateReader, policies: PolicySource | None = None) -> PolicySource:
    """Return what holds without a question, the recorded trust rules included. Blocks on the catalog."""
    found = policies or PolicySource()
    known = {rule.name for rule in found.rules}
    rules = tuple(rule for rule in _rules(state) if rule.name not in known)
    return msgspec.structs.replace(found, rules=found.rules + rules)


def known_of(
    state: StateReader, component: str, *, now: float, policies: PolicySource, session: str = "", source: str = ""
) -> Known:
    """Return what is recorded of one component's permissions. Blocks on the catalog.

    Args:
        state: The state directory.
        component: The component.
        now: Unix seconds.
        policies: What holds without a question.
        session: The session of the runtime; empty if none runs.
        source: The absolute path of the component's manifest or wasm file; empty if it is not known.
    """
    catalog, tables = state.catalog, state.grants
    active = catalog.active_revision(component)
    candidate = _candidate(state, component, active)
    manifest = _manifest(candidate or active)
    declared = permissions_of(manifest.capabilities) if manifest else ()
    policy = policies.of(component, source)
    grants = tuple(each for each in tables.standing_grants(session) if each.component == component)
    denials = tuple(map(_denial, tables.denials(component)))
    served = _manifest(active)
    before = permissions_of(served.capabilities) if served else ()
    waiting = awaited(before, declared, grants, policy, now, session=session) if candidate else ()
    return Known(
        component=component,
        revision=active.number if active else None,
        candidate=candidate.number if candidate else None,
        declared=declared,
        rationale=manifest.capabilities.rationale if manifest else "",
        waiting=waiting,
        grants=grants,
        policy=policy,
        now=now,
        session=session,
        questions=counted(map(_question, tables.open_questions(component)), denials),
        denials=denials,
        uses=tuple(Usage(use.access, use.last_at, use.calls) for use in tables.uses(component)),
        calls=tables.calls(component).get(component, 0),
    )


def open_questions(state: StateReader) -> tuple[QuestionView, ...]:
    """Return the open questions of all components, oldest first. Blocks on the catalog."""
    asked = tuple(map(_question, state.grants.open_questions()))
    denials = {name: tuple(map(_denial, state.grants.denials(name))) for name in {each.component for each in asked}}
    return tuple(each for question in asked for each in counted((question,), denials[question.component]))


def trust_view(state: StateReader, policies: PolicySource, sources: dict[str, str], policy_file: str = "") -> TrustView:
    """Return what is granted without a question. Blocks on the catalog.

    Args:
        state: The state directory.
        policies: What holds without a question, the recorded trust rules included.
        sources: Components with the absolute paths of their files.
        policy_file: The policy file of this run, if there is one.
    """
    recorded = {rule.name: rule for rule in _rules(state)}
    return TrustView(
        default=tuple(kind.value for kind in policies.default),
        rules=tuple(
            TrustRuleView(
                name=rule.name,
                source=rule.source,
                key=rule.key,
                permissions=tuple(map(str, rule.permissions)),
                who=recorded.get(rule.name, rule).who,
                at=recorded.get(rule.name, rule).at,
                components=tuple(sorted(name for name, source in sources.items() if rule.applies(source, ""))),
            )
            for rule in policies.rules
        ),
        policy_file=policy_file,
    )


def recorded_sources(state: StateReader, folder: Path) -> dict[str, str]:
    """Return the components with the absolute paths of their manifests or wasm files. Blocks on the catalog."""
    return {record.id: source_path(folder, record.source) for record in state.catalog.components()}


def source_path(folder: Path, key: str) -> str:
    """Return the absolute path of a component's manifest or wasm file; empty if it has none.

    Args:
        folder: The folder of components.
        key: The component's entry in it.
    """
    if not key:
        return ""
    return str(folder / key) if key.endswith(WASM) else str(folder / key / MANIFEST)


class Heads(msgspec.Struct, frozen=True):
    """What the catalog keeps of the audit: its last entry, and the last one that was removed for space."""

    head: Head
    base: Head


def audit_heads(state: StateReader) -> Heads:
    """Return what the catalog keeps of the audit. Blocks on the catalog."""
    return Heads(state.grants.audit_head(), state.grants.audit_base())


def audit_entries(state: StateReader, query: AuditQuery, heads: Heads | None = None) -> AuditPage:
    """Return entries of the audit. Blocks on its files.

    Args:
        state: The state directory.
        query: Which entries.
        heads: What the catalog keeps of the audit: given, the catalog is not touched, so any thread may ask.

    Raises:
        UsageError: The limit is out of bounds, or the query names both ends.
    """
    query.require_sound()
    heads = heads or audit_heads(state)
    if query.after is not None:
        # What the catalog does not count yet is there a moment later, and whoever follows asks often.
        entries = tuple(_following(state.audit, query, query.after)) if query.after < heads.head.count else ()
        return AuditPage(entries=entries, head=heads.head, base=heads.base)
    tail = audit_tail(state.audit, component=query.component, before=query.before, limit=query.limit)
    return AuditPage(entries=tail.entries[::-1], head=heads.head, base=heads.base, since=tail.since)


def audit_verdict(state: StateReader, elsewhere: str = "", heads: Heads | None = None) -> AuditVerdict:
    """Compare the audit with what was written. Blocks on its files, for as long as reading all of them takes.

    Args:
        state: The state directory.
        elsewhere: A head that was kept elsewhere, as ``audit head`` prints it.
        heads: What the catalog keeps of the audit: given, the catalog is not touched, so any thread may ask.

    Raises:
        UsageError: ``elsewhere`` is no head.
    """
    try:
        kept = parse_head(elsewhere) if elsewhere else None
    except ValueError as error:
        raise UsageError(str(error)) from None
    heads = heads or audit_heads(state)
    found = verify_audit(state.audit, heads.head, base=heads.base, elsewhere=kept)
    return AuditVerdict(
        head=found.head,
        entry=found.fault.entry if found.fault else None,
        what=found.fault.what if found.fault else "",
        base=heads.base,
    )


def _following(directory: Path, query: AuditQuery, after: int) -> Iterator[AuditEntry]:
    left = query.limit
    while left:
        page = audit_page(directory, after=after, limit=MOST_ENTRIES)
        for entry in page:
            if left and query.component in {None, entry.component}:
                left -= 1
                yield entry
        if len(page) < MOST_ENTRIES:
            return
        after = page[-1].n


def _rules(state: StateReader) -> Iterator[TrustRule]:
    for record in state.grants.trust_rules():
        with contextlib.suppress(msgspec.DecodeError):  # written by another version: it grants nothing here
            rule = msgspec.json.decode(record.rule, type=TrustRule)
            yield msgspec.structs.replace(rule, who=record.who, at=record.at)


def _candidate(state: StateReader, component: str, active: RevisionRecord | None) -> RevisionRecord | None:
    """Return the newest revision if it waits for approval."""
    found = waiting_revision(state.catalog.refusals(component), active.number if active else None)
    return None if found is None else state.catalog.revision(component, found[0])


def _manifest(revision: RevisionRecord | None) -> Manifest | None:
    return decode_manifest(revision.manifest) if revision is not None else None


def _question(record: QuestionRecord) -> QuestionView:
    return QuestionView(
        id=record.id,
        component=record.component,
        permission=record.permission,
        at=record.at,
        rationale=record.rationale,
        revision=record.revision,
    )


def _denial(record: DenialRecord) -> DenialView:
    known = {reason.value: reason for reason in Reason}
    return DenialView(
        access=record.access,
        reason=known.get(record.reason, Reason.NOT_GRANTED),
        count=record.count,
        first_at=record.first_at,
        last_at=record.last_at,
        remedy=record.remedy,
        revision=record.revision,
    )
