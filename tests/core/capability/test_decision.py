"""Decisions: the fixed order, what never widens, and the remedy that really helps."""

from __future__ import annotations

import shlex

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.capability.coverage import covers
from airssys_tui.core.capability.decision import decide, in_force, judge
from airssys_tui.core.capability.forbidden import is_forbidden, is_ungrantable
from airssys_tui.core.capability.grant import Denial, Grant, Reason, Scope
from airssys_tui.core.capability.permission import Access, Kind, Permission, parse_permission
from airssys_tui.core.capability.policy import AnsweredBy, Policy
from tests.support.capabilities import accesses, grants, permissions

NOW = 100.0
STRICT = Policy(component="counter", default=())
declarations = st.lists(permissions(), max_size=5).map(tuple)
granted_lists = st.lists(grants(), max_size=5).map(tuple)

READ = parse_permission("filesystem:read:/data/**")
READING = Access(Kind.FILESYSTEM, "read", "/data/a")


def grant(permission: Permission = READ, scope: Scope = Scope.ALWAYS, **more: object) -> Grant:
    made = Grant(id=1, component="counter", permission=permission, scope=scope, who="ada", at=1.0)
    return msgspec.structs.replace(made, **more)


def slowly(access: Access, declared: tuple[Permission, ...], given_: tuple[Grant, ...], *, candidate: bool) -> str:
    """The rules once more, written as a table of sentences; returns the reason, empty if allowed."""
    alive = [g for g in given_ if g.expires_at is None or g.expires_at > NOW]
    mine = [g for g in alive if covers(g.permission, access)]
    holding = [
        g
        for g in mine
        if (g.scope is Scope.ALWAYS and g.used_at is None)
        or (g.scope is Scope.SESSION and g.session == "now" and g.used_at is None)
        or (g.scope is Scope.ONCE and g.used_at is None)
    ]
    dead = [
        g
        for g in given_
        if g not in alive and covers(g.permission, access) and g.scope is not Scope.NEVER and g.used_at is None
    ]
    rows = [
        (
            access.kind is Kind.FILESYSTEM and access.action == "write" and access.subject.startswith("/etc/"),
            "forbidden",
        ),
        (not any(covers(each, access) for each in declared), "undeclared"),
        (any(g.scope is Scope.NEVER for g in mine), "not-granted"),
        (not holding and bool(dead), "expired"),
        (not holding, "not-granted"),
        (
            candidate
            and access.kind not in {Kind.STORAGE, Kind.ENVIRONMENT}
            and not (access.kind is Kind.FILESYSTEM and access.action != "write"),
            "candidate",
        ),
    ]
    return next((reason for applies, reason in rows if applies), "")


@given(accesses(), declarations, granted_lists, st.booleans())
def test_a_slow_reference_agrees(
    access: Access, declared: tuple[Permission, ...], given_: tuple[Grant, ...], candidate: bool
) -> None:
    denial = decide(access, declared, given_, STRICT, NOW, candidate=candidate, session="now")
    assert (denial.reason if denial else "") == slowly(access, declared, given_, candidate=candidate)


@given(accesses(), declarations, granted_lists, st.sampled_from([(), (Kind.STORAGE,), tuple(Kind)]))
def test_nothing_is_allowed_that_is_not_both_declared_and_granted(
    access: Access, declared: tuple[Permission, ...], given_: tuple[Grant, ...], default: tuple[Kind, ...]
) -> None:
    policy = msgspec.structs.replace(STRICT, default=default)
    found = judge(access, declared, given_, policy, NOW, session="now")
    if found.denial is None:
        assert found.grant is not None
        assert any(covers(each, access) for each in declared)
        assert covers(found.grant.permission, access)
        assert found.grant in (*given_, *policy.grants(declared))
        assert not is_forbidden(access)


