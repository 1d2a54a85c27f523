"""Documents made to cost too much are refused before they are parsed; ordinary ones never are."""

from __future__ import annotations

import time
import tomllib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import ManifestError
from airssys_tui.core.manifest import toml_bounds
from airssys_tui.core.manifest.document import parse_manifest
from airssys_tui.core.manifest.table_reader import MAX_PROBLEMS
from airssys_tui.core.manifest.toml_bounds import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_KEYS,
    MAX_PARTS,
    MAX_TABLE_KEYS,
    MAX_TABLES,
    MAX_UNQUOTED,
    TomlError,
    check_bounds,
    load_toml,
)
from tests.support.toml_documents import Document, documents

LEAST = '[package]\nname = "x"\n[component]\nwasm = "x.wasm"\n'
CONFIG = LEAST + "[config]\n"

AT_ONCE = 0.25
"""Seconds of processor time within which every bomb is refused; the slowest takes 20 ms on a free machine."""

Q3 = '"""'

BOMBS = {
    "dotted key": (CONFIG + ".".join("a" * 16_000) + " = 1\n", 6, f"more than {MAX_PARTS} parts"),
    "dotted key, spaced": (CONFIG + " . ".join("a" * 16_000) + " = 1\n", 6, f"more than {MAX_PARTS} parts"),
    "dotted key, quoted": (CONFIG + ".".join(['"a"', "'b'"] * 8_000) + " = 1\n", 6, f"more than {MAX_PARTS} parts"),
    "dotted key in braces": (CONFIG + "x = { " + ".".join("a" * 9_000) + " = 1 }", 6, f"more than {MAX_PARTS} parts"),
    "dotted header": (LEAST + "[config." + ".".join("a" * 16_000) + "]\n", 5, f"more than {MAX_PARTS} parts"),
    "dotted header of arrays": (LEAST + "[[c." + ".".join("a" * 9_000) + "]]\n", 5, f"more than {MAX_PARTS} parts"),
    "deep arrays": (CONFIG + "x = " + "[" * 50_000 + "]" * 50_000, 6, f"nested more than {MAX_DEPTH} deep"),
    "deep arrays, on lines": (CONFIG + "x = " + "[\n" * 50_000, 6 + 30, f"nested more than {MAX_DEPTH} deep"),
    "deep tables": (CONFIG + "x = " + "{a = " * 20_000 + "1" + "}" * 20_000, 6, f"nested more than {MAX_DEPTH} deep"),
    "deep mixture": (CONFIG + "x = " + "[{a.b = " * 20_000, 6, f"nested more than {MAX_DEPTH} deep"),
    "tables": (LEAST + "".join(f"[zz{i}]\n" for i in range(20_000)), 5 + MAX_TABLES - 2, f"more than {MAX_TABLES} tab"),
    "elements that are tables": (LEAST + "[[config.x]]\n" * 15_000, 5 + MAX_TABLES - 2, f"more than {MAX_TABLES} tab"),
    "tables in braces": (CONFIG + "x = [" + "{a=1}," * 20_000 + "]", 6, f"more than {MAX_TABLES} tables"),
    "keys": (CONFIG + "".join(f"k{i} = 1\n" for i in range(20_000)), 6 + MAX_TABLE_KEYS, f"more than {MAX_TABLE_KEYS}"),
    "keys in braces": (CONFIG + "x = {" + ",".join(f"k{i}=1" for i in range(20_000)), 6, f"than {MAX_TABLE_KEYS} keys"),
    "unknown keys": (
        LEAST + "[resources]\n" + "".join(f"memor{i} = 1\n" for i in range(18_000)),
        6 + MAX_TABLE_KEYS,
        f"more than {MAX_TABLE_KEYS} keys",
    ),
    "keys in many tables": (
        "".join(f"[t{i}]\n" + "".join(f"{k}.a = 1\n" for k in range(100)) for i in range(200)),
        101 * ((MAX_KEYS - 1) // 201) + 89,
        f"more than {MAX_KEYS} keys",
    ),
    "elements": (CONFIG + "x = [" + "1," * 100_000 + "]\n", 6, f"more than {MAX_ELEMENTS} elements"),
    "elements on lines": (CONFIG + "x = [\n" + "[],\n" * 50_000, 7 + MAX_ELEMENTS, f"than {MAX_ELEMENTS} elements"),
    "a number": (CONFIG + "x = " + "9" * 200_000 + "\n", 6, f"longer than {MAX_UNQUOTED} characters"),
    "a hexadecimal number": (CONFIG + "x = 0x" + "F" * 200_000 + "\n", 6, f"longer than {MAX_UNQUOTED} characters"),
    "a fraction": (CONFIG + "x = 1." + "1" * 200_000 + "\r\n", 6, f"longer than {MAX_UNQUOTED} characters"),
    "size": (CONFIG + "x = '" + "a" * MAX_CHARACTERS + "'", 1, f"longer than {MAX_CHARACTERS} characters"),
    "after a text full of brackets": (
        CONFIG + f"a = {Q3}\n{'[' * 500}\n{Q3}\nx = " + "[" * 40_000,
        9,
        f"nested more than {MAX_DEPTH} deep",
    ),
    "after comments, with CRLF": (
        (CONFIG + "# [[[[ {{{\n" * 50 + ".".join("a" * 9_000) + " = 1\n").replace("\n", "\r\n"),
        56,
        f"more than {MAX_PARTS} parts",
    ),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_at_once_with_its_line_and_the_bound(
    bomb: tuple[str, int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, line, bound = bomb
    monkeypatch.setattr(tomllib, "loads", _never)
    began = time.process_time()
    with pytest.raises(ManifestError) as refusal:
        parse_manifest(text, "x/Component.toml")
    assert time.process_time() - began < AT_ONCE
    (problem,) = refusal.value.problems
    assert bound in problem.message
    assert problem.line == line


def _never(_: str) -> None:
    pytest.fail("the parser was reached")


ORDINARY = {
    "brackets in texts": f"a = \"[[[[{{{{{'[' * 100}\"\nb = '{'{' * 100}'\n",
    "brackets in texts of many lines": f"a = {Q3}\n{'[{' * 3_000}\nb.b.b = [[[\n{Q3}\nb = '''\n{'[' * 3_000}'''\n",
    "quotes in texts of many lines": f'a = {Q3}x "" y\\{Q3} {"[" * 99}{Q3}""\nb = 1\n',
    "brackets in comments": "# " + "[" * 500 + "\na = [ # [[[[[[\n" + "# ]]] {{{\n" * 100 + "1]\n",
    "dots in quoted keys": f"\"{'.' * 5_000}\" = 1\n'{'a.' * 5_000}'.b = 2\n",
    "dots in texts": f'a = "{"a." * 50_000}"\n',
    "dots in comments": "a = 1 # " + "a." * 50_000 + "\n",
    "quotes escaped": 'a = "' + '\\"' * 10_000 + '[[[["\nb = "\\\\"\n',
    "empty texts": 'a = ["", \'\', """""", \'\'\'\'\'\']\n"" = 1\n',
    "dates": "a = 1979-05-27 07:32:00.999999-07:00\nb = [1979-05-27, 07:32:00]\n",
    "carriage returns": "a = 1\r\n[b]\r\nc = [\r\n1,\r\n2]\r\n",
    "a long text": f"a = '{'x' * 200_000}'\n",
    "many lines": "\n" * 100_000 + "a = 1\n",
    "a long list": f"a = [{'1, ' * (MAX_ELEMENTS - 1)}1]\n",
    "many keys": "".join(f"k{i} = {i}\n" for i in range(MAX_TABLE_KEYS)),
    "many tables": "".join(f"[t{i}]\na = 1\n" for i in range(MAX_TABLES)),
    "deep arrays": f"a = {'[' * (MAX_DEPTH - 1)}{']' * (MAX_DEPTH - 1)}\n",
    "deep tables": f"a = {'{a = ' * (MAX_DEPTH - 1)}1{'}' * (MAX_DEPTH - 1)}\n",
    "a deep key": ".".join("a" * MAX_PARTS) + " = 1\n",
    "a deep header": f"[{'.'.join('a' * (MAX_DEPTH - 1))}]\n",
    "a long number": f"a = 0x{'F' * (MAX_UNQUOTED - 2)}\n",
}


@pytest.mark.parametrize("text", ORDINARY.values(), ids=ORDINARY)
def test_what_only_looks_like_a_bomb_is_read_as_the_parser_reads_it(text: str) -> None:
    assert load_toml(text) == tomllib.loads(text)


@given(documents())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=60, deadline=None)
def test_no_ordinary_document_is_refused_and_the_scan_counts_what_the_parser_makes(document: Document) -> None:
    """With bounds at what a document holds it passes; with one less it does not."""
    parsed = tomllib.loads(document.text)
    assert repr(load_toml(document.text)) == repr(parsed)
    depth, elements = _depth(parsed), _elements(parsed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(toml_bounds, "MAX_DEPTH", depth)
        patch.setattr(toml_bounds, "MAX_ELEMENTS", elements)
        check_bounds(document.text)
        if "[[" in document.text:
            return  # what an array of tables adds, only the parsed document tells
        if elements:
            patch.setattr(toml_bounds, "MAX_ELEMENTS", elements - 1)
            with pytest.raises(TomlError, match=f"more than {elements - 1} elements"):
                check_bounds(document.text)
            patch.setattr(toml_bounds, "MAX_ELEMENTS", elements)
        if depth > 1:
            patch.setattr(toml_bounds, "MAX_DEPTH", depth - 1)
            with pytest.raises(TomlError, match=f"nested more than {depth - 1} deep"):
                check_bounds(document.text)


@given(st.text(st.sampled_from("ab.=[]{}\"'#,\n\\1 \r"), max_size=60))
@example("a = '''''''[")
@example('"""" = 1')
@example("a = [1\nb.c]")
@settings(deadline=None, max_examples=300)
def test_on_any_text_the_scan_ends_and_the_answer_is_the_parsers(text: str) -> None:
    check_bounds(text)
    try:
        expected = tomllib.loads(text)
    except ValueError:
        with pytest.raises(TomlError, match="not TOML"):
            load_toml(text)
    else:
        assert load_toml(text) == expected


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("".join(f"[zz{i}]\n" for i in range(MAX_TABLES - 2)), MAX_TABLES - 2, id="tables"),
        pytest.param("[resources]\n" + "".join(f"memor{i} = 1\n" for i in range(1_900)), 1_900, id="keys"),
        pytest.param("[dependencies]\n" + "".join(f"d{i} = 'x'\n" for i in range(1_900)), 1_900, id="requirements"),
        pytest.param(f"[build]\nwatch = [{'1,' * (MAX_ELEMENTS - 1)}]\n", MAX_ELEMENTS - 1, id="elements"),
        pytest.param("[config]\n" + "".join(f"d{i} = inf\n" for i in range(1_900)), 1_900, id="values"),
    ],
)
def test_many_problems_are_counted_not_all_told(text: str, problems: int) -> None:
    with pytest.raises(ManifestError) as refusal:
        parse_manifest(LEAST + text, "x/Component.toml")
    *told, last = refusal.value.problems
    assert len(told) == MAX_PROBLEMS
    assert last.message == f"and {problems - MAX_PROBLEMS} more problems"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (LEAST + f"[resources]\n{'m' * 200_000} = 1\n", "resources.mmm"),
        (LEAST + f'[resources]\nmemory = "{"1 " * 100_000}"\n', "resources.memory"),
        (LEAST + f'[resources]\ndeadline = "{"1s" * 100_000}"\n', "resources.deadline"),
        (LEAST + f'[dependencies]\nd = "{">=1," * 40_000}"\n', "dependencies.d"),
        (LEAST.replace('"x"', f'"x"\nversion = "1.0.0-{"a." * 100_000}a"'), "package.version"),
        (LEAST.replace('"x"', f'"{"x-" * 100_000}"'), "package.name"),
    ],
    ids=["key", "size", "duration", "requirement", "version", "name"],
)
def test_a_huge_text_is_one_short_problem(text: str, key: str) -> None:
    began = time.process_time()
    with pytest.raises(ManifestError) as refusal:
        parse_manifest(text, "x/Component.toml")
    assert time.process_time() - began < AT_ONCE
    (problem,) = refusal.value.problems
    assert problem.key.startswith(key)
    assert len(str(refusal.value)) < 600


def _depth(value: object) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max((_depth(child) for child in children), default=0)


def _elements(value: object) -> int:
    if isinstance(value, dict):
        return sum(map(_elements, value.values()))
    if isinstance(value, list):
        return len(value) + sum(map(_elements, value))
    return 0
