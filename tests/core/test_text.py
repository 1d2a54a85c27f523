"""Whatever a guest prints, what reaches the terminal is plain text of a bounded size."""

from __future__ import annotations

import unicodedata
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.text import MAX_COMBINING, GuestText, one_line, sanitise, whole

ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.text(
    st.sampled_from(
        "ab\x1b[31m\x07\x9b\r\n\t\u202e\u200b\u2066\u206a\u0301\u0e31\u20dd\ud800\U000e0041\ufe0f\u0600\u2028"
    )
)


@given(ANY_TEXT)
def test_nothing_that_controls_a_terminal_is_left(text: str) -> None:
    for char in sanitise(text):
        assert char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_no_character_of_the_common_scripts_controls_a_terminal_or_stacks() -> None:
    for code in set(range(0x3000)) - {ord("\n"), ord("\t")}:
        shown = sanitise(f"a{chr(code) * 9}")
        assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}, hex(code)
        assert sum(unicodedata.category(char) in {"Mn", "Me"} for char in shown) <= MAX_COMBINING, hex(code)


@given(ANY_TEXT)
def test_twice_is_once(text: str) -> None:
    once = sanitise(text)
    assert sanitise(str(once)) == once
    assert sanitise(once) is once


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"])))
def test_plain_text_is_left_alone(text: str) -> None:
    assert sanitise(text) == text


@given(ANY_TEXT)
def test_marks_do_not_pile_up(text: str) -> None:
    runs = groupby(sanitise(text), lambda char: unicodedata.category(char) in {"Mn", "Me"})
    assert all(len(list(run)) <= MAX_COMBINING for marks, run in runs if marks)


@pytest.mark.parametrize("mark", ["\u0301", "\u0e31", "\u20dd", "\u0489"])
@pytest.mark.parametrize("count", [1, 3, 4, 500])
def test_three_marks_of_a_run_are_kept(mark: str, count: int) -> None:
    pile = mark * count
    assert sanitise(f"a{pile}b{pile}") == f"a{mark * min(count, 3)}b{mark * min(count, 3)}"
    assert one_line(f"x {pile}") == f"x {mark * min(count, 3)}"


def test_marks_of_several_kinds_are_one_run() -> None:
    assert sanitise("e\u0301\u20dd\u0489\u0301\u0301!") == "e\u0301\u20dd\u0489!"


def test_what_is_removed_between_marks_does_not_start_a_new_run() -> None:
    assert sanitise("e" + "\u0301\ufe0f" * 9) == "e\u0301\u0301\u0301"


@given(ANY_TEXT, st.integers(30, 60), st.integers(1, 5))
def test_lines_and_their_number_are_bounded(text: str, max_line: int, max_lines: int) -> None:
    lines = sanitise(text * 40, max_line=max_line, max_lines=max_lines).split("\n")
    assert len(lines) <= max_lines
    assert all(len(line) <= max_line for line in lines)


def test_a_cut_says_how_much_went() -> None:
    assert sanitise("x" * 100, max_line=40) == "x" * 16 + "…[+84 characters]"
    assert sanitise("a\nb\nc\nd", max_lines=3) == "a\nb\n…[+2 lines]"


def test_sanitised_text_is_cut_again_for_a_narrower_place() -> None:
    assert sanitise(sanitise("a\nb\nc\nd"), max_lines=2) == "a\n…[+3 lines]"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J", "␛[2J"),
        ("\x9b2J", "⟨9b⟩2J"),
        ("bell\x07", "bell␇"),
        ("over\rwrite", "over␍write"),
        ("abc\u202ecba", "abc␦cba"),
        ("\x7f", "␡"),
        ("[/foo]", "[/foo]"),
    ],
)
def test_hostile_text_is_shown_as_symbols(hostile: str, shown: str) -> None:
    assert sanitise(hostile) == shown


@given(ANY_TEXT, st.integers(1, 40))
def test_one_line_is_one_line_of_that_width(text: str, width: int) -> None:
    line = one_line(text, width)
    assert isinstance(line, GuestText)
    assert len(line) <= width
    assert not set(line) & set("\n\t\r")


def test_one_line_says_that_something_was_left_out() -> None:
    assert one_line("abcdef", 4) == "abc…"
    assert one_line(" " * 100 + "after much space", 10).endswith("…")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\U0001f469\u200d\U0001f4bb\n\tend", "\U0001f469\u200d\U0001f4bb\n\tend"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("e\u0301\u0301\u0301\u0301\u0301 \u2764\ufe0f", "e\u0301\u0301\u0301\u0301\u0301 \u2764\ufe0f"),
        ("\u00e9\u202e\x1b[0m\r", "\u00e9\\u202e\\x1b[0m\\x0d"),
    ],
)
def test_a_file_gets_what_belongs_to_words_and_an_escape_for_what_acts(text: str, kept: str) -> None:
    assert whole(text) == kept
