"""The line finder against documents of any shape, whose lines are known because the test wrote them."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.core.manifest.toml_lines import TomlLines
from tests.support.toml_documents import Document, documents, paths


@given(documents())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=150)
def test_everything_in_a_document_has_its_line(document: Document) -> None:
    parsed = tomllib.loads(document.text)
    lines = TomlLines(document.text)
    found = {path: lines.line(path) for path in paths(parsed)}
    assert found == {path: document.lines[path] for path in paths(parsed)}


@given(st.text(st.sampled_from("ab.=[]{}\"'#,\n\\1 ")))
def test_text_that_is_not_toml_neither_loops_nor_raises(text: str) -> None:
    assert TomlLines(text).line(("a", "b")) >= 1


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_both_kinds_of_line_ends_count(newline: str) -> None:
    lines = TomlLines(newline.join(["# one", "[table]", "", "key = [", "  1,", "  2,", "]", "other = 1"]))
    assert lines.line(("table",)) == 2
    assert lines.line(("table", "key")) == 4
    assert lines.line(("table", "key", 1)) == 6
    assert lines.line(("table", "other")) == 8


def test_an_unknown_key_stands_where_its_table_does() -> None:
    lines = TomlLines("\n[a]\nb = 1\n")
    assert lines.line(("a", "missing", "deeper")) == 2
    assert lines.line(("nowhere",)) == 1


def test_nesting_without_end_is_given_up() -> None:
    assert TomlLines("a = 1\nb = " + "[" * 100_000).line(("a",)) == 1
