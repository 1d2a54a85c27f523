"""Values while they are written: blank or from JSON, edited, and back; wrong parts are named where they are."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.types.form import blank, fill, to_json
from airssys_tui.core.types.form_lines import Form, LineKind
from airssys_tui.core.types.interface import (
    BYTES,
    Borrow,
    Case,
    EnumOf,
    Field,
    FlagsOf,
    Function,
    ListOf,
    OptionOf,
    Own,
    Param,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    VariantOf,
)
from airssys_tui.core.types.json_form import from_json
from airssys_tui.core.types.json_form import to_json as value_to_json
from tests.support.engine.wit_types import typed_values

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

U8, U64, F64, BOOL, STRING = map(Primitive, ("u8", "u64", "f64", "bool", "string"))
SHAPE = VariantOf((Case("circle", F64), Case("square", TupleOf((U8, U8))), Case("point")))
ORDER = Record(
    (
        Field("name", STRING),
        Field("many", U8),
        Field("note", OptionOf(STRING)),
        Field("tags", ListOf(EnumOf(("new", "used")))),
        Field("marks", FlagsOf(("hot", "cold"))),
        Field("shape", SHAPE),
    )
)


def form(*types):
    return Form.of(Function("f", tuple(Param(f"p{at}", type_) for at, type_ in enumerate(types))))


def labels(shown):
    return [(line.depth, line.label, line.text) for line in shown.lines()]


@PATIENT
@given(st.data())
def test_any_value_is_written_and_means_the_same(data):
    typed = data.draw(typed_values())
    value = data.draw(typed.values)
    draft = fill(typed.type, json.loads(json.dumps(value_to_json(typed.type, value))))
    assert from_json(typed.type, to_json(typed.type, draft, "value"), "value") == value


@PATIENT
@given(st.data())
def test_every_line_can_be_touched_and_nothing_breaks(data):
    typed = data.draw(typed_values())
    shown = form(typed.type)
    for _ in range(6):
        line = data.draw(st.sampled_from(shown.lines()))
        if line.kind is LineKind.TEXT:
            shown = shown.write(line.path, data.draw(st.text(max_size=4)))
        elif line.kind is LineKind.CHOICE:
            shown = shown.choose(line.path, data.draw(st.sampled_from(line.choices)))
        elif line.kind is LineKind.SWITCH:
            shown = shown.switch(line.path)
        elif line.kind is LineKind.LIST:
            shown = shown.add(line.path)
        if line.item:
            shown = shown.remove(line.path)
    try:
        arguments = json.loads(shown.arguments())
    except ArgumentError as error:
        assert any(line.error for line in shown.lines()), error  # noqa: PT017
    else:
        assert not any(line.error for line in shown.lines())
        from_json(typed.type, arguments[0], "p0")


def test_a_blank_form_of_a_record():
    shown = form(ORDER)
    assert labels(shown) == [
        (0, "p0", ""),
        (1, "name", ""),
        (1, "many", ""),
        (1, "note", "none"),
        (1, "tags", "0 items"),
        (1, "marks", ""),
        (2, "hot", "off"),
        (2, "cold", "off"),
        (1, "shape", "circle"),
        (2, "circle", ""),
    ]
    wrong = {line.path: line.error for line in shown.lines() if line.error}
    assert wrong == {
        ("p0", "many"): "expected a whole number (u8), got nothing",
        ("p0", "shape", "circle"): "expected a number (f64), got nothing",
    }


def test_writing_it_all():
    shown = form(ORDER)
    shown = shown.write(("p0", "name"), "Ada").write(("p0", "many"), "0x10")
    shown = shown.choose(("p0", "note"), "some").write(("p0", "note", "some"), "")
    shown = shown.add(("p0", "tags")).add(("p0", "tags")).choose(("p0", "tags", 1), "used").remove(("p0", "tags", 0))
    shown = shown.switch(("p0", "marks", "cold"))
    shown = shown.choose(("p0", "shape"), "square").write(("p0", "shape", "square", "0"), "1")
    shown = shown.write(("p0", "shape", "square", "1"), "2")
    assert json.loads(shown.arguments()) == [
        {"name": "Ada", "many": 16, "note": "", "tags": ["used"], "marks": ["cold"], "shape": {"square": [1, 2]}}
    ]


def test_what_was_written_for_another_case_comes_back_with_it():
    shown = form(SHAPE).write(("p0", "circle"), "1.5").choose(("p0",), "point")
    assert json.loads(shown.arguments()) == ["point"]
    assert json.loads(shown.choose(("p0",), "circle").arguments()) == [{"circle": 1.5}]


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (U64, "1_000", 1000),
        (U8, " 7 ", 7),
        (F64, "nan", "nan"),
        (F64, "-inf", "-inf"),
        (STRING, "7", "7"),
        (STRING, "[1]", "[1]"),
        (BYTES, "hello", {"text": "hello"}),
        (BYTES, "hex: 00 ff", {"base64": "AP8="}),
        (BYTES, "base64:AP8=", {"base64": "AP8="}),
        (Own("box"), "3", {"$resource": 3}),
        (Borrow("box"), "3", {"$resource": 3}),
    ],
)
def test_texts_and_what_they_mean(type_, text, value):
    assert json.loads(form(type_).write(("p0",), text).arguments()) == [value]


@pytest.mark.parametrize(
    ("type_", "text", "error"),
    [
        (U8, "300", "expected u8"),
        (U8, "-1", "expected u8"),
        (U8, "one", "expected a whole number (u8), got 'one'"),
        (F64, "much", "expected a number (f64), got 'much'"),
        (Primitive("char"), "ab", "expected char"),
        (Primitive("char"), "", "expected char"),
        (STRING, "\ud800", "surrogate"),
        (BYTES, "hex:0", "pairs of hexadecimal digits"),
        (BYTES, "base64:!", "base64"),
        (Own("box"), "mine", "the number of an open box handle"),
    ],
)
def test_what_is_wrong_is_said_beside_it(type_, text, error):
    shown = form(BOOL, type_).write(("p1",), text)
    assert [line.error != "" for line in shown.lines()] == [False, True]
    assert error in shown.lines()[1].error
    with pytest.raises(ArgumentError):
        shown.arguments()


def test_a_wrong_part_deep_inside_is_named_by_its_path():
    deep = ListOf(Record((Field("kind", ResultOf(U8, STRING)),)))
    shown = form(deep).add(("p0",)).write(("p0", 0, "kind", "ok"), "many")
    with pytest.raises(ArgumentError) as refused:
        shown.arguments()
    assert refused.value.path == "p0[0].kind.ok"


@pytest.mark.parametrize("junk", [None, 7, "x", [], {}, {"a": 1, "b": 2}, [1, 2, 3], True])
def test_json_that_does_not_fit_becomes_blank_where_it_does_not(junk):
    for type_ in (ORDER, SHAPE, FlagsOf(("a",)), ListOf(U8), OptionOf(SHAPE), TupleOf((U8, STRING)), ResultOf()):
        draft = fill(type_, junk)
        assert type(draft) is type(blank(type_)) or isinstance(draft, type(blank(type_)))


def test_a_resource_in_a_result_is_filled_in_by_its_number():
    assert form(Own("box")).function.params[0].type == Own("box")
    assert to_json(Own("box"), fill(Own("box"), {"$resource": 4}), "box") == {"$resource": 4}
