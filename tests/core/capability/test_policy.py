"""What is granted without a question, and to whom."""

from __future__ import annotations

import pytest

from airssys_tui.core.capability.decision import decide, judge
from airssys_tui.core.capability.grant import Grant, Reason, Scope
from airssys_tui.core.capability.permission import Access, Kind, parse_permission
from airssys_tui.core.capability.policy import Answer, AnsweredBy, Mode, PolicySource, TrustRule

READ = parse_permission("filesystem:read:/data/**")
READING = Access(Kind.FILESYSTEM, "read", "/data/a")
STORAGE = parse_permission("storage:read-write")
SETTING = Access(Kind.STORAGE, "read-write")


def test_storage_and_messages_are_granted_once_declared() -> None:
    policy = PolicySource().of("counter")
    found = judge(SETTING, (STORAGE,), (), policy, 0.0)
    assert found.grant is not None
    assert found.grant.who == "default"
    assert decide(SETTING, (READ,), (), policy, 0.0) is not None
    refusal = Grant(id=1, component="counter", permission=STORAGE, scope=Scope.NEVER, who="ada", at=0.0)
    assert decide(SETTING, (STORAGE,), (refusal,), policy, 0.0) is not None


@pytest.mark.parametrize(
    ("rule", "source", "key", "trusted"),
    [
        ({"source": "/srv/vendor/**"}, "/srv/vendor/a/Component.toml", "", True),
        ({"source": "/srv/vendor/**"}, "/srv/vendor/../evil", "", False),
        ({"source": "/srv/vendor/**"}, "/srv/vendors/a", "", False),
        ({"source": "/srv/vendor/**"}, "", "", False),
        ({"key": "k1"}, "/anywhere", "k1", True),
        ({"key": "k1"}, "/anywhere", "k2", False),
        ({"key": "k1"}, "/anywhere", "", False),
        ({"key": "k1", "source": "/srv/**"}, "/srv/a", "k1", True),
        ({"key": "k1", "source": "/srv/**"}, "/srv/a", "k2", False),
        ({"key": "k1", "source": "/srv/**"}, "/home/a", "k1", False),
        ({}, "/anywhere", "k1", False),
    ],
)
def test_whom_a_rule_trusts(rule: dict[str, str], source: str, key: str, *, trusted: bool) -> None:
    policy = PolicySource(rules=(TrustRule(name="vendor", permissions=(READ,), **rule),)).of("counter", source, key)
    found = judge(READING, (READ,), (), policy, 0.0)
    assert (found.grant is not None and found.grant.who == "trust:vendor") is trusted
    assert decide(READING, (STORAGE,), (), policy, 0.0) is not None


def test_trust_never_skips_what_is_forbidden() -> None:
    write = parse_permission("filesystem:write:/**")
    policy = PolicySource(rules=(TrustRule(name="all", source="/**", permissions=(write,)),)).of("counter", "/srv/a")
    denial = decide(Access(Kind.FILESYSTEM, "write", "/etc/passwd"), (write,), (), policy, 0.0)
    assert denial is not None
    assert denial.reason is Reason.FORBIDDEN


def test_a_policy_file_answers_for_the_components_that_it_names() -> None:
    source = PolicySource(
        answers=(
            Answer(component="shop/*", permissions=(READ,)),
            Answer(component="shop/thief", permissions=(READ,), scope=Scope.NEVER),
        ),
        observed=("shop/new",),
        answered_by=AnsweredBy.POLICY_FILE,
    )
    assert decide(READING, (READ,), (), source.of("shop/cart"), 0.0) is None
    assert decide(READING, (READ,), (), source.of("shop/thief"), 0.0) is not None
    assert decide(READING, (READ,), (), source.of("cart"), 0.0) is not None
    assert source.of("shop/new").mode is Mode.OBSERVE
    assert source.of("shop/cart").mode is Mode.ENFORCE
