"""Random WIT types and values cross the boundary and come back as they were."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.interface import INTEGER_BOUNDS
from airssys_tui.core.limits import Limits
from airssys_tui.core.values import Err, Ok, Some, Variant, from_json, to_json
from tests.engine import guests
from tests.engine.wit_types import Definitions, Typed, typed_values


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_value_of_any_type_comes_back_equal(engine, data):
    typed: Typed = data.draw(typed_values())
    definitions = Definitions()
    text = definitions.reference(typed.type)
    code = engine.compile(guests.echo(text, definitions.text()))
    assert code.interface.find("echo").function.params[0].type.element == typed.type
    with engine.linker().instantiate(code, Limits()) as instance:
        for _ in range(3):
            values = data.draw(st.lists(typed.values, max_size=5))
            values = bytes(values) if text == "u8" else values
            assert instance.call("echo", values).value == values
            json = to_json(code.interface.find("echo").function.params[0].type, values)
            assert from_json(code.interface.find("echo").function.params[0].type, json, "items") == values


@pytest.mark.parametrize("name", sorted(INTEGER_BOUNDS))
def test_integers_are_exact_at_their_bounds_and_refused_past_them(start, name):
    instance = start(guests.echo(f"(tuple {name})"))
    least, most = INTEGER_BOUNDS[name]
    values = [(least,), (0,), (1,), (most,)]
    assert instance.call("echo", values).value == values
    for wrong in (least - 1, most + 1):
        with pytest.raises(ArgumentError, match=name) as caught:
            instance.call("echo", [(0,), (wrong,)])
        assert caught.value.path == "items[1][0]"


def test_floats_accept_integers_and_keep_what_is_not_finite(start):
    values = [0.0, -0.0, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, 3]
    back = start(guests.echo("f64")).call("echo", values).value
    assert [struct.pack("d", value) for value in back] == [struct.pack("d", value) for value in values]
    assert math.isnan(start(guests.echo("f64")).call("echo", [math.nan]).value[0])
    with pytest.raises(ArgumentError, match="range"):
        start(guests.echo("f32")).call("echo", [1e300])


@pytest.mark.parametrize("wrong", ["\ud800", "ab", "", 7, b"a"])
def test_a_char_is_one_scalar_value(start, wrong):
    instance = start(guests.echo("char"))
    with pytest.raises(ArgumentError):
        instance.call("echo", [wrong])
    assert instance.call("echo", ["\0", "é", "\U0010ffff"]).value == ["\0", "é", "\U0010ffff"]


def test_a_surrogate_in_a_string_is_refused_with_its_place(start):
    instance = start(guests.echo("string"))
    with pytest.raises(ArgumentError, match="surrogate at index 2") as caught:
        instance.call("echo", ["fine", "ab\ud800"])
    assert caught.value.path == "items[1]"
    assert instance.call("echo", ["", "a\0b", "héllo 😀"]).value == ["", "a\0b", "héllo 😀"]


@pytest.mark.parametrize("size", [0, 1, 63, 4_096, 4_097, 65_536, 65_537, 300_000])
def test_bytes_of_every_size_class(start, size):
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    instance = start(guests.echo("u8"), Limits(fuel_per_call=10**10, deadline=30))
    for _ in range(2):
        assert instance.call("echo", data).value == data
    assert instance.call("echo", memoryview(data)).value == data


def test_nested_options_and_results_stay_apart(start):
    options = [None, Some(None), Some(Some(3))]
    assert start(guests.echo("(option (option u8))")).call("echo", options).value == options
    results = [Ok(1), Err("1"), Ok(0), Err("")]
    assert start(guests.echo("(result u8 (error string))")).call("echo", results).value == results
    bare = [Ok(), Err()]
    assert start(guests.echo("(result)")).call("echo", bare).value == bare


def test_errors_name_the_path_to_the_value(start):
    definitions = """
      (type $item' (record (field "name" string) (field "price" f64))) (export $item "item" (type $item'))
      (type $kind' (variant (case "one" $item) (case "none"))) (export $kind "kind" (type $kind'))"""
    instance = start(guests.echo("$kind", definitions))
    fine = Variant("one", {"name": "a", "price": 1})
    for wrong, path in [
        (Variant("one", {"name": "a", "price": "x"}), "items[1].one.price"),
        (Variant("one", {"name": "a"}), "items[1].one.price"),
        (Variant("one", {"name": "a", "price": 1, "more": 2}), "items[1].one"),
        (Variant("none", 1), "items[1].none"),
        (Variant("two"), "items[1]"),
    ]:
        with pytest.raises(ArgumentError) as caught:
            instance.call("echo", [fine, wrong])
        assert caught.value.path == path
    assert instance.call("echo", [fine, Variant("none")]).value == [fine, Variant("none")]
