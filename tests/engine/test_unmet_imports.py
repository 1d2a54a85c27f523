"""Imports that nobody offers: each answer says what is there instead and what to do, and lists what is offered once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.gates import Gate
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.unmet_imports import MOST_TOLD, ImportProblem, by_package, grouped
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.runtime.deploying.gate_checks import check_types
from tests.support.engine import guests

FUNC = '(instance (export "f" (func (result u32))))'


def importing(*imports: str) -> bytes:
    return guests.binary("(component " + " ".join(imports) + ")")


def instance(name: str, function: str = "f") -> str:
    return f'(import "{name}" (instance (export "{function}" (func (result u32)))))'


@pytest.fixture
def refused(engine: Engine) -> Callable[..., GateRefusal]:
    linker = engine.linker(INTERFACES)

    def refuse(*imports: str) -> GateRefusal:
        with pytest.raises(GateRefusal) as caught:
            check_types(linker, engine.compile(importing(*imports)).interface)
        assert caught.value.gate is Gate.TYPES
        assert caught.value.remedy
        return caught.value

    return refuse


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "wasi:io/streams@0.2.0-rc-2023-11-10",
            "WASI 0.2.0-rc-2023-11-10, a release candidate; the host offers WASI 0.2",
        ),
        ("wasi:clocks/wall-clock@0.2.0-rc-2023-12-05", "a release candidate; the host offers WASI 0.2"),
        ("wasi:cli/stdout@0.3.0", "it is of WASI 0.3.0; the host offers WASI 0.2"),
        ("wasi:cli/stdout@0.3.0-rc-2026-03-15", "0.3.0-rc-2026-03-15, a release candidate; the host offers WASI 0.2"),
        ("wasi:random/random@1.0.0", "it is of WASI 1.0.0; the host offers WASI 0.2"),
        ("wasi:random/random@0.2.0-draft", "0.2.0-draft, not a release; the host offers WASI 0.2"),
        ("wasi:filesystem/preopens", "it names no version; the host offers WASI 0.2"),
        ("wasi:clocks/system-clock@0.3.0", "it is of WASI 0.3.0; the host offers WASI 0.2"),
    ],
)
def test_another_version_of_wasi_names_the_offered_one(refused, name, said):
    refusal = refused(instance(name))
    assert refusal.message.startswith(f"{name}: ")
    assert said in refusal.message
    assert "wasm32-wasip2" in refusal.remedy


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wasi:keyvalue/store@0.2.0", "wasi:keyvalue@0.2.0-draft2 (atomics, batch, store)"),
        ("wasi:keyvalue/store@0.2.0-draft3", "wasi:keyvalue@0.2.0-draft (atomics, batch, store)"),
        ("wasi:keyvalue/store", "wasi:keyvalue@0.2.0-draft2"),
        ("wasi:keyvalue/eventual@0.1.0", "wasi:keyvalue@0.2.0-draft2"),
        ("wasi:keyvalue/watcher@0.2.0-draft2", "wasi:keyvalue@0.2.0-draft2"),
        ("wasi:config/store", "wasi:config@0.2.0-draft (runtime, store)"),
        ("wasi:config/runtime@0.2.0-rc.1", "wasi:config/store@0.2.0-rc.1"),
        ("wasi:logging/logging@0.1.0", "wasi:logging/logging, wasi:logging/logging@0.1.0-draft"),
    ],
)
def test_another_draft_names_the_offered_ones(refused, name, said):
    refusal = refused(instance(name))
    assert refusal.message.startswith(f"{name}: drafts match by their exact names; the host offers ")
    assert said in refusal.message
    package = name.partition("/")[0]
    assert refusal.remedy == f"build it against a draft of {package} that is offered"


def test_a_draft_of_another_package_is_refused_with_what_there_is(refused):
    refusal = refused(instance("wasi:blobstore/container@0.2.0-draft"))
    assert refusal.remedy.startswith("build it without wasi:blobstore; WASI here is wasi:cli, ")
    assert refusal.remedy.endswith(", and drafts of wasi:config, wasi:keyvalue, wasi:logging")


def test_an_older_interface_of_the_same_name_is_a_mismatch(refused):
    refusal = refused("""(import "wasi:config/store@0.2.0-draft" (instance
      (type $e (variant (case "upstream" string) (case "io" string))) (export "error" (type $x (eq $e)))
      (export "get" (func (param "key" string) (result (result (option (list u8)) (error $x)))))))""")
    assert "wasi:config/store@0.2.0-draft#get: expected `get: func(key: string) -> result<option<list<u8>>" in (
        refusal.message
    )


@pytest.mark.parametrize(
    ("name", "function", "said"),
    [
        ("wasi:cli/environment@0.2.0", "get-everything", "has get-environment, get-arguments, initial-cwd"),
        ("wasi:random/random@0.2.6", "get-random-bits", "has get-random-bytes, get-random-u64"),
        ("wasi:cli/exit@0.2.3", "exit-with", "wasi:cli/exit@0.2.12 has exit-with-code, exit"),
        ("wasi:cli/terminal-input@0.2.0", "read", "has no functions"),
        ("airssys:core-host/clock@1.0.0", "monotonic", "airssys:core-host/clock@1.0.0 has monotonic-ns"),
        ("wasi:sockets/tcp@0.2.0", "keep-alive", "and 20 more"),
    ],
)
def test_a_missing_function_of_a_known_interface_says_which_there_are(refused, name, function, said):
    refusal = refused(instance(name, function))
    assert refusal.message.startswith(f"{name}#{function}: no such function; ")
    assert said in refusal.message


def test_only_the_missing_function_is_named(refused):
    refusal = refused("""(import "wasi:random/random@0.2.0" (instance
      (export "get-random-u64" (func (result u64))) (export "roll" (func (result u8)))))""")
    assert refusal.message.startswith("wasi:random/random@0.2.0#roll: no such function; ")
    assert "get-random-u64:" not in refusal.message


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("log", "such as airssys:core-host/logging@1.0.0"),
        ("get-time", ""),
        ("storage", "such as airssys:core-host/storage"),
    ],
)
def test_a_function_outside_an_interface_says_what_to_do(refused, name, hint):
    refusal = refused(f'(import "{name}" (func (param "m" string)))')
    assert refusal.message == f"{name}: a function outside an interface; the host offers functions only in interfaces"
    assert hint in refusal.remedy
    assert "`wac plug`" in refusal.remedy
    assert "available: airssys:core-cap" in refusal.remedy
    assert "airssys:core-host@1.0.0 (clock, config," in refusal.remedy


def test_http_of_another_release_is_one_line_with_the_way_out(refused):
    refusal = refused(*(instance(f"wasi:http/{face}@0.3.0") for face in ("types", "outgoing-handler")))
    said = "wasi:http@0.3.0 (types, outgoing-handler): it is of WASI 0.3.0; the host offers WASI 0.2"
    assert refusal.message == said
    assert "wasm32-wasip2" in refusal.remedy
    assert "available" not in refusal.remedy


def test_what_is_available_is_listed_once_for_many_imports(refused):
    refusal = refused(*(instance(f"acme:p{number}/face@1.0.0") for number in range(20)), '(import "log" (func))')
    said = refusal.message + refusal.remedy
    assert said.count("core-host@1.0.0 (clock") <= 2, "once for unknown interfaces, once for functions outside them"
    assert refusal.message.count("unknown import") == 1
    assert "and 12 more: unknown import" in refusal.message
    assert len(refusal.message) < 600


def test_each_kind_of_problem_is_told_with_its_own_remedy(refused):
    refusal = refused(
        instance("wasi:http/incoming-handler@0.2.0"),
        instance("wasi:cli/stdout@0.3.0"),
        instance("wasi:cli/stderr@0.3.0"),
        instance("wasi:blobstore/container@0.2.0-draft"),
        instance("wasi:keyvalue/store@0.2.0"),
        instance("airssys:core-host/clock@7.0.0"),
        instance("airssys:core-host/clok@1.0.0"),
    )
    for said in (
        "wasi:http/incoming-handler@0.2.0: wasi:http has no such interface in WASI 0.2.0; it has",
        "wasi:cli@0.3.0 (stdout, stderr): it is of WASI 0.3.0",
        "wasi:blobstore/container@0.2.0-draft: this host does not offer it",
        "wasi:keyvalue/store@0.2.0: drafts match by their exact names",
        "airssys:core-host/clock@7.0.0: the host does not offer version 7.0.0 of it",
        "did you mean airssys:core-host/clock@1.0.0?",
    ):
        assert said in refusal.message
    for said in ("WASI here is wasi:cli, wasi:clocks", "build it against airssys:core-host/clock@1.0.0"):
        assert said in refusal.remedy


def test_an_interface_of_types_only_needs_nothing(engine):
    linker = engine.linker(INTERFACES)
    check_types(linker, engine.compile(importing('(import "wasi:http/types@0.3.0" (instance))')).interface)


def test_names_are_put_together_by_package_and_version():
    names = ["a:b/c@1.0.0", "a:b/d@1.0.0", "a:b/e@2.0.0", "x:y/z", "plain", "a:b/c@1.0.0#f"]
    assert by_package(names) == ["a:b@1.0.0 (c, d)", "a:b/e@2.0.0", "x:y/z", "plain", "a:b/c@1.0.0#f"]


def test_however_many_there_are_the_lines_stay_short():
    many = [ImportProblem(f"n{number}", f"reason {number}", f"remedy {number}") for number in range(1_000)]
    reasons, remedies = grouped(many)
    assert reasons.count("; ") == remedies.count("; ") == MOST_TOLD - 1
    assert reasons.endswith(" and 992 more")
