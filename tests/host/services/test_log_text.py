"""A line of a guest's log is bounded, and says by how much it was more."""

from __future__ import annotations

import pytest

from airssys_tui.host.services.log_text import (
    MAX_FIELD,
    MAX_FIELDS,
    MAX_MESSAGE,
    bounded_fields,
    bounded_message,
)


@pytest.mark.parametrize("length", [0, MAX_MESSAGE])
def test_a_message_within_its_bound_is_kept(length):
    assert bounded_message("x" * length) == "x" * length


def test_a_longer_message_says_how_much_longer():
    assert bounded_message("x" * (MAX_MESSAGE + 1)) == "x" * MAX_MESSAGE + "…[+1]"


def test_fields_are_bounded_in_number_and_length():
    fields = [("k" * (MAX_FIELD + 2), "v" * (MAX_FIELD + 3))] * MAX_FIELDS
    cut = ("k" * MAX_FIELD + "…[+2]", "v" * MAX_FIELD + "…[+3]")
    assert bounded_fields(fields) == [cut] * MAX_FIELDS
    assert bounded_fields([*fields, *fields[:5]]) == [*[cut] * MAX_FIELDS, ("…", "+5 fields")]
