"""Property tests judge values, never time: no example has a deadline, which a busy machine would miss."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.places import ROOT


def deadlines(path: Path) -> Iterator[str]:
    """Give every deadline that a module of tests sets."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "settings":
            for keyword in node.keywords:
                if keyword.arg == "deadline":
                    yield ast.unparse(keyword.value)


def test_an_example_has_no_deadline_unless_a_test_says_otherwise() -> None:
    assert settings.default is not None
    assert settings.default.deadline is None
    assert settings(max_examples=3).deadline is None


def test_no_test_says_otherwise() -> None:
    found = {path.relative_to(ROOT): set(deadlines(path)) for path in sorted((ROOT / "tests").rglob("*.py"))}
    assert {path: values for path, values in found.items() if values - {"None"}} == {}
    assert sum(bool(values) for values in found.values()) >= 3, "the search finds what there is"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@settings(deadline=200)\ndef f(): pass", ["200"]),
        ("x = hypothesis.settings(max_examples=3, deadline=timedelta(seconds=1))", ["timedelta(seconds=1)"]),
        ("x = settings(deadline=None)", ["None"]),
        ("x = settings(max_examples=3)", []),
    ],
)
def test_the_search_reads_what_is_set(tmp_path: Path, text: str, said: list[str]) -> None:
    module = tmp_path / "module.py"
    module.write_text(text)
    assert list(deadlines(module)) == said
