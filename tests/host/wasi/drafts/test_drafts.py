"""The drafts as a whole: which there are, and that none of their functions passes by the guard."""

from __future__ import annotations

from typing import Any

import pytest

from airssys_tui.core.types.interface import BYTES, Borrow, EnumOf, ListOf, OptionOf, Own, Primitive, TupleOf, ValType
from airssys_tui.core.types.values import Err, Variant
from airssys_tui.engine.host import HostResource
from airssys_tui.host.catalogue import DRAFTS
from airssys_tui.host.wasi.drafts.buckets import Bucket
from airssys_tui.host.wasi.drafts.draft_types import draft_interface, draft_types
from airssys_tui.host.wasi.drafts.keyvalue_atomics import Comparison
from tests.support.guarded import StandingCall
from tests.support.wasi.draft_guest import OpenGuard, drafts_of
from tests.support.wasi.wasi_desk import PlainTenant

HARMLESS = {
    "config/store#get",
    "config/store#get-all",
    "config/runtime#get",
    "config/runtime#get-all",
    "logging/logging#log",
}
"""Functions that reach nothing but what the component's own manifest says, and its own log."""

FUNCTIONS = [(face.name.removeprefix("wasi:"), function) for face in DRAFTS for function in face.functions]
DENIED = Variant("access-denied")


SAMPLES = {
    Primitive: lambda type_: "x" if type_.name == "string" else 1,
    EnumOf: lambda type_: type_.names[0],
    OptionOf: lambda _: None,
    TupleOf: lambda type_: tuple(map(sample, type_.elements)),
    ListOf: lambda type_: b"x" if type_ == BYTES else [sample(type_.element)],
    Borrow: lambda type_: {"bucket": Bucket("default"), "cas": Comparison("kv/default/x", None)}[type_.resource],
    Own: lambda _: Comparison("kv/default/x", None),
}


def sample(type_: ValType) -> Any:
    """Return a value for a parameter."""
    return SAMPLES[type(type_)](type_)


@pytest.mark.parametrize(("name", "function"), FUNCTIONS, ids=[f"{name}#{one.type.name}" for name, one in FUNCTIONS])
def test_every_function_asks_the_guard_or_is_harmless(name, function):
    guard, context = OpenGuard(), StandingCall()
    context.charge_bytes = context.charge
    logged = []
    context.owner = PlainTenant(guard=guard, config=(), log=lambda *line: logged.append(line))
    answer = function.call(context, *(sample(param.type) for param in function.type.params))
    if f"{name.partition('@')[0]}#{function.type.name}" in HARMLESS:
        assert guard.denied == []
        return
    assert answer in (Err(DENIED), Err(Variant("store-error", DENIED)))
    assert len(guard.denied) == 1


def test_every_draft_is_offered_under_its_exact_name():
    offered = {face.name.removeprefix("wasi:") for face in DRAFTS}
    assert offered == set(draft_types())
    assert offered == {
        "config/runtime@0.2.0-draft",
        "config/store@0.2.0-draft",
        "config/store@0.2.0-draft-2024-09-27",
        "config/store@0.2.0-rc.1",
        "keyvalue/atomics@0.2.0-draft",
        "keyvalue/atomics@0.2.0-draft2",
        "keyvalue/batch@0.2.0-draft",
        "keyvalue/batch@0.2.0-draft2",
        "keyvalue/store@0.2.0-draft",
        "keyvalue/store@0.2.0-draft2",
        "logging/logging",
        "logging/logging@0.1.0-draft",
    }


def test_names_of_one_interface_have_one_type():
    types = draft_types()
    assert len({types[name] for name in types if name.startswith("config/")}) == 1
    assert len({types[name] for name in types if name.startswith("logging/")}) == 1


def test_the_drafts_of_keyvalue_differ_in_cursors_counters_and_comparisons():
    first, second = (drafts_of("keyvalue", version) for version in ("0.2.0-draft", "0.2.0-draft2"))
    differing = []
    for one, other in zip(first, second, strict=True):
        before, after = draft_types()[one], draft_types()[other]
        known = {function.name: function for function in before.functions}
        differing += [
            function.name
            for function in after.functions
            if function.name not in known or not known[function.name].same_type(function)
        ]
    assert differing == ["[method]bucket.list-keys", "[static]cas.new", "[method]cas.current", "increment", "swap"]


def test_a_draft_that_lacks_a_function_is_not_made():
    with pytest.raises(ValueError, match=r"wasi:logging/logging: functions: missing \['log'\]"):
        draft_interface("logging/logging", {})
    with pytest.raises(ValueError, match=r"resources: missing .*bucket"):
        draft_interface(
            "keyvalue/store@0.2.0-draft",
            dict.fromkeys([one.name for one in draft_types()["keyvalue/store@0.2.0-draft"].functions]),
            [HostResource("shelf")],
        )


def test_only_owned_handles_come_from_the_host():
    given = [one for name, one in FUNCTIONS if "own" in str(one.type.result).lower()]
    assert {one.type.name for one in given} == {"open", "[static]cas.new", "swap"}
    assert Own("bucket") in [one.type.result.ok for one in given]