@given(accesses(), declarations, granted_lists, st.data())
def test_taking_a_grant_back_allows_nothing_new(
    access: Access, declared: tuple[Permission, ...], given_: tuple[Grant, ...], data: st.DataObject
) -> None:
    fewer = tuple(g for g in given_ if g.scope is Scope.NEVER or data.draw(st.booleans()))
    if decide(access, declared, given_, STRICT, NOW) is not None:
        assert decide(access, declared, fewer, STRICT, NOW) is not None


@given(accesses(), declarations, granted_lists)
def test_a_refusal_for_good_beats_every_grant(
    access: Access, declared: tuple[Permission, ...], given_: tuple[Grant, ...]
) -> None:
    refusal = grant(access.permission(), Scope.NEVER)
    policy = msgspec.structs.replace(STRICT, default=tuple(Kind))
    assert decide(access, declared, (*given_, refusal), policy, NOW) is not None


@given(accesses(), declarations, granted_lists)
def test_the_remedy_helps(access: Access, declared: tuple[Permission, ...], given_: tuple[Grant, ...]) -> None:
    kept = tuple(g for g in given_ if g.scope is not Scope.NEVER)
    denial = decide(access, declared, kept, STRICT, NOW)
    if denial is None or denial.reason is Reason.FORBIDDEN:
        return
    if denial.reason is Reason.UNDECLARED:
        key, _, value = denial.remedy.partition(" = ")
        line = f"{key}:{msgspec.json.decode(value)}" if key == "storage" else f"{key}:{msgspec.json.decode(value)[0]}"
        declared = (*declared, parse_permission(line))
        denial = decide(access, declared, kept, STRICT, NOW)
    if denial is not None:
        program, verb, name, text = shlex.split(denial.remedy)
        assert (program, verb, name) == ("airssys-tui", "grant", "counter")
        kept = (*kept, grant(parse_permission(text)))
    assert decide(access, declared, kept, STRICT, NOW) is None


@given(accesses(), declarations, granted_lists)
def test_the_remedy_for_a_refusal_takes_back_what_was_refused(
    access: Access, declared: tuple[Permission, ...], given_: tuple[Grant, ...]
) -> None:
    while (denial := decide(access, declared, given_, STRICT, NOW)) is not None and denial.refused:
        program, verb, name, text = shlex.split(denial.remedy)
        assert (program, verb, name) == ("airssys-tui", "revoke", "counter")
        kept = tuple(g for g in given_ if g.permission != parse_permission(text))
        assert len(kept) < len(given_)
        given_ = kept


def test_a_refusal_of_more_is_taken_back_as_it_was_given() -> None:
    storage = parse_permission("storage:read-write")
    denial = decide(Access(Kind.STORAGE, "read"), (storage,), (grant(storage, Scope.NEVER),), STRICT, NOW)
    assert isinstance(denial, Denial)
    assert denial.remedy == "airssys-tui revoke counter storage:read-write"


@given(declarations, granted_lists)
def test_everything_in_force_is_allowed(declared: tuple[Permission, ...], given_: tuple[Grant, ...]) -> None:
    for each in in_force(declared, given_, STRICT, NOW, session="now"):
        if not is_ungrantable(each.permission):
            refused = [g for g in given_ if g.scope is Scope.NEVER]
            denial = decide(each.permission, declared, given_, STRICT, NOW, session="now")
            assert denial is None or denial.reason is Reason.FORBIDDEN or refused


@pytest.mark.parametrize(
    "access",
    [
        Access(Kind.FILESYSTEM, action, path)
        for action in ("write", "delete")
        for path in (
            "/etc",
            "/etc/passwd",
            "/boot/x",
            "/sys/x",
            "/proc/1/mem",
            "/dev/sda",
            "/private/etc/hosts",
            "/ETC/x",
        )
    ]
    + [
        Access(Kind.FILESYSTEM, "read", path)
        for path in (
            "/etc/shadow",
            "/etc/shadow-",
            "/etc/gshadow",
            "/etc/ssh/ssh_host_ed25519_key",
            "/home/me/.ssh/id_ed25519",
            "/root/.SSH/id_rsa",
            "/proc/self/environ",
            "/proc/self/fd/3",
            "/proc/1/root/etc/shadow",
            "/proc/thread-self/mem",
            "/dev/fd/3",
            "/state/catalog.db",
        )
    ],
)
def test_what_nobody_can_be_granted(access: Access) -> None:
    everything = parse_permission(f"filesystem:{access.action}:/**")
    policy = msgspec.structs.replace(STRICT, reserved=("/state",))
    denial = decide(access, (everything,), (grant(everything),), policy, NOW)
    assert denial is not None
    assert denial.reason is Reason.FORBIDDEN
    assert denial.text == "forbidden: nobody can be granted this"


