"""Guest values: what fits a type, and JSON for people in both directions."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.types.interface import (
    BYTES,
    INTEGER_BOUNDS,
    Case,
    EnumOf,
    Field,
    FlagsOf,
    FutureOf,
    ListOf,
    OptionOf,
    Own,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    VariantOf,
)
from airssys_tui.core.types.json_form import from_json, to_json
from airssys_tui.core.types.values import Err, Ok, Some, Variant, check
from tests.support.engine.wit_types import typed_values

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Drawing types takes long on a busy machine."""

U8, F64, STRING = Primitive("u8"), Primitive("f64"), Primitive("string")
ITEM = Record((Field("name", STRING), Field("price", F64), Field("note", OptionOf(STRING))))
SHAPE = VariantOf((Case("circle", F64), Case("point")))


@PATIENT
@given(st.data())
def test_every_value_fits_its_type_and_comes_back_from_json_text(data):
    typed = data.draw(typed_values())
    value = data.draw(typed.values)
    check(typed.type, value, "value")
    text = json.dumps(to_json(typed.type, value), allow_nan=False)
    assert from_json(typed.type, json.loads(text), "value") == value


@PATIENT
@given(st.data())
def test_what_json_gives_always_fits(data):
    typed = data.draw(typed_values())
    anything = st.recursive(
        st.none() | st.booleans() | st.integers(-300, 300) | st.text(max_size=3) | st.sampled_from(["a", "ok"]),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "ok", "some"]), inner, max_size=2)
        ),
        max_leaves=5,
    )
    given_json = data.draw(anything)
    try:
        value = from_json(typed.type, given_json, "value")
    except ArgumentError as error:
        assert error.path.startswith("value")  # noqa: PT017 -- either outcome is fine, both are checked
    else:
        check(typed.type, value, "value")


@pytest.mark.parametrize(
    ("type_", "given_json", "value"),
    [
        (OptionOf(U8), None, None),
        (OptionOf(U8), 3, Some(3)),
        (OptionOf(OptionOf(U8)), None, None),
        (OptionOf(OptionOf(U8)), {"some": None}, Some(None)),
        (OptionOf(OptionOf(U8)), {"some": 3}, Some(Some(3))),
        (ResultOf(U8, STRING), {"ok": 3}, Ok(3)),
        (ResultOf(U8, STRING), {"err": "no"}, Err("no")),
        (ResultOf(), {"ok": None}, Ok()),
        (ResultOf(), "err", Err()),
        (SHAPE, "point", Variant("point")),
        (SHAPE, {"circle": 1}, Variant("circle", 1.0)),
        (BYTES, [1, 2, 255], b"\1\2\xff"),
        (BYTES, {"base64": "AQL/"}, b"\1\2\xff"),
        (BYTES, {"text": "é"}, "é".encode()),
        (F64, 3, 3.0),
        (F64, "-inf", -math.inf),
        (FlagsOf(("a", "b")), ["b"], frozenset({"b"})),
        (EnumOf(("a", "b")), "b", "b"),
        (TupleOf((U8, STRING)), [1, "x"], (1, "x")),
        (ITEM, {"name": "n", "price": 2}, {"name": "n", "price": 2.0, "note": None}),
    ],
)
def test_json_as_people_write_it(type_, given_json, value):
    assert from_json(type_, given_json, "value") == value


@pytest.mark.parametrize(
    ("type_", "given_json", "path", "words"),
    [
        (ListOf(ITEM), [{"name": "n", "price": "x"}], "v[0].price", "expected f64, got text 'x'"),
        (ITEM, {"name": "n"}, "v.price", "a field `price`"),
        (ITEM, {"name": "n", "price": 1, "pricee": 2}, "v", "did you mean `price`?"),
        (U8, 256, "v", "u8 (0 to 255)"),
        (U8, True, "v", "boolean true"),
        (U8, 1.5, "v", "number 1.5"),
        (BYTES, [256], "v[0]", "0 to 255"),
        (BYTES, {"base64": "!"}, "v.base64", "base64"),
        (SHAPE, "circle", "v", "without its payload"),
        (SHAPE, "square", "v", "one of circle, point"),
        (SHAPE, {"point": 1}, "v.point", "no payload"),
        (ResultOf(U8, STRING), {"ok": "x"}, "v.ok", "expected u8"),
        (ResultOf(U8, STRING), 3, "v", '{"ok": …}'),
        (OptionOf(OptionOf(U8)), 3, "v", '{"some": …}'),
        (TupleOf((U8, U8)), [1], "v", "list of 1"),
        (EnumOf(("a", "b")), "c", "v", "one of a, b"),
        (FlagsOf(("a", "b")), ["c"], "v", "any of a, b"),
        (STRING, "\ud800", "v", "surrogate at index 0"),
        (Own("file"), 1, "v", "of an open file handle"),
        (FutureOf(U8), 1, "v", "JSON cannot represent"),
    ],
)
def test_refusals_name_the_path_and_what_was_expected(type_, given_json, path, words):
    with pytest.raises(ArgumentError) as caught:
        from_json(type_, given_json, "v")
    assert caught.value.path == path
    assert words in str(caught.value)


@pytest.mark.parametrize("name", sorted(INTEGER_BOUNDS))
def test_integer_bounds_are_included(name):
    least, most = INTEGER_BOUNDS[name]
    for value in (least, most):
        check(Primitive(name), value, "v")
    for value in (least - 1, most + 1):
        with pytest.raises(ArgumentError):
            check(Primitive(name), value, "v")


def test_floats_that_are_not_finite_become_text():
    assert [to_json(F64, value) for value in (math.nan, math.inf, -math.inf, 1.5)] == ["nan", "inf", "-inf", 1.5]


def test_values_are_written_as_they_are_constructed():
    values = [Some(1), Ok(), Ok(2), Err(), Err("x"), Variant("a"), Variant("b", Some(None))]
    assert [eval(repr(value)) for value in values] == values


def test_values_are_frozen_and_distinct():
    assert Ok(1) != Err(1)
    assert Some(None) is not None
    with pytest.raises(AttributeError):
        Ok(1).value = 2
