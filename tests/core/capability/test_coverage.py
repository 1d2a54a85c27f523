"""What a permission covers, and what another permission surely covers as well."""

from __future__ import annotations

import pytest
from hypothesis import given

from airssys_tui.core.capability.coverage import contains, covers
from airssys_tui.core.capability.permission import Access, Kind, Permission, parse_permission
from tests.support.capabilities import accesses, permissions

NET = Kind.NETWORK


def reach(subject: str, port: int | None = 443, address: str = "") -> Access:
    return Access(NET, "connect", subject, port, address)


@pytest.mark.parametrize(
    ("permission", "access", "covered"),
    [
        ("filesystem:read:/data/*", Access(Kind.FILESYSTEM, "read", "/data/a"), True),
        ("filesystem:read:/data/*", Access(Kind.FILESYSTEM, "write", "/data/a"), False),
        ("filesystem:read:/data/*", Access(Kind.FILESYSTEM, "read", "/database"), False),
        ("filesystem:read:/data/**", Access(Kind.FILESYSTEM, "read", "/data/../etc/passwd"), False),
        ("filesystem:read:/data/**", Access(Kind.FILESYSTEM, "read", "/data/./a"), False),
        ("filesystem:read:/data/**", Access(Kind.FILESYSTEM, "read", "/data"), False),
        ("filesystem:list:/data/**", Access(Kind.FILESYSTEM, "list", "/data"), True),
        ("filesystem:list:/data/*", Access(Kind.FILESYSTEM, "list", "/data"), False),
        ("filesystem:read:/data/**", Access(Kind.FILESYSTEM, "read", "/DATA/a"), False),
        ("network:connect:api.example.com:443", reach("api.example.com"), True),
        ("network:connect:api.example.com:443", reach("api.example.com", 80), False),
        ("network:connect:api.example.com:443", reach("api.example.com", None), True),
        ("network:connect:api.example.com:*", reach("api.example.com", 80), True),
        ("network:listen:api.example.com:443", reach("api.example.com"), False),
        ("network:connect:*.example.com:443", reach("a.example.com"), True),
        ("network:connect:*.example.com:443", reach("example.com"), False),
        ("network:connect:api.example.com:443", reach("api.example.com", address="93.184.216.34"), True),
        ("network:connect:api.example.com:443", reach("api.example.com", address="10.0.0.1"), False),
        ("network:connect:api.example.com:443", reach("api.example.com", address="127.0.0.1"), False),
        ("network:connect:api.example.com:443", reach("api.example.com", address="169.254.169.254"), False),
        ("network:connect:10.0.0.1:443", reach("api.example.com", address="10.0.0.1"), True),
        ("network:connect:10.0.0.1:443", reach("10.0.0.1"), True),
        ("network:connect:8.8.8.8:443", reach("8.8.8.8"), True),
        ("network:connect:8.8.4.4:443", reach("8.8.8.8"), False),
        ("network:connect:[::1]:443", reach("::1"), True),
        ("network:connect:localhost:443", reach("localhost", address="127.0.0.1"), True),
        ("network:connect:localhost:443", reach("localhost", address="::1"), True),
        ("network:connect:localhost:443", reach("127.0.0.1"), True),
        ("network:connect:localhost:443", reach("localhost", address="10.0.0.1"), False),
        ("network:connect:localhost:443", reach("evil.example.com", address="127.0.0.1"), False),
        ("network:connect:a.localhost:443", reach("a.localhost", address="127.0.0.1"), False),
        ("network:listen:localhost:*", Access(NET, "listen", "127.0.0.1", 0), True),
        ("network:listen:localhost:80", Access(NET, "listen", "127.0.0.1", 0), False),
        ("network:listen:localhost:*", Access(NET, "listen", "0.0.0.0", 80), False),
        ("storage:read", Access(Kind.STORAGE, "read"), True),
        ("storage:read", Access(Kind.STORAGE, "read-write"), False),
        ("storage:read-write", Access(Kind.STORAGE, "read"), True),
        ("messaging:send:*", Access(Kind.MESSAGING, "send", "counter"), True),
        ("messaging:send:*", Access(Kind.MESSAGING, "request", "counter"), False),
        ("messaging:subscribe:events.#", Access(Kind.MESSAGING, "subscribe", "events.a.*"), True),
        ("messaging:subscribe:events.*", Access(Kind.MESSAGING, "subscribe", "events.#"), False),
        ("process:spawn:git", Access(Kind.PROCESS, "spawn", "/usr/bin/git", names=("git",)), True),
        ("process:spawn:git", Access(Kind.PROCESS, "spawn", "/data/git"), False),
        ("environment:HOME", Access(Kind.ENVIRONMENT, "", "HOME"), True),
        ("environment:HOME", Access(Kind.ENVIRONMENT, "", "HOMER"), False),
    ],
)
def test_coverage(permission: str, access: Access, *, covered: bool) -> None:
    assert covers(parse_permission(permission), access) is covered


@given(permissions(), permissions(), accesses())
def test_containment_is_sound(wider: Permission, narrower: Permission, access: Access) -> None:
    if contains(wider, narrower) and covers(narrower, access):
        assert covers(wider, access)


@given(accesses())
def test_the_narrowest_permission_of_an_access_covers_it_and_can_be_written(access: Access) -> None:
    wanted = access.permission()
    assert covers(wanted, access)
    assert parse_permission(str(wanted)) == wanted


@pytest.mark.parametrize(
    ("access", "text"),
    [
        (reach("api.example.com", address="93.184.216.34"), "network:connect:api.example.com:443"),
        (reach("api.example.com", address="10.0.0.1"), "network:connect:10.0.0.1:443"),
        (reach("localhost", address="127.0.0.1"), "network:connect:localhost:443"),
        (reach("::1"), "network:connect:[::1]:443"),
        (reach("example.com", None), "network:connect:example.com:*"),
        (Access(Kind.PROCESS, "spawn", "/usr/bin/git", names=("git",)), "process:spawn:git"),
        (Access(Kind.PROCESS, "spawn", "sh -c id"), "process:spawn:sh?-c?id"),
        (Access(Kind.PROCESS, "spawn", "x" * 300), f"process:spawn:{'x' * 60}*"),
        (Access(Kind.PROCESS, "spawn", "/usr/bin/my [", names=("my [",)), "process:spawn:/usr/bin/my ?"),
        (Access(Kind.FILESYSTEM, "read", "/data/a*b"), "filesystem:read:/data/a[*]b"),
        (Access(Kind.FILESYSTEM, "read", "/data/\udcff\n"), "filesystem:read:/data/??"),
        (Access(Kind.FILESYSTEM, "read", "/a" + "/bcd" * 300), "filesystem:read:/a" + "/bcd" * 254 + "/**"),
    ],
)
def test_the_narrowest_permission(access: Access, text: str) -> None:
    assert str(access.permission()) == text
    assert covers(parse_permission(text), access)


def test_a_pattern_that_an_older_program_accepted_covers_nothing() -> None:
    old = Permission(Kind.FILESYSTEM, "read", "/data/[")
    assert not covers(old, Access(Kind.FILESYSTEM, "read", "/data/["))
    assert not contains(old, Permission(Kind.FILESYSTEM, "read", "/data/x"))
