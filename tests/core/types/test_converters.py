"""The short ways of conversion agree with the long ones: on what fits, what does not, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.types import form, form_lines, json_form
from airssys_tui.core.types.drafts import Chosen, Items, Parts, Typed
from airssys_tui.core.types.form_lines import Form
from airssys_tui.core.types.interface import (
    EnumOf,
    Field,
    Function,
    ListOf,
    OptionOf,
    Param,
    Primitive,
    Record,
    TupleOf,
    ValType,
)
from tests.support.engine.wit_types import typed_values

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ODD = st.sampled_from(["", "7", " 7 ", "007", "0x1f", "1_0", "-1", "1e3", "1e400", "nan", "inf", "-Inf", "é", "\ud800"])
JSON = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | ODD | st.just([]) | st.just({})
ROW = Record(
    (
        Field("a", Primitive("u8")),
        Field("b", OptionOf(Primitive("f32"))),
        Field("c", EnumOf(("x", "y"))),
        Field("d", TupleOf((Primitive("bool"), Primitive("char")))),
    )
)


@contextmanager
def the_long_way() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_form, "plain_reader", lambda _: None)
        patch.setattr(form, "draft_reader", lambda _: None)
        patch.setattr(form_lines, "draft_reader", lambda _: None)
        form_lines._lister.cache_clear()  # noqa: SLF001
        yield
    form_lines._lister.cache_clear()  # noqa: SLF001


def outcome(work: Callable[[], Any]) -> tuple[str, str]:
    try:
        return "", repr(work())
    except ArgumentError as error:
        return error.path, str(error)


def agree(work: Callable[[], Any]) -> None:
    short = outcome(work)
    with the_long_way():
        assert outcome(work) == short


@st.composite
def disturbed(draw: st.DrawFn, value: Any) -> Any:
    """Draw a JSON value with one part of it replaced, removed or added."""
    if isinstance(value, list) and value and draw(st.booleans()):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], draw(disturbed(value[at])), *value[at + 1 :]]
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        kept = {key: part for key, part in value.items() if key != name or draw(st.booleans())}
        return {**kept, draw(st.sampled_from([name, "more"])): draw(disturbed(value[name]))}
    return draw(st.just(value) | JSON)


@PATIENT
@given(st.data())
def test_reading_json_agrees(data: st.DataObject) -> None:
    typed = data.draw(typed_values())
    given_json = json.loads(json.dumps(json_form.to_json(typed.type, data.draw(typed.values))))
    changed = data.draw(disturbed(given_json))
    agree(lambda: json_form.from_json(typed.type, changed, "value"))


@pytest.mark.parametrize("name", ["u8", "s64", "u64", "f32", "f64", "bool", "char", "string", "error-context"])
@PATIENT
@given(value=JSON)
def test_reading_a_primitive_agrees(name: str, value: Any) -> None:
    agree(lambda: json_form.from_json(ListOf(Primitive(name)), [value], "value"))


FLAT = Record((Field("a", Primitive("u8")), Field("b", Primitive("string")), Field("c", ListOf(Primitive("f64")))))
ROWS: list[dict[str, Any]] = [{"a": 255, "b": "\u00e9", "c": [0.5, 1.5]}, {"a": 0, "b": "", "c": []}]


def test_values_that_fit_as_they_stand_are_not_copied() -> None:
    assert json_form.from_json(ListOf(FLAT), ROWS, "value") is ROWS


@pytest.mark.parametrize(
    "change",
    [{"a": 256}, {"a": True}, {"b": "\ud800"}, {"b": 1}, {"c": [1]}, {"c": [None]}, {"d": 1}],
    ids=["too-large", "bool", "surrogate", "no-text", "integer", "null", "more"],
)
def test_one_value_of_many_that_does_not_fit_plainly_is_read_as_alone(change: dict[str, Any]) -> None:
    rows = [*ROWS, {**ROWS[0], **change}]
    agree(lambda: json_form.from_json(ListOf(FLAT), rows, "value"))


def drafts_of(type_: ValType) -> st.SearchStrategy[Any]:
    """Draw drafts of a type, some of them of another shape."""
    other = st.just(Items()) | st.just(Parts({})) | st.builds(Typed, ODD) | st.builds(Chosen, ODD)
    match type_:
        case Primitive(name="bool") | EnumOf():
            return st.builds(Chosen, st.sampled_from(["true", "false", "x", "y", "z"])) | other
        case OptionOf():
            carried = st.fixed_dictionaries({}, optional={"some": drafts_of(type_.element)})
            return st.builds(Chosen, st.sampled_from(["none", "some", "maybe"]), carried) | other
        case ListOf():
            return st.builds(Items, st.lists(drafts_of(type_.element), max_size=2).map(tuple)) | other
        case Record():
            return st.builds(Parts, st.fixed_dictionaries({each.name: drafts_of(each.type) for each in type_.fields}))
        case TupleOf():
            parts = {str(at): drafts_of(part) for at, part in enumerate(type_.elements)}
            return st.builds(Parts, st.fixed_dictionaries(parts))
    return st.builds(Typed, ODD) | other


@PATIENT
@given(draft=drafts_of(ListOf(ROW)))
def test_reading_a_draft_agrees(draft: Any) -> None:
    written = Form(Function("f", (Param("p", ListOf(ROW)),)), {"p": draft})
    agree(lambda: [(line.path, line.error) for line in written.lines()])
    agree(written.arguments)
