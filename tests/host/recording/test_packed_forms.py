"""Every value has one packed form, and comes back from it."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.types.interface import Borrow, Function, ListOf, Own, Param, Primitive, Record
from airssys_tui.core.types.interface import Field as RecordField
from airssys_tui.host.recording.packed_forms import (
    Handles,
    Stub,
    pack_arguments,
    pack_result,
    unpack_arguments,
    unpack_result,
)
from tests.support.engine.wit_types import Typed, typed_values


@given(st.data(), typed_values())
def test_a_value_comes_back_as_it_was(data: st.DataObject, typed: Typed) -> None:
    value = data.draw(typed.values)
    function = Function("f", (Param("a", typed.type), Param("b", typed.type)), typed.type)
    packed = pack_arguments(function, (value, value), Handles())
    assert unpack_arguments(function, packed, Handles()) == (value, value)
    assert unpack_result(function, pack_result(function, value, Handles()), Handles()) == value
    assert pack_arguments(function, (_copied(value), value), Handles()) == packed


def _copied(value: Any) -> Any:
    """Return an equal value whose records have their fields in another order."""
    if isinstance(value, dict):
        return {name: _copied(value[name]) for name in reversed(list(value))}
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(map(_copied, value))
    if isinstance(value, msgspec.Struct):
        return type(value)(*[_copied(part) for part in msgspec.structs.astuple(value)])
    return value


def test_every_nan_is_the_same() -> None:
    function = Function("f", (Param("a", ListOf(Primitive("f64"))),))
    packed = {pack_arguments(function, ([nan],), Handles()) for nan in (math.nan, -math.nan, float("nan"))}
    assert len(packed) == 1
    assert math.isnan(unpack_arguments(function, packed.pop(), Handles())[0][0])


LENT = Function("lend", (Param("a", Borrow("box")), Param("b", Borrow("box"))))
MADE = Function("make", (), Record((RecordField("first", Own("box")), RecordField("second", Own("box")))))


def test_objects_have_numbers_in_the_order_in_which_they_are_seen() -> None:
    handles, replayed = Handles(), Handles()
    one, other = object(), object()
    made = pack_result(MADE, {"second": other, "first": one}, handles)
    stubs = unpack_result(MADE, made, replayed)
    assert {type(stub) for stub in stubs.values()} == {Stub}
    lent = pack_arguments(LENT, (other, one), handles)
    assert pack_arguments(LENT, (stubs["second"], stubs["first"]), replayed) == lent
    handles.forget(one)
    replayed.forget(stubs["first"])
    assert pack_arguments(LENT, (one, other), handles) != lent, "what was dropped and comes back is another one"
    assert pack_arguments(LENT, (stubs["first"], stubs["second"]), replayed) == pack_arguments(
        LENT, (one, other), handles
    )
    handles.settle([])
    assert len(handles) == 1, "what was lent only is given up with the call"
