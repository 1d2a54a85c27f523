"""Grants that a component makes up: in its manifest, in what it asks for, and by handles. None opens anything."""

from __future__ import annotations

import pytest

from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.capability.permission import permissions_of
from airssys_tui.core.errors import ManifestError
from airssys_tui.core.manifest.document import parse_manifest
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.values import Ok, Some, Variant
from tests.support.program_desk import Probes, refusal
from tests.support.rule_guard import RuleGuard

HEAD = '[package]\nname = "forger"\n[component]\nwasm = "forger.wasm"\n'
SPAWN_SH = Variant("process", {"action": "spawn", "subject": "sh"})


@pytest.fixture(scope="module")
def probes():
    made = Probes()
    yield made
    made.close()


@pytest.fixture
def make(probes):
    yield probes.desk
    probes.end_instances()


@pytest.mark.parametrize(
    "forged",
    [
        '[grants]\nprocess = ["spawn:sh"]\n',
        '[granted]\nprocess = ["spawn:sh"]\n',
        '[trust]\ndefault = ["process"]\n',
        '[policy]\nmode = "observe"\n',
        '[capabilities]\ngranted = ["process:spawn:sh"]\n',
        '[capabilities]\nscope = "always"\n',
        '[capabilities]\nwho = "default"\n',
        '[capabilities]\nmode = "observe"\n',
        '[capabilities.grants]\nprocess = ["spawn:sh"]\n',
        '[capabilities]\nprocess = {"spawn:sh" = "granted"}\n',
        '[capabilities]\nprocess = "spawn:sh"\n',
        '[capabilities]\nprocess = ["granted:spawn:sh"]\n',
        '[capabilities]\nprocess = ["spawn"]\n',
        '[capabilities]\nprocess = ["spawn:"]\n',
        '[capabilities]\nprocess = ["*:*"]\n',
        '[capabilities]\nprocess = ["spawn:sh -c id"]\n',
        '[capabilities]\nprocess = ["spawn:../sh"]\n',
        '[capabilities]\nprocess = ["spawn:/bin/../tmp/sh"]\n',
        '[capabilities]\nenvironment = ["*"]\n',
        '[capabilities]\nenvironment = ["A=B"]\n',
        '[capabilities]\n"process " = ["spawn:sh"]\n',
    ],
)
def test_a_manifest_grants_nothing(forged):
    with pytest.raises(ManifestError):
        parse_manifest(HEAD + forged, "Component.toml")


@pytest.mark.parametrize(
    "said",
    [
        'process = ["spawn:sh"]',
        'process = ["spawn:*"]',
        'process = ["spawn:{sh,bash}"]',
        'process = ["spawn:/**"]',
        'process = ["spawn:sh"]\nrationale = "granted by the operator: process:spawn:sh always"',
        'process = ["spawn:sh"]\nrationale = "\\u001b[2Kgranted"',
    ],
)
def test_declaring_grants_nothing(make, said):
    manifest = parse_manifest(f"{HEAD}[capabilities]\n{said}\n", "Component.toml")
    declared = [str(each) for each in permissions_of(manifest.capabilities)]
    desk = make(RuleGuard(*declared, granted=()))
    case, text = refusal(desk.spawn("sh", "-c", "id"))
    assert (case, text.partition(":")[0], desk.guard.denied[-1].reason) == ("denied", "not-granted", "not-granted")


def test_a_rationale_that_breaks_out_of_its_text_is_only_text():
    manifest = parse_manifest(
        HEAD + '[capabilities]\nprocess = ["spawn:sh"]\nrationale = "x\\"]\\n[grants]\\nprocess = [\\"spawn:*"\n',
        "Component.toml",
    )
    assert [str(each) for each in permissions_of(manifest.capabilities)] == ["process:spawn:sh"]


@pytest.mark.parametrize("rationale", ["", "granted", "grant local/probe process:spawn:sh", "\x1b[2J", "é" * 512])
def test_asking_grants_nothing(make, rationale):
    guard = RuleGuard("process:spawn:sh", granted=())
    rights, programs = make(guard, "rights-probe"), make(guard)
    for _ in range(3):
        answer = rights.call("request", SPAWN_SH, rationale)
        assert (answer.case, answer.payload["reason"]) == ("denied", "not-granted")
    assert rights.call("granted") == []
    assert refusal(programs.spawn("sh"))[0] == "denied"


ASKED = [
    Variant("process", {"action": "spawn", "subject": "sh\nprocess:spawn:*"}),
    Variant("process", {"action": "spawn", "subject": "git process:spawn:sh"}),
    Variant("process", {"action": "spawn", "subject": "*"}),
    Variant("process", {"action": "spawn", "subject": "{git,sh}"}),
    Variant("process", {"action": "spawn", "subject": "gi[t]"}),
    Variant("process", {"action": "spawn", "subject": "/usr/bin/git"}),
    Variant("process", {"action": "spawn", "subject": "GIT"}),
    Variant("process", {"action": "signal", "subject": "git"}),
    Variant("process", {"action": "environment", "subject": "git"}),
    Variant("process", {"action": "environment", "subject": "HOME\nPATH"}),
    Variant("filesystem", {"action": "read", "path": "/usr/bin/git"}),
    Variant("filesystem", {"action": "write", "path": "/etc/passwd"}),
    Variant("network", {"action": "connect", "host": "git", "port": None}),
    Variant("network", {"action": "connect", "host": "a:443,*", "port": Some(443)}),
    Variant("storage", {"action": "read-write"}),
    Variant("messaging", {"action": "send", "target": "*"}),
]


@pytest.mark.parametrize("export", ["check", "request"])
@pytest.mark.parametrize("asked", ASKED)
def test_a_question_about_more_is_not_answered_by_less(make, asked, export):
    desk = make(RuleGuard("process:spawn:git"), "rights-probe")
    answer = desk.call(export, asked, *(("please",) if export == "request" else ()))
    assert (answer.case, answer.payload["permission"]) == ("denied", asked)
    assert answer.payload["reason"] in {"undeclared", "forbidden"}
    assert len(desk.call("granted")) == 1


def test_a_refusal_for_good_is_no_question(make):
    guard = RuleGuard("process:spawn:sh", granted=())
    guard.grant("process:spawn:sh", Scope.NEVER)
    desk = make(guard, "rights-probe")
    assert desk.call("request", SPAWN_SH, "please").payload["reason"] == "not-granted"
    assert desk.call("granted") == []


def test_what_is_in_force_is_never_more_than_declared(make):
    desk = make(RuleGuard("process:spawn:git", granted=("process:spawn:*", "environment:HOME")), "rights-probe")
    (grant,) = desk.call("granted")
    assert grant["permission"] == Variant("process", {"action": "spawn", "subject": "git"})


def test_a_handle_is_not_a_grant(make):
    allowed, denied = make(RuleGuard("process:spawn:sh")), make(RuleGuard("process:spawn:sh", granted=()))
    handle = allowed.start("sh", "-c", "exec sleep 1000")
    for export, arguments in (("wait", (0,)), ("read-stdout", (1,)), ("write-stdin", (b"",)), ("id", ())):
        with pytest.raises(GuestTrap):
            denied.call(export, handle, *arguments)
        denied = make(RuleGuard("process:spawn:sh", granted=()))
    assert allowed.call("wait", handle, 0) == Ok(None)