@pytest.mark.parametrize(
    ("action", "path", "forbidden"),
    [
        ("delete", "/srv", True),
        ("delete", "/srv/app", True),
        ("write", "/srv/app", True),
        ("list", "/srv/app", False),
        ("delete", "/srv/app2", False),
        ("delete", "/srv/a", False),
    ],
)
def test_a_folder_above_what_is_reserved_is_not_changed(action: str, path: str, forbidden: bool) -> None:
    everything = parse_permission(f"filesystem:{action}:/**")
    policy = msgspec.structs.replace(STRICT, reserved=("/srv/app/state",))
    access = Access(Kind.FILESYSTEM, action, path)
    denial = decide(access, (everything,), (grant(everything),), policy, NOW)
    assert (denial is not None and denial.reason is Reason.FORBIDDEN) == forbidden


@pytest.mark.parametrize("path", ["/etc/hostname", "/etc/ssh/ssh_host_ed25519_key.pub", "/proc/meminfo", "/sshd/x"])
def test_what_only_looks_forbidden(path: str) -> None:
    everything = parse_permission("filesystem:read:/**")
    assert decide(Access(Kind.FILESYSTEM, "read", path), (everything,), (grant(everything),), STRICT, NOW) is None


@pytest.mark.parametrize(
    ("text", "ungrantable"),
    [
        ("filesystem:write:/etc/**", True),
        ("filesystem:write:/etc/{a,b}", True),
        ("filesystem:write:/{etc,data}/a", False),
        ("filesystem:read:/etc/**", False),
        ("filesystem:read:/proc/self/*", True),
        ("filesystem:write:/**", False),
        ("process:spawn:*", False),
    ],
)
def test_a_permission_that_is_forbidden_whole_cannot_be_granted(text: str, *, ungrantable: bool) -> None:
    assert is_ungrantable(parse_permission(text)) is ungrantable


@pytest.mark.parametrize(
    ("given_", "reason", "text"),
    [
        ((), "not-granted", "not-granted: airssys-tui grant counter filesystem:read:/data/a would allow it"),
        ((grant(expires_at=99.0),), "expired", "expired: the grant has expired; airssys-tui grant counter"),
        ((grant(scope=Scope.ONCE, used_at=2.0),), "not-granted", "would allow it"),
        ((grant(scope=Scope.SESSION, session="before"),), "not-granted", "would allow it"),
        ((grant(), grant(scope=Scope.NEVER)), "not-granted", "refused for good; airssys-tui revoke counter"),
        ((grant(scope=Scope.NEVER, expires_at=99.0),), "not-granted", "would allow it"),
    ],
)
def test_why_something_declared_is_denied(given_: tuple[Grant, ...], reason: str, text: str) -> None:
    denial = decide(READING, (READ,), given_, STRICT, NOW, session="now")
    assert isinstance(denial, Denial)
    assert denial.reason == reason
    assert text in denial.text


