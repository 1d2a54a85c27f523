"""Grants that nothing uses, and the smaller declaration."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.capability.coverage import contains, covers
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.least_privilege import GrantUse, is_idle, manifest_lines, tightened
from airssys_tui.core.capability.permission import Access, Kind, Permission, parse_permission
from airssys_tui.core.capability.policy import Policy
from tests.support.capabilities import accesses, permissions

DAY = 86_400.0


def grant(scope: Scope = Scope.ALWAYS, used_at: float | None = None) -> Grant:
    read = parse_permission("filesystem:read:/data/**")
    return Grant(id=1, component="counter", permission=read, scope=scope, who="ada", at=0.0, used_at=used_at)


@pytest.mark.parametrize(
    ("use", "now", "idle"),
    [
        ({"calls": 999}, DAY, False),
        ({"calls": 1_000}, DAY, True),
        ({"calls": 0}, 7 * DAY, True),
        ({"last_at": 6 * DAY, "calls": 5}, 8 * DAY, False),
        ({"last_at": 6 * DAY, "calls": 1_000}, 8 * DAY, True),
        ({"grant": grant(Scope.NEVER)}, 30 * DAY, False),
        ({"grant": grant(Scope.ONCE, used_at=1.0)}, 30 * DAY, False),
    ],
)
def test_a_grant_is_idle_after_many_calls_or_days_without_use(use: dict[str, Any], now: float, *, idle: bool) -> None:
    assert is_idle(GrantUse(**{"grant": grant(), **use}), now, Policy()) is idle


def test_the_operator_says_how_many_calls_and_how_long() -> None:
    use, policy = GrantUse(grant=grant(), calls=9), Policy(idle_calls=10, idle_after=60.0)
    assert not is_idle(use, 59.0, policy)
    assert is_idle(use, 60.0, policy)
    assert is_idle(GrantUse(grant=grant(), calls=10), 1.0, policy)


def test_a_grant_that_is_given_again_is_as_fresh_as_the_first() -> None:
    again = msgspec.structs.replace(grant(), at=30 * DAY)
    assert not is_idle(GrantUse(grant=again, last_at=1 * DAY), 31 * DAY, Policy())


@given(st.lists(permissions(), max_size=4).map(tuple), st.lists(accesses(), max_size=6))
def test_a_smaller_declaration_covers_what_was_used_and_nothing_new(
    declared: tuple[Permission, ...], used: list[Access]
) -> None:
    smaller = tightened(declared, [access.permission() for access in used])
    for access in used:
        before = any(contains(each, access.permission()) for each in declared)
        assert not before or any(covers(each, access) for each in smaller)


@given(st.lists(permissions(), max_size=4).map(tuple), st.lists(accesses(), max_size=6), accesses())
def test_a_smaller_declaration_is_never_wider(
    declared: tuple[Permission, ...], used: list[Access], access: Access
) -> None:
    if any(covers(each, access) for each in tightened(declared, [use.permission() for use in used])):
        assert any(covers(each, access) for each in declared)


def test_what_few_things_used_is_named() -> None:
    declared = tuple(
        map(
            parse_permission,
            (
                "filesystem:read:/data/**",
                "network:connect:*.example.com:*",
                "storage:read-write",
                "process:spawn:*",
                "environment:HOME",
            ),
        )
    )
    used = [
        Access(Kind.FILESYSTEM, "read", "/data/in/a"),
        Access(Kind.FILESYSTEM, "read", "/data/in/b"),
        Access(Kind.FILESYSTEM, "read", "/data/rates.csv"),
        Access(Kind.NETWORK, "connect", "api.example.com", 443, "93.184.216.34"),
        Access(Kind.NETWORK, "connect", "www.example.com", None),
        Access(Kind.STORAGE, "read"),
    ]
    assert manifest_lines(tightened(declared, [use.permission() for use in used])) == (
        'filesystem = ["read:/data/in/*", "read:/data/rates.csv"]',
        'network = ["connect:api.example.com:443", "connect:www.example.com:*"]',
        'storage = "read"',
    )


def test_many_things_keep_the_pattern() -> None:
    declared = (parse_permission("network:connect:*.example.com:443"),)
    used = [parse_permission(f"network:connect:h{number}.example.com:443") for number in range(9)]
    assert tightened(declared, used) == declared


def test_a_name_that_was_looked_up_keeps_the_declared_port() -> None:
    declared = (parse_permission("network:connect:*.example.com:443"),)
    used = [Access(Kind.NETWORK, "connect", "a.example.com", None).permission()]
    assert tightened(declared, used) == (parse_permission("network:connect:a.example.com:443"),)
