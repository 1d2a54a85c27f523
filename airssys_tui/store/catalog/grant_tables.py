"""Grants, revocations, open questions and trust rules: the answers of operators, none of which is ever deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from airssys_tui.core.capability.audit_entry import Head, parse_head
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import Permission, parse_permission
from airssys_tui.core.errors import StoreError
from airssys_tui.core.gates import Gate
from airssys_tui.store.catalog.accesses import Accesses
from airssys_tui.store.catalog.grant_records import ApprovalRecord, GrantRecord, QuestionRecord, TrustRecord

_COLUMNS: Final = """grants.id, grants.component, grants.permission, grants.scope, grants.who, grants.at,
    grants.expires_at, grants.rationale, grants.session, grants.used_at, grants.calls,
    revocations.at, revocations.who, revocations.rationale"""
_HEAD: Final = "audit-head"
_BASE: Final = "audit-base"
_GRANTS: Final = f"SELECT {_COLUMNS} FROM grants LEFT JOIN revocations USING (id)"  # noqa: S608 - literals


class GrantTables(Accesses):
    """The tables of grants, revocations, questions and trust rules, and of what components attempted.

    They are no part of the class ``Catalog``, since a command that only lists components does not need them.
    """

    def add_grants(self, grants: Sequence[Grant], *, settles: Sequence[int] = ()) -> tuple[Grant, ...]:
        """Record answers, all or none; close the questions that they answer.

        Args:
            grants: The answers; their ``id`` is ignored.
            settles: Numbers of open questions.

        Returns:
            The answers with their numbers.
        """
        added: list[Grant] = []
        with self._database.transaction("add-grants") as connection:
            for grant in grants:
                row = connection.execute(
                    """INSERT INTO grants (component, permission, scope, who, at, expires_at, rationale, session, calls)
                       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id""",
                    (
                        grant.component,
                        str(grant.permission),
                        grant.scope.value,
                        grant.who,
                        grant.at,
                        grant.expires_at,
                        grant.rationale,
                        grant.session,
                        grant.calls,
                    ),
                ).fetchall()
                added.append(msgspec.structs.replace(grant, id=int(row[0][0])))
            for question in settles:
                answer = "denied" if any(grant.scope is Scope.NEVER for grant in grants) else "granted"
                _settle(connection, question, answer, grants[0].who, grants[0].at)
        return tuple(added)

    def revoke_grants(self, ids: Iterable[int], *, who: str, at: float | None = None, rationale: str = "") -> int:
        """Revoke grants, all or none; return how many were not revoked before.

        Raises:
            StoreError: One of them does not exist.
        """
        revoked = 0
        with self._database.transaction("revoke-grants") as connection:
            for each in ids:
                if not connection.execute("SELECT 1 FROM grants WHERE id = ?", (each,)).fetchall():
                    raise StoreError(f"there is no grant {each}")
                done = connection.execute(
                    "INSERT INTO revocations (id, who, at, rationale) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (each, who, self._time(at), rationale),
                )
                revoked += done.rowcount
        return revoked

    def use_up_grant(self, grant: int, at: float) -> bool:
        """Use up a grant for one access; return False if it was used, revoked or has expired before."""
        with self._database.transaction("use-up-grant") as connection:
            done = connection.execute(
                """UPDATE grants SET used_at = ?2 WHERE id = ?1 AND scope = 'once' AND used_at IS NULL
                   AND (expires_at IS NULL OR expires_at > ?2)
                   AND NOT EXISTS (SELECT 1 FROM revocations WHERE revocations.id = ?1)""",
                (grant, at),
            )
            return done.rowcount == 1

    def standing_grants(self, session: str) -> tuple[GrantRecord, ...]:
        """Return every grant that is neither revoked nor used up, expired ones included; ordered by number.

        Args:
            session: The runtime whose grants for a session are included.

        Raises:
            StoreError: A row is not valid, so that nobody can tell what is granted.
        """
        tail = "WHERE revocations.id IS NULL AND used_at IS NULL AND session IN ('', ?) ORDER BY grants.id"
        return tuple(_grant(row) for row in self._database.rows(f"{_GRANTS} {tail}", (session,)))

    def grants(self, component: str | None = None, *, limit: int = 1_000) -> tuple[GrantRecord, ...]:
        """Return all answers ever given, newest first: about one component, or all."""
        tail = "WHERE ?1 IS NULL OR component = ?1 ORDER BY grants.id DESC LIMIT ?2"
        return tuple(_grant(row) for row in self._database.rows(f"{_GRANTS} {tail}", (component, limit)))

    def ask(self, question: QuestionRecord) -> int:
        """Record a question; return its number, or that of the open one about the same permission."""
        with self._database.transaction("ask") as connection:
            about = (question.component, question.permission)
            found = connection.execute(
                "SELECT id FROM questions WHERE component = ? AND permission = ? AND answer IS NULL", about
            ).fetchall()
            if found:
                return int(found[0][0])
            row = connection.execute(
                """INSERT INTO questions (component, permission, rationale, revision, at)
                   VALUES (?, ?, ?, ?, ?) RETURNING id""",
                (*about, question.rationale, question.revision, question.at),
            ).fetchall()
        return int(row[0][0])

    def settle_question(self, question: int, answer: str, *, who: str, at: float | None = None) -> bool:
        """Close a question without a grant; return whether it was open.

        Args:
            question: Its number.
            answer: ``denied`` or ``withdrawn``.
            who: Who closed it.
            at: When, in Unix seconds.
        """
        with self._database.transaction("settle-question") as connection:
            return _settle(connection, question, answer, who, self._time(at))

    def open_questions(self, component: str | None = None) -> tuple[QuestionRecord, ...]:
        """Return the open questions, oldest first: of one component, or all."""
        tail = "WHERE answer IS NULL AND (?1 IS NULL OR component = ?1) ORDER BY id"
        return self._database.records(QuestionRecord, "questions", tail, (component,))

    def questions(self, component: str, *, limit: int = 100) -> tuple[QuestionRecord, ...]:
        """Return the questions of a component, answered ones included, newest first."""
        tail = "WHERE component = ? ORDER BY id DESC LIMIT ?"
        return self._database.records(QuestionRecord, "questions", tail, (component, limit))

    def add_trust(self, rule: str, *, who: str, at: float | None = None) -> int:
        """Record a trust rule, as JSON; return its number."""
        with self._database.transaction("trust") as connection:
            row = connection.execute(
                "INSERT INTO trust_rules (rule, who, at) VALUES (?, ?, ?) RETURNING id", (rule, who, self._time(at))
            ).fetchall()
        return int(row[0][0])

    def remove_trust(self, rule: int, *, who: str, at: float | None = None) -> bool:
        """End a trust rule; return whether it was in force."""
        with self._database.transaction("trust") as connection:
            done = connection.execute(
                "UPDATE trust_rules SET removed_at = ?, removed_by = ? WHERE id = ? AND removed_at IS NULL",
                (self._time(at), who, rule),
            )
            return done.rowcount == 1

    def trust_rules(self) -> tuple[TrustRecord, ...]:
        """Return the trust rules in force, oldest first."""
        return self._database.records(TrustRecord, "trust_rules", "WHERE removed_at IS NULL ORDER BY id")

    def answer_candidate(self, answer: ApprovalRecord) -> None:
        """Record the answer to files that wait at the gate ``grants``; approved ones are no longer refused there."""
        with self._database.transaction("answer-candidate") as connection:
            connection.execute(
                """INSERT INTO approvals (component, digest, manifest_digest, answer, who, at, rationale)
                   VALUES (?, ?, ?, ?, ?, ?, ?)""",
                msgspec.structs.astuple(answer),
            )
            if answer.answer == "approved":
                connection.execute(
                    "DELETE FROM refusals WHERE component = ? AND digest = ? AND manifest_digest = ? AND gate = ?",
                    (answer.component, answer.digest, answer.manifest_digest, Gate.GRANTS.value),
                )

    def approval(self, component: str, digest: str, manifest_digest: str) -> ApprovalRecord | None:
        """Return the last answer to files, or None."""
        tail = "WHERE component = ? AND digest = ? AND manifest_digest = ? ORDER BY id DESC LIMIT 1"
        found = self._database.records(ApprovalRecord, "approvals", tail, (component, digest, manifest_digest))
        return found[0] if found else None

    def audit_head(self) -> Head:
        """Return the last entry of the audit that took effect."""
        return self._head(_HEAD)

    def audit_base(self) -> Head:
        """Return the last entry of the audit that was removed for space."""
        return self._head(_BASE)

    def set_audit_head(self, head: Head, base: Head | None = None) -> None:
        """Keep the head of the audit, in the transaction that makes what its entries record take effect.

        Args:
            head: The last entry.
            base: The last entry that is to be removed for space; unchanged if None.
        """
        with self._database.transaction("set-audit-head") as connection:
            for name, each in ((_HEAD, head), (_BASE, base)):
                if each is not None:
                    connection.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, each.text))

    def _head(self, name: str) -> Head:
        rows = self._database.rows("SELECT value FROM facts WHERE name = ?", (name,))
        return parse_head(str(rows[0][0])) if rows else Head()


def _settle(connection: Any, question: int, answer: str, who: str, at: float) -> bool:
    done = connection.execute(
        "UPDATE questions SET answer = ?, answered_at = ?, who = ? WHERE id = ? AND answer IS NULL",
        (answer, at, who, question),
    )
    return bool(done.rowcount == 1)


def _grant(row: tuple[Any, ...]) -> GrantRecord:
    number, component, permission, scope, who, at, expires_at, rationale, session, used_at, calls, *revoked = row
    return GrantRecord(
        id=number,
        component=component,
        permission=_permission(permission, number),
        scope=Scope(scope),
        who=who,
        at=at,
        expires_at=expires_at,
        rationale=rationale,
        session=session,
        used_at=used_at,
        calls=calls,
        revoked_at=revoked[0],
        revoked_by=revoked[1] or "",
        revoked_because=revoked[2] or "",
    )


def _permission(text: str, number: int) -> Permission:
    try:
        return parse_permission(text)
    except ValueError as error:
        raise StoreError(f"grant {number} is not valid: {error}") from error
