"""The policy: what is granted without a question, whom the operator trusts, and what a denial does.

Two sources of it: ``[trust]`` of the folder's configuration with the trust rules of the catalog, and the policy file of
a run without anyone to ask. Neither ever skips what is forbidden, nor a refusal for good.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import Kind, Permission
from airssys_tui.core.pattern.glob import glob, is_normal_path
from airssys_tui.core.pattern.name_glob import component_matches
from airssys_tui.core.text import Verbatim

DEFAULT_KINDS: Final = (Kind.STORAGE, Kind.MESSAGING)
"""What is granted once declared, unless the operator says otherwise."""

IDLE_CALLS: Final = 1_000
"""Calls of a component after which a grant that none of them used is idle, unless the operator says otherwise."""

IDLE_AFTER: Final = 7 * 86_400.0
"""Seconds without use after which a grant is idle, unless the operator says otherwise."""

BY_DEFAULT: Final = "default"
"""Who granted what the default policy grants."""

BY_POLICY: Final = "policy"
"""Who granted what a policy file grants."""

BY_TRUST: Final = "trust:"
"""Who granted what a trust rule grants, followed by the rule's name."""


class Mode(StrEnum):
    """What a denial does."""

    ENFORCE = "enforce"
    """It denies."""

    OBSERVE = "observe"
    """It is recorded, and the access takes place."""


class AnsweredBy(StrEnum):
    """Who can grant what a component lacks."""

    OPERATOR = "operator"
    """Somebody is asked, and answers with a command or on the screen."""

    POLICY_FILE = "policy-file"
    """Nobody is asked: the policy file of the run says what is granted."""

    COMMAND_LINE = "command-line"
    """Nobody is asked: the options of the command that runs it say what is granted, and declare it by that."""

    NOBODY = "nobody"
    """The component runs without a runtime around it."""


class TrustRule(msgspec.Struct, frozen=True, kw_only=True):
    """Components that the operator trusts with a set of permissions, without being asked.

    Attributes:
        name: The rule's name, unique in a folder.
        source: A path glob of the manifest or wasm file; empty for any source.
        key: The public key that the component is signed with; empty for any.
        permissions: What its components may do, if they declare it.
        who: Who added it.
        at: When, in Unix seconds.
    """

    name: str
    permissions: tuple[Permission, ...]
    source: str = ""
    key: str = ""
    who: str = ""
    at: float = 0.0

    def applies(self, source: str, key: str) -> bool:
        """Return whether it trusts a component, by the absolute path of its file and the key that its signature proved.

        A rule with neither a source nor a key trusts nobody.
        """
        if not (self.source or self.key) or (self.key and self.key != key):
            return False
        return not self.source or (is_normal_path(source) and glob(self.source).matches(source))


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a policy file.

    Attributes:
        component: A glob over components.
        permissions: What it is about.
        scope: ``always`` for a grant, ``never`` for a refusal.
        rationale: Why.
    """

    component: str
    permissions: tuple[Permission, ...]
    scope: Scope = Scope.ALWAYS
    rationale: Verbatim = ""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one component without a question; :meth:`PolicySource.of` makes it.

    Attributes:
        component: The component's identity as text.
        default: The kinds that are granted once declared.
        answers: What trust rules and the policy file say, as grants with the number 0.
        mode: What a denial does.
        reserved: Absolute folders of the program that nobody may reach.
        answered_by: Who can grant what is missing; a denial says how.
        idle_calls: Calls after which a grant that none of them used is idle.
        idle_after: Seconds without use after which a grant is idle.
    """

    component: str = ""
    default: tuple[Kind, ...] = DEFAULT_KINDS
    answers: tuple[Grant, ...] = ()
    mode: Mode = Mode.ENFORCE
    reserved: tuple[str, ...] = ()
    answered_by: AnsweredBy = AnsweredBy.OPERATOR
    idle_calls: int = IDLE_CALLS
    idle_after: float = IDLE_AFTER

    def grants(self, declared: tuple[Permission, ...]) -> tuple[Grant, ...]:
        """Return what the policy grants of a declaration, and refuses for good."""
        given = tuple(
            Grant(id=0, component=self.component, permission=each, scope=Scope.ALWAYS, who=BY_DEFAULT, at=0.0)
            for each in declared
            if each.kind in self.default
        )
        return given + self.answers


class PolicySource(msgspec.Struct, frozen=True, kw_only=True):
    """The policy of a folder or of a policy file, for all of its components.

    Attributes:
        default: The kinds that are granted once declared.
        rules: The trust rules.
        answers: What a policy file grants and refuses for good.
        observed: Globs over the components in the mode ``observe``.
        reserved: Absolute folders of the program that nobody may reach.
        answered_by: Who can grant what is missing.
        idle_calls: Calls after which a grant that none of them used is idle.
        idle_after: Seconds without use after which a grant is idle.
    """

    default: tuple[Kind, ...] = DEFAULT_KINDS
    rules: tuple[TrustRule, ...] = ()
    answers: tuple[Answer, ...] = ()
    observed: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ()
    answered_by: AnsweredBy = AnsweredBy.OPERATOR
    idle_calls: int = IDLE_CALLS
    idle_after: float = IDLE_AFTER

    def of(self, component: str, source: str = "", key: str = "") -> Policy:
        """Return what holds for one component.

        Args:
            component: The component's identity as text.
            source: The absolute path of its manifest or wasm file; empty if it has none.
            key: The public key that its signature proved; empty for none.
        """
        trusted = [
            Grant(
                id=0, component=component, permission=each, scope=Scope.ALWAYS, who=f"{BY_TRUST}{rule.name}", at=rule.at
            )
            for rule in self.rules
            if rule.applies(source, key)
            for each in rule.permissions
        ]
        answered = [
            Grant(
                id=0,
                component=component,
                permission=each,
                scope=answer.scope,
                who=BY_POLICY,
                at=0.0,
                rationale=answer.rationale,
            )
            for answer in self.answers
            if component_matches(answer.component, component)
            for each in answer.permissions
        ]
        return Policy(
            component=component,
            default=self.default,
            answers=tuple(trusted + answered),
            mode=Mode.OBSERVE if any(component_matches(p, component) for p in self.observed) else Mode.ENFORCE,
            reserved=self.reserved,
            answered_by=self.answered_by,
            idle_calls=self.idle_calls,
            idle_after=self.idle_after,
        )
