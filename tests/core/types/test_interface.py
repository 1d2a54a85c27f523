"""Interfaces: resolving what people type, rendering WIT, surviving JSON."""

from __future__ import annotations

import msgspec
import pytest

from airssys_tui.core.errors import ExportNotFound
from airssys_tui.core.types.interface import (
    Borrow,
    Case,
    EnumOf,
    Field,
    FlagsOf,
    Function,
    FutureOf,
    Interface,
    InterfaceType,
    ListOf,
    OptionOf,
    Own,
    Param,
    Primitive,
    Record,
    ResultOf,
    StreamOf,
    TupleOf,
    VariantOf,
    render,
)

U8 = Primitive("u8")
HEALTH = InterfaceType("airssys:core-component/health@1.0.0", (Function("check"),))
STATE = InterfaceType("airssys:core-component/state@1.0.0", (Function("save"), Function("load")), ("snapshot",))
OTHER = InterfaceType("other:thing/state", (Function("save"),))
INTERFACE = Interface(exports=(HEALTH, STATE, OTHER, Function("add", (Param("a", U8),), U8)))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("add", "add"),
        ("check", "airssys:core-component/health@1.0.0#check"),
        ("health#check", "airssys:core-component/health@1.0.0#check"),
        ("airssys:core-component/health#check", "airssys:core-component/health@1.0.0#check"),
        ("airssys:core-component/health@1.0.0#check", "airssys:core-component/health@1.0.0#check"),
        ("load", "airssys:core-component/state@1.0.0#load"),
        ("other:thing/state#save", "other:thing/state#save"),
    ],
)
def test_exports_are_found_by_every_unambiguous_spelling(text, path):
    assert INTERFACE.find(text).path == path


@pytest.mark.parametrize("text", ["save", "state#save"])
def test_an_ambiguous_spelling_lists_what_it_may_mean(text):
    with pytest.raises(ExportNotFound, match="ambiguous") as caught:
        INTERFACE.find(text)
    assert "other:thing/state#save" in caught.value.remedy
    assert "airssys:core-component/state@1.0.0#save" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("helth#chek", "health@1.0.0#check`?"),
        ("ad", "did you mean `add`"),
        ("zzz", "its exports are"),
        ("", "its exports are"),
    ],
)
def test_what_is_not_found_names_the_nearest(text, remedy):
    with pytest.raises(ExportNotFound) as caught:
        INTERFACE.find(text)
    assert remedy in caught.value.remedy


def test_a_component_without_exports_says_so():
    with pytest.raises(ExportNotFound) as caught:
        Interface().find("run")
    assert caught.value.remedy == "this component exports no functions"


def test_exported_interfaces_are_known_with_and_without_version():
    assert INTERFACE.exports_interface("airssys:core-component/health@1.0.0")
    assert INTERFACE.exports_interface("airssys:core-component/health")
    assert not INTERFACE.exports_interface("airssys:core-component/health@2.0.0")
    assert not INTERFACE.exports_interface("health")


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (ListOf(U8), "list<u8>"),
        (OptionOf(OptionOf(U8)), "option<option<u8>>"),
        (ResultOf(), "result"),
        (ResultOf(U8), "result<u8>"),
        (ResultOf(None, U8), "result<_, u8>"),
        (ResultOf(U8, U8), "result<u8, u8>"),
        (TupleOf((U8, Primitive("string"))), "tuple<u8, string>"),
        (Record((Field("a", U8), Field("b-c", ListOf(U8)))), "record {a: u8, b-c: list<u8>}"),
        (VariantOf((Case("none"), Case("some", U8))), "variant {none, some(u8)}"),
        (EnumOf(("a", "b")), "enum {a, b}"),
        (FlagsOf(("a", "b")), "flags {a, b}"),
        (Own("file"), "own<file>"),
        (Borrow("file"), "borrow<file>"),
        (FutureOf(U8), "future<u8>"),
        (StreamOf(), "stream"),
        (Function("f", (Param("a", U8), Param("b", U8)), U8), "f: func(a: u8, b: u8) -> u8"),
        (Function("f"), "f: func()"),
    ],
)
def test_types_are_written_in_wit(type_, text):
    assert render(type_) == text
    if not isinstance(type_, Function):
        whole = Interface(exports=(Function("f", (Param("x", type_),), type_),))
        assert msgspec.json.decode(msgspec.json.encode(whole), type=Interface) == whole
        assert hash(whole) == hash(msgspec.json.decode(msgspec.json.encode(whole), type=Interface))


def test_an_interface_is_written_with_its_resources():
    assert render(STATE).splitlines() == [
        "interface airssys:core-component/state@1.0.0 {",
        "  resource snapshot;",
        "  save: func();",
        "  load: func();",
        "}",
    ]


def test_names_of_parameters_do_not_make_another_type():
    first = Function("f", (Param("a", U8),), U8)
    assert first.same_type(Function("g", (Param("b", U8),), U8))
    assert not first.same_type(Function("f", (Param("a", U8),)))
    assert not first.same_type(Function("f", (Param("a", Primitive("u16")),), U8))
