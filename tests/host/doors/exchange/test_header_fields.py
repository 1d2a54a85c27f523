"""Fields: names in any case, values as they are, in order; and what no component may write."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.host.doors.exchange.header_fields import (
    MOST_BYTES,
    MOST_FIELDS,
    FieldFault,
    FieldRefusal,
    Fields,
    FieldsFull,
    content_length,
    forbidden,
)

TOKEN = st.text("-!#$%&'*+.^_`|~" + string.digits + string.ascii_letters, min_size=1, max_size=6)
NAMES = TOKEN.filter(lambda name: not forbidden(name))
VALUES = st.binary(max_size=6).map(lambda data: bytes(each for each in data if each >= 32 and each != 127))
ENTRIES = st.lists(st.tuples(NAMES, VALUES), max_size=8)
CLASHING = st.sampled_from(["a", "A", "b", "x-Long", "X-long"])
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("append"), CLASHING, VALUES),
        st.tuples(st.just("set"), CLASHING, st.lists(VALUES, max_size=3)),
        st.tuples(st.just("delete"), CLASHING, st.none()),
    ),
    max_size=20,
)


def fault(caught: pytest.ExceptionInfo[FieldRefusal]) -> FieldFault:
    return caught.value.fault


@given(CHANGES)
def test_changes_are_those_of_a_list(changes: list[tuple[str, str, Any]]) -> None:
    fields = Fields()
    model: list[tuple[str, bytes]] = []
    for change, name, value in changes:
        same = [place for place, (known, _) in enumerate(model) if known.lower() == name.lower()]
        if change == "append":
            fields.append(name, value)
            model.append((name, value))
        elif change == "set":
            fields.set(name, value)
            place = same[0] if same else len(model)
            rest = [entry for entry in model if entry[0].lower() != name.lower()]
            model = rest[:place] + [(name, each) for each in value] + rest[place:]
        else:
            fields.delete(name)
            model = [entry for entry in model if entry[0].lower() != name.lower()]
        assert list(fields.entries()) == model
        assert fields.size == sum(len(known) + len(kept) for known, kept in model)
        assert fields.get(name.upper()) == [kept for known, kept in model if known.lower() == name.lower()]
        assert fields.has(name.swapcase()) == bool(fields.get(name))


@given(ENTRIES)
def test_what_was_written_comes_back_as_it_was(entries: list[tuple[str, bytes]]) -> None:
    assert list(Fields.written(entries).entries()) == entries
    assert list(Fields.received(entries).entries()) == entries
    assert list(Fields.received(entries).clone().entries()) == entries


@given(st.text(max_size=4), st.binary(max_size=4))
def test_nothing_passes_that_could_end_a_line(name: str, value: bytes) -> None:
    try:
        fields = Fields.written([(name, value)])
    except FieldRefusal:
        return
    (kept,) = fields.entries()
    assert kept == (name, value)
    assert name.isascii()
    assert not set(name) & set(' \t\r\n\0:"(),/;<=>?@[\\]{}')
    assert not set(value) & {*range(9), *range(10, 32), 127}


@pytest.mark.parametrize("name", ["", " ", "a b", "a:", "a\n", "ä", "a\0", "a\r\nb"])
def test_names_that_are_none(name: str) -> None:
    fields = Fields()
    for change in (
        lambda: fields.append(name, b""),
        lambda: fields.set(name, [b""]),
        lambda: fields.delete(name),
        lambda: Fields.written([("ok", b""), (name, b"")]),
    ):
        with pytest.raises(FieldRefusal) as caught:
            change()
        assert fault(caught) is FieldFault.INVALID_SYNTAX
    assert fields.get(name) == []
    assert not fields.has(name)


@pytest.mark.parametrize("value", [b"\r\n", b"a\nb", b"\0", b"\x7f", b"\x1f"])
def test_values_that_are_none(value: bytes) -> None:
    fields = Fields()
    for change in (
        lambda: fields.append("a", value),
        lambda: fields.set("a", [b"ok", value]),
        lambda: Fields.written([("a", value)]),
    ):
        with pytest.raises(FieldRefusal) as caught:
            change()
        assert fault(caught) is FieldFault.INVALID_SYNTAX
    assert len(fields) == 0


@pytest.mark.parametrize(
    "name", ["Host", "connection", "Keep-Alive", "transfer-encoding", "UPGRADE", "Proxy-Anything", "http2-settings"]
)
def test_fields_that_are_the_hosts(name: str) -> None:
    fields = Fields()
    for change in (
        lambda: fields.append(name, b"x"),
        lambda: fields.set(name, [b"x"]),
        lambda: fields.delete(name),
        lambda: Fields.written([(name, b"x")]),
    ):
        with pytest.raises(FieldRefusal) as caught:
            change()
        assert fault(caught) is FieldFault.FORBIDDEN
    received = Fields.received([(name, b"x"), ("a", b"y")])
    assert list(received.entries()) == [("a", b"y")], "what is received can be passed on"


def test_frozen_fields_stay_and_their_copy_does_not() -> None:
    fields = Fields.written([("a", b"1")]).freeze()
    changes: list[Callable[[], None]] = [
        lambda: fields.append("b", b""),
        lambda: fields.set("a", []),
        lambda: fields.delete("\n"),
    ]
    for change in changes:
        with pytest.raises(FieldRefusal) as caught:
            change()
        assert fault(caught) is FieldFault.IMMUTABLE
    copy = fields.clone()
    copy.append("b", b"2")
    assert list(fields.entries()) == [("a", b"1")]
    assert list(copy.entries()) == [("a", b"1"), ("b", b"2")]


def test_there_is_a_limit_of_lines() -> None:
    fields = Fields([("a", b"")] * MOST_FIELDS)
    with pytest.raises(FieldsFull):
        fields.append("b", b"")
    with pytest.raises(FieldsFull):
        fields.set("b", [b""])
    fields.set("a", [b""] * MOST_FIELDS)
    with pytest.raises(FieldsFull):
        Fields.written([("a", b"")] * (MOST_FIELDS + 1))


def test_there_is_a_limit_of_bytes() -> None:
    fields = Fields()
    fields.append("a", bytes(32 for _ in range(MOST_BYTES - 1)))
    with pytest.raises(FieldsFull):
        fields.append("b", b"")
    assert len(fields) == 1
    fields.set("a", [b""])
    fields.append("b", b"")


@pytest.mark.parametrize(
    ("values", "length"), [([], None), ([b"0"], 0), ([b" 12\t"], 12), ([b"9" * 18], 999_999_999_999_999_999)]
)
def test_a_length(values: list[bytes], length: int | None) -> None:
    assert content_length(Fields([("Content-Length", value) for value in values])) == length


@pytest.mark.parametrize("values", [[b""], [b"-1"], [b"+1"], [b"1", b"1"], [b"1, 1"], [b"0x1"], [b"9" * 19]])
def test_what_is_no_length(values: list[bytes]) -> None:
    with pytest.raises(FieldRefusal):
        content_length(Fields([("content-length", value) for value in values]))
