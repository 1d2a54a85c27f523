"""``airssys:core-capabilities/introspection``: every function across the real boundary, decided by the rules."""

from __future__ import annotations

import pytest

from airssys_tui.core.capability.grant import Reason, Scope
from airssys_tui.core.capability.permission import parse_permission
from airssys_tui.core.types.values import Some, Variant
from airssys_tui.host.permission_values import permission_of, value_of
from tests.support.program_desk import Probes
from tests.support.rule_guard import RuleGuard

TEXTS = (
    "filesystem:read:/data/**",
    "filesystem:write:/data/x",
    "filesystem:delete:/tmp/*",
    "filesystem:list:/data",
    "network:connect:api.example.com:443",
    "network:connect:[::1]:8080",
    "network:listen:localhost:*",
    "process:spawn:git",
    "process:signal:/usr/bin/*",
    "environment:HOME",
    "storage:read",
    "storage:read-write",
    "messaging:send:local/*",
    "messaging:request:counter",
    "messaging:publish:events.new",
    "messaging:subscribe:events.#",
)
READ = Variant("filesystem", {"action": "read", "path": "/data/**"})
SPAWN = Variant("process", {"action": "spawn", "subject": "git"})


@pytest.fixture(scope="module")
def probes():
    made = Probes()
    yield made
    made.close()


@pytest.fixture
def probe(probes):
    yield lambda *declared, **answers: probes.desk(RuleGuard(*declared, **answers), "rights-probe")
    probes.end_instances()


@pytest.mark.parametrize("text", TEXTS)
def test_a_permission_means_the_same_on_both_sides(text):
    permission = parse_permission(text)
    assert permission_of(value_of(permission)) == permission


def test_what_is_in_force_is_told_in_the_order_of_the_manifest(probe):
    desk = probe(*TEXTS)
    grants = desk.call("granted")
    assert [permission_of(each["permission"]) for each in grants] == [each.permission for each in desk.guard.in_force()]
    assert {permission_of(each["permission"]) for each in grants} >= set(map(parse_permission, TEXTS))
    assert grants[0]["granted-at"] == {"seconds": 0, "nanoseconds": 0}
    assert grants[0]["expires-at"] is None


def test_a_grant_tells_when_it_ends(probe):
    desk = probe("environment:HOME", granted=())
    desk.guard.grant("environment:HOME", expires_at=1_000.5)
    (grant,) = desk.call("granted")
    assert grant["expires-at"] == Some({"seconds": 1_000, "nanoseconds": 500_000_000})


def denied(answer):
    assert answer.case == "denied", answer
    return answer.payload["permission"], answer.payload["reason"], answer.payload["remedy"]


@pytest.mark.parametrize("export", ["check", "request"])
def test_a_question_is_answered_by_the_rules(probe, export):
    desk = probe("filesystem:read:/data/**", "process:spawn:git", granted=("filesystem:read:/data/**",))
    more = () if export == "check" else ("please",)
    assert desk.call(export, READ, *more) == Variant("granted")
    narrower = Variant("filesystem", {"action": "read", "path": "/data/x"})
    assert desk.call(export, narrower, *more) == Variant("granted")
    permission, reason, remedy = denied(desk.call(export, SPAWN, *more))
    assert (permission, reason) == (SPAWN, "not-granted")
    assert remedy == "airssys-tui grant local/probe process:spawn:git"
    assert denied(desk.call(export, Variant("storage", {"action": "read"}), *more))[1:] == (
        "undeclared",
        'storage = "read"',
    )
    assert desk.guard.denied == []


def test_more_than_is_granted_is_denied(probe):
    desk = probe("filesystem:read:/data/**", granted=("filesystem:read:/data/a*",))
    assert denied(desk.call("check", READ))[1] == "not-granted"
    star = Variant("filesystem", {"action": "read", "path": "/data/*"})
    assert denied(desk.call("check", star))[1] == "not-granted"


def test_asking_uses_nothing_up(probe):
    desk = probe("process:spawn:git", granted=())
    desk.guard.grant("process:spawn:git", Scope.ONCE)
    assert desk.call("check", SPAWN) == desk.call("check", SPAWN) == Variant("granted")
    assert [grant.scope for grant in desk.guard.grants] == [Scope.ONCE]


def test_a_candidate_is_told_that_it_is_one(probe):
    desk = probe("process:spawn:git", candidate=True)
    assert denied(desk.call("check", SPAWN))[1] == Reason.CANDIDATE


@pytest.mark.parametrize("export", ["check", "request"])
@pytest.mark.parametrize(
    "malformed",
    [
        Variant("filesystem", {"action": "read", "path": "relative"}),
        Variant("filesystem", {"action": "read", "path": "/data/../etc"}),
        Variant("filesystem", {"action": "read", "path": "/" + "x" * 2_000}),
        Variant("network", {"action": "connect", "host": "a b", "port": None}),
        Variant("network", {"action": "connect", "host": "example.com:80 evil", "port": None}),
        Variant("network", {"action": "connect", "host": "example.com", "port": Some(0)}),
        Variant("process", {"action": "environment", "subject": "A=B"}),
        Variant("process", {"action": "spawn", "subject": ""}),
        Variant("messaging", {"action": "publish", "target": "a..b"}),
    ],
)
def test_what_no_manifest_can_declare_is_forbidden(probe, export, malformed):
    desk = probe("filesystem:read:/**", "network:connect:example.com:*", "process:spawn:*", "environment:HOME")
    answer = desk.call(export, malformed, *(() if export == "check" else ("",)))
    permission, reason, remedy = denied(answer)
    assert (permission, reason) == (malformed, "forbidden")
    assert 0 < len(remedy.encode()) <= 1_024


def test_a_rationale_has_bounds(probe):
    desk = probe("process:spawn:git", granted=())
    assert denied(desk.call("request", SPAWN, "x" * 1_024))[1] == "not-granted"
    assert denied(desk.call("request", SPAWN, "x" * 1_025))[1] == "quota"