@pytest.mark.parametrize(
    ("access", "reason"),
    [
        (Access(Kind.FILESYSTEM, "read", "/data/a"), None),
        (Access(Kind.FILESYSTEM, "list", "/data/a"), None),
        (Access(Kind.FILESYSTEM, "write", "/data/a"), Reason.CANDIDATE),
        (Access(Kind.FILESYSTEM, "delete", "/data/a"), Reason.CANDIDATE),
        (Access(Kind.ENVIRONMENT, "", "HOME"), None),
        (Access(Kind.STORAGE, "read-write"), None),
        (Access(Kind.NETWORK, "connect", "api.example.com", 443), Reason.CANDIDATE),
        (Access(Kind.PROCESS, "spawn", "/usr/bin/git", names=("git",)), Reason.CANDIDATE),
        (Access(Kind.MESSAGING, "send", "counter"), Reason.CANDIDATE),
    ],
)
def test_a_candidate_reads_and_does_not_act(access: Access, reason: Reason | None) -> None:
    declared = (access.permission(),)
    given_ = (grant(access.permission()),)
    denial = decide(access, declared, given_, STRICT, NOW, candidate=True)
    assert (denial.reason if denial else None) is reason
    assert decide(access, declared, given_, STRICT, NOW) is None
    ungranted = decide(access, declared, (), STRICT, NOW, candidate=True)
    assert ungranted is not None
    assert ungranted.reason is Reason.NOT_GRANTED


def test_a_command_is_quoted_for_the_shell() -> None:
    access = Access(Kind.FILESYSTEM, "read", "/data/it's $(rm) `x` *")
    denial = decide(access, (READ,), (), STRICT, NOW)
    assert denial is not None
    text = shlex.split(denial.remedy)[3]
    assert covers(parse_permission(text), access)


def test_a_run_without_anyone_to_ask_names_the_policy_file() -> None:
    denial = decide(READING, (READ,), (), msgspec.structs.replace(STRICT, answered_by=AnsweredBy.POLICY_FILE), NOW)
    assert denial is not None
    assert denial.remedy == 'permissions = ["filesystem:read:/data/a"] for counter in the policy file'


def test_a_run_without_a_runtime_says_where_it_can_be_granted() -> None:
    denial = decide(READING, (READ,), (), msgspec.structs.replace(STRICT, answered_by=AnsweredBy.NOBODY), NOW)
    assert denial is not None
    assert denial.remedy == "in a runtime, airssys-tui grant counter filesystem:read:/data/a"


def test_a_grant_for_one_access_is_used_only_if_nothing_else_allows_it() -> None:
    once, always = grant(scope=Scope.ONCE, id=2), grant(id=3)
    assert judge(READING, (READ,), (once, always), STRICT, NOW).grant == always
    assert judge(READING, (READ,), (once,), STRICT, NOW).grant == once


def test_the_outcome_says_until_when_it_holds() -> None:
    short, long = grant(expires_at=120.0), grant(expires_at=150.0)
    assert judge(READING, (READ,), (short, long), STRICT, NOW).until == 150.0
    assert judge(READING, (READ,), (short, grant()), STRICT, NOW).until is None
    assert judge(READING, (READ,), (grant(scope=Scope.NEVER, expires_at=120.0),), STRICT, NOW).until == 120.0


@pytest.mark.parametrize(
    ("text", "allowed"),
    [("filesystem:read:/data/x/*", True), ("filesystem:read:/data/**", True), ("filesystem:read:/**", False)],
)
def test_a_question_about_a_permission_is_about_all_that_it_covers(text: str, *, allowed: bool) -> None:
    assert (decide(parse_permission(text), (READ,), (grant(),), STRICT, NOW) is None) is allowed


def test_a_refusal_of_a_part_denies_the_whole() -> None:
    part = grant(parse_permission("filesystem:read:/data/secret"), Scope.NEVER)
    assert decide(READ, (READ,), (grant(), part), STRICT, NOW) is not None
    assert decide(READING, (READ,), (grant(), part), STRICT, NOW) is None


def test_what_is_in_force_is_never_wider_than_the_manifest() -> None:
    wide = grant(parse_permission("filesystem:read:/**"))
    narrow = grant(parse_permission("filesystem:read:/data/in/*"), id=2)
    other = grant(parse_permission("filesystem:read:/home/**"), id=3)
    found = in_force((READ,), (wide, narrow, other), STRICT, NOW)
    assert [str(each.permission) for each in found] == ["filesystem:read:/data/**", "filesystem:read:/data/in/*"]
