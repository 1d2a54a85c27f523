"""Random WIT types and values cross the boundary and come back as they were."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.limits import Limits
from airssys_tui.core.types.interface import INTEGER_BOUNDS, Function, ListOf, Param
from airssys_tui.core.types.json_form import from_json, to_json
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.host import HostFunction, HostInterface
from tests.support.engine import guests
from tests.support.engine.wit_types import Box, Definitions, Typed, replaced, typed_values

PATIENT = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@PATIENT
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


@PATIENT
@given(data=st.data())
def test_every_shape_around_any_type_comes_back_equal(engine, data):
    typed: Typed = data.draw(typed_values())
    definitions = Definitions()
    text = definitions.reference(typed.type)
    many = st.binary(max_size=300) if text == "u8" else st.lists(typed.values, max_size=4)
    shapes = {
        "record": many.map(lambda items: {"items": items}),
        "tuple": st.tuples(many, TEXTS),
        "option": st.none() | many.map(Some),
        "result": many.map(Ok) | TEXTS.map(Err),
        "variant": many.map(lambda items: Variant("many", items))
        | TEXTS.map(lambda words: Variant("text", words))
        | st.just(Variant("none")),
    }
    with engine.linker().instantiate(
        engine.compile(guests.echo_shapes(text, definitions.text())), Limits()
    ) as instance:
        for name, values in shapes.items():
            for _ in range(2):
                value = data.draw(values)
                assert instance.call(name, value).value == value


@PATIENT
@given(data=st.data())
def test_any_value_goes_through_a_host_function_and_back(engine, data):
    typed: Typed = data.draw(typed_values())
    definitions = Definitions()
    text = definitions.reference(typed.type)
    seen = []
    listed = ListOf(typed.type)
    work = HostFunction(
        Function("work", (Param("items", listed),), listed), lambda _, items: seen.append(items) or items
    )
    linker = engine.linker([HostInterface("test:host/face@1.0.0", (work,))])
    code = engine.compile(guests.relay(text, definitions.inside(), definitions.outside("$host")))
    assert linker.problems(code.interface) == ()
    values = data.draw(st.binary(max_size=300) if text == "u8" else st.lists(typed.values, max_size=4))
    with linker.instantiate(code, Limits()) as instance:
        assert instance.call("run", values).value == values
    assert seen == [values]


@PATIENT
@given(data=st.data())
def test_handles_anywhere_in_a_value_move_in_and_out(engine, data):
    typed: Typed = data.draw(typed_values(resources=True))
    definitions = Definitions()
    text = definitions.reference(typed.type)
    code = engine.compile(guests.echo(text, guests.BOX + definitions.text()))
    wanted = data.draw(st.lists(typed.values, max_size=4) if text != "u8" else st.binary(max_size=6))
    given_, back = [], []

    def make(leaf):
        if isinstance(leaf, Box):
            leaf = instance.call("make", leaf.number).value
            given_.append(leaf)
        return leaf

    def read(leaf):
        if hasattr(leaf, "resource"):
            back.append(leaf)
            return Box(instance.call("read", leaf).value)
        return leaf

    with engine.linker().instantiate(code, Limits()) as instance:
        result = instance.call("echo", replaced(wanted, make)).value
        assert replaced(result, read) == wanted
        assert all(handle.spent for handle in given_)
        assert len(back) == len(given_) == len(instance.resources)
        for handle in back:
            handle.close()
        assert len(instance.resources) == 0


EDGES = {
    **{name: [least, least + 1, 0, 1, most - 1, most] for name, (least, most) in INTEGER_BOUNDS.items()},
    "bool": [True, False],
    "char": ["\0", "\x7f", "\x80", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"],
    "f32": [0.0, -0.0, 1.401298464324817e-45, 3.4028234663852886e38, -3.4028234663852886e38, math.inf, -math.inf],
    "f64": [0.0, -0.0, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308, math.inf, -math.inf],
}
CORE = {"s64": "i64", "u64": "i64", "f32": "f32", "f64": "f64"}


@pytest.mark.parametrize("name", sorted(EDGES))
def test_flat_values_are_exact_at_their_edges(start, name):
    instance = start(guests.identity(name, CORE.get(name, "i32")))
    for value in EDGES[name]:
        back = instance.call("same", value).value
        assert (type(back), repr(back)) == (type(value), repr(value))
        assert instance.call("second", EDGES[name][0], value).value == value


WRONG = {
    **{name: [least - 1, most + 1, 1.0, "1", None, True] for name, (least, most) in INTEGER_BOUNDS.items()},
    "bool": [0, 1, None, "true"],
    "char": ["", "ab", "\ud800", "\udfff", 65, None, b"a"],
    "f32": [1e39, -1e39, 10**400, "1", None, True],
    "f64": [10**400, "1", None, True],
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_flat_values_past_their_edges_are_refused_by_name(start, name):
    instance = start(guests.identity(name, CORE.get(name, "i32")))
    for wrong in WRONG[name]:
        with pytest.raises(ArgumentError) as caught:
            instance.call("second", EDGES[name][0], wrong)
        assert caught.value.path == "b"
    assert instance.call("same", EDGES[name][0]).value == EDGES[name][0]


@pytest.mark.parametrize("count", [1, 8, 9, 16, 17, 32])
def test_flags_of_every_width(start, count):
    names = [f"f{number}" for number in range(count)]
    definition = "(flags " + " ".join(f'"{name}"' for name in names) + ")"
    instance = start(guests.echo("$f", f"(type $f' {definition}) (export $f \"f\" (type $f'))"))
    values = [frozenset(), frozenset(names), frozenset(names[-1:]), frozenset(names[::2])]
    assert instance.call("echo", values).value == values


@pytest.mark.parametrize("count", [1, 256, 257])
def test_enums_of_every_width(start, count):
    names = [f"e{number}" for number in range(count)]
    definition = "(enum " + " ".join(f'"{name}"' for name in names) + ")"
    instance = start(guests.echo("$e", f"(type $e' {definition}) (export $e \"e\" (type $e'))"))
    assert instance.call("echo", names).value == names


def test_several_byte_lists_in_one_call_stay_apart(start):
    instance = start(guests.echo("(tuple (list u8) (list u8))"))
    shapes = start(guests.echo_shapes("(list u8)"))
    values = [(b"a" * 300, b"b" * 5000), (b"", b"c")]
    for _ in range(2):
        assert instance.call("echo", values).value == values
        assert shapes.call("record", {"items": [b"x" * 10, b"y" * 10]}).value == {"items": [b"x" * 10, b"y" * 10]}


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
