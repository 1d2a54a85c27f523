"""Tables: alignment, width, cutting, safety."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.cli.answering.plain_table import PlainColumn, cell_width, render

COLUMNS = (PlainColumn("NAME", least=6), PlainColumn("SIZE", right=True, rank=2), PlainColumn("NOTE", rank=1, least=8))


def test_columns_are_aligned_and_figures_stand_to_the_right() -> None:
    lines = render(COLUMNS, [("counter", "15K", "held"), ("x", "1.2M", "")])
    assert lines == ["NAME     SIZE  NOTE", "counter   15K  held", "x        1.2M"]


def test_what_may_be_cut_is_cut_before_a_column_goes() -> None:
    lines = render(COLUMNS, [("counter", "15K", "a note that is far too long for this terminal")], width=30)
    assert lines[1] == "counter   15K  a note that is…"


def test_the_least_important_column_goes_first() -> None:
    assert render(COLUMNS, [("counter", "15K", "a long note indeed")], width=18)[0] == "NAME     NOTE"
    assert render(COLUMNS, [("counter", "15K", "a long note indeed")], width=10)[0] == "NAME"


def test_wide_characters_take_two_cells() -> None:
    assert cell_width("日本") == 4
    assert render((PlainColumn("A"), PlainColumn("B")), [("日本", "x"), ("abcd", "y")])[1:] == ["日本  x", "abcd  y"]
    assert render((PlainColumn("NOTE", least=4),), [("日本語文字",)], width=6)[1] == "日本…"


def test_an_empty_table_is_its_heading() -> None:
    assert render(COLUMNS, []) == ["NAME  SIZE  NOTE"]


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=10), st.text(max_size=60)), max_size=5))
def test_no_text_breaks_a_row(rows: list[tuple[str, str, str]]) -> None:
    lines = render(COLUMNS, rows)
    assert len(lines) == len(rows) + 1
    for line in lines:
        assert "\n" not in line
        assert "\x1b" not in line
        assert line == line.rstrip()


@given(
    st.lists(
        st.tuples(st.text("abc日", max_size=40), st.text("1", max_size=10), st.text("xy", max_size=60)), max_size=5
    ),
    st.integers(6, 120),
)
def test_a_table_fits_when_it_can(rows: list[tuple[str, str, str]], width: int) -> None:
    assert all(cell_width(line) <= width for line in render(COLUMNS, rows, width))
