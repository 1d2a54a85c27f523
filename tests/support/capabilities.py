"""Strategies for permissions, accesses and grants: small alphabets, so that they meet."""

from __future__ import annotations

from hypothesis import strategies as st

from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import Access, Kind, Permission

HOSTS = ("a.example.com", "example.com", "localhost", "10.0.0.1", "127.0.0.1", "8.8.8.8", "[::1]")
PORTS = (80, 443)


def _of(kind: Kind, actions: tuple[str, ...], subjects: tuple[str, ...]) -> st.SearchStrategy[Permission]:
    return st.builds(Permission, st.just(kind), st.sampled_from(actions), st.sampled_from(subjects))


def permissions() -> st.SearchStrategy[Permission]:
    """Permissions of every kind."""
    return st.one_of(
        _of(
            Kind.FILESYSTEM,
            ("read", "write", "list"),
            ("/**", "/data/**", "/data/*", "/data/a", "/data/{a,b}", "/data/*/b", "/data/**/b", "/etc/**", "/data"),
        ),
        st.builds(
            Permission,
            st.just(Kind.NETWORK),
            st.sampled_from(("connect", "listen")),
            st.sampled_from((*HOSTS, "*.example.com", "*.com")),
            st.sampled_from((*PORTS, None)),
        ),
        _of(Kind.STORAGE, ("read", "read-write"), ("",)),
        _of(Kind.MESSAGING, ("send", "request"), ("counter", "*", "c*", "shop/*", "*/*", "shop/cart")),
        _of(Kind.MESSAGING, ("publish", "subscribe"), ("a", "a.b", "a.*", "a.#", "#", "*")),
        _of(Kind.PROCESS, ("spawn",), ("git", "g*", "*", "/usr/bin/*", "/usr/bin/git", "/opt/**")),
        _of(Kind.ENVIRONMENT, ("",), ("HOME", "PATH")),
    )


def accesses() -> st.SearchStrategy[Access]:
    """Accesses of every kind."""

    def of(kind: Kind, actions: tuple[str, ...], subjects: tuple[str, ...]) -> st.SearchStrategy[Access]:
        return st.builds(Access, st.just(kind), st.sampled_from(actions), st.sampled_from(subjects))

    names = st.builds(
        Access,
        st.just(Kind.NETWORK),
        st.sampled_from(("connect", "listen")),
        st.sampled_from(("a.example.com", "example.com", "localhost")),
        st.sampled_from((*PORTS, None)),
        st.sampled_from(("", "8.8.8.8", "10.0.0.1", "127.0.0.1", "::1")),
    ).filter(lambda each: each.subject != "localhost" or each.address in {"", "127.0.0.1", "::1"})
    addresses = st.builds(
        Access,
        st.just(Kind.NETWORK),
        st.sampled_from(("connect", "listen")),
        st.sampled_from(("10.0.0.1", "127.0.0.1", "8.8.8.8", "::1")),
        st.sampled_from(PORTS),
    )
    return st.one_of(
        of(Kind.FILESYSTEM, ("read", "write", "list"), ("/data", "/data/a", "/data/a/b", "/data/c/d/b", "/etc/x", "/")),
        names,
        addresses,
        of(Kind.STORAGE, ("read", "read-write"), ("",)),
        of(Kind.MESSAGING, ("send", "request"), ("counter", "shop/cart", "other")),
        of(Kind.MESSAGING, ("publish", "subscribe"), ("a", "a.b", "b", "a.b.c")),
        of(Kind.PROCESS, ("spawn",), ("git", "/usr/bin/git", "/opt/x/git", "/tmp/git")),
        st.just(Access(Kind.PROCESS, "spawn", "/usr/bin/git", names=("git",))),
        of(Kind.ENVIRONMENT, ("",), ("HOME", "PATH", "USER")),
    )


def grants(component: str = "counter") -> st.SearchStrategy[Grant]:
    """Grants of every scope, some expired at 100, used up or of another session."""
    return st.builds(
        Grant,
        id=st.integers(1, 9),
        component=st.just(component),
        permission=permissions(),
        scope=st.sampled_from(Scope),
        who=st.just("ada"),
        at=st.just(1.0),
        expires_at=st.sampled_from((None, 50.0, 100.0, 150.0)),
        session=st.sampled_from(("now", "before")),
        used_at=st.sampled_from((None, None, 20.0)),
    )
