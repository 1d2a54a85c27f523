"""What a revision wants beyond another one, and what it waits for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.capability.coverage import covers
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import Access, Permission, parse_permission
from airssys_tui.core.capability.policy import Policy, PolicySource
from airssys_tui.core.capability.widening import awaited, missing, widened
from tests.support.capabilities import accesses, permissions

STRICT = Policy(component="counter", default=())
declarations = st.lists(permissions(), max_size=5).map(tuple)
READ, IN, NET, STORE = (
    parse_permission(text)
    for text in (
        "filesystem:read:/data/**",
        "filesystem:read:/data/in/*",
        "network:connect:a.example.com:443",
        "storage:read",
    )
)


def grant(permission: Permission, scope: Scope = Scope.ALWAYS) -> Grant:
    return Grant(id=1, component="counter", permission=permission, scope=scope, who="ada", at=1.0)


@given(declarations, declarations, accesses())
def test_what_is_not_wider_was_covered_before(
    before: tuple[Permission, ...], after: tuple[Permission, ...], access: Access
) -> None:
    more = widened(before, after)
    if any(covers(each, access) for each in after) and not any(covers(each, access) for each in more):
        assert any(covers(each, access) for each in before)


def test_only_what_reaches_further_is_wider() -> None:
    assert widened((READ,), (IN, NET)) == (NET,)
    assert widened((IN,), (READ,)) == (READ,)
    assert widened((), (READ,)) == (READ,)


def test_what_is_missing_is_not_granted_whole_and_not_refused() -> None:
    assert missing((READ, NET), (grant(IN),), STRICT, 2.0) == (READ, NET)
    assert missing((READ, NET), (grant(READ),), STRICT, 2.0) == (NET,)
    assert missing((READ, NET), (grant(READ), grant(NET, Scope.NEVER)), STRICT, 2.0) == ()
    assert missing((READ,), (grant(READ, Scope.ONCE),), STRICT, 2.0) == (READ,)
    assert missing((STORE,), (), PolicySource().of("counter"), 2.0) == ()
    assert missing((parse_permission("filesystem:write:/etc/x"),), (), STRICT, 2.0) == ()


def test_a_revision_waits_only_for_what_the_one_before_did_not_declare() -> None:
    assert awaited((READ,), (READ, NET), (), STRICT, 2.0) == (NET,)
    assert awaited((READ,), (READ, NET), (grant(NET),), STRICT, 2.0) == ()
    assert awaited((READ, NET), (IN, NET), (), STRICT, 2.0) == ()
