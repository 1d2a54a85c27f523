"""Pairs of WIT texts, and what `wit diff` has to say of each: the table of compatibility, tried on real packages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_tui.cli.main import main
from airssys_tui.core.errors import UsageError
from airssys_tui.wit.comparison import compare
from tests.support.places import ROOT

CALLERS, HOSTS, NOBODY = {"callers"}, {"hosts"}, set()
BOTH = CALLERS | HOSTS

OF_INTERFACE = [
    ("f: func();", "f: func();", None, NOBODY),
    ("f: func();", "f: func(); g: func();", "added", HOSTS),
    ("f: func(); g: func();", "f: func();", "removed", CALLERS),
    ("f: func();", "f: func(a: u8);", "it takes 1 parameter instead of no parameters", BOTH),
    ("f: func(a: u8, b: u8);", "f: func(a: u8);", "it takes 1 parameter instead of 2 parameters", BOTH),
    ("f: func(a: u8);", "f: func(b: u8);", "parameter `a` is now called `b`", NOBODY),
    ("f: func(a: u8);", "f: func(a: u16);", "parameter `a` was u8 and is now u16", BOTH),
    ("f: func(a: u8);", "f: func(a: s8);", "parameter `a` was u8 and is now s8", BOTH),
    ("f: func(a: f32);", "f: func(a: f64);", "parameter `a` was f32 and is now f64", BOTH),
    ("f: func(a: string);", "f: func(a: list<u8>);", "parameter `a` was string and is now list<u8>", BOTH),
    ("f: func() -> u8;", "f: func();", "it returns nothing instead of u8", BOTH),
    ("f: func();", "f: func() -> u8;", "it now returns u8", BOTH),
    ("f: func() -> u8;", "f: func() -> u32;", "the result was u8 and is now u32", BOTH),
    ("f: func() -> u8;", "f: func() -> option<u8>;", "the result was u8 and is now option<u8>", BOTH),
    ("f: func() -> option<u8>;", "f: func() -> option<u16>;", "the value of the result was u8 and is now u16", BOTH),
    ("f: func() -> result<u8>;", "f: func() -> result<u8, string>;", "the error of the result carries string", BOTH),
    (
        "f: func() -> result<u8, string>;",
        "f: func() -> result<_, string>;",
        "the value of the result no longer carries u8",
        BOTH,
    ),
    ("f: func() -> list<u8>;", "f: func() -> list<u16>;", "an element of the result was u8 and is now u16", BOTH),
    (
        "f: func() -> tuple<u8, u8>;",
        "f: func() -> tuple<u8, char>;",
        "part 2 of the result was u8 and is now char",
        BOTH,
    ),
    (
        "f: func() -> tuple<u8, u8>;",
        "f: func() -> tuple<u8>;",
        "the result was tuple<u8, u8> and is now tuple<u8>",
        BOTH,
    ),
    (
        "record r { x: u8 } f: func() -> r;",
        "record r { x: u8, y: u8 } f: func() -> r;",
        "field `y` of the result was added",
        BOTH,
    ),
    (
        "record r { x: u8, y: u8 } f: func() -> r;",
        "record r { y: u8 } f: func() -> r;",
        "field `x` of the result was removed",
        BOTH,
    ),
    (
        "record r { x: u8, y: u8 } f: func() -> r;",
        "record r { y: u8, x: u8 } f: func() -> r;",
        "the fields of the result are in a different order",
        BOTH,
    ),
    (
        "record r { x: u8 } f: func(a: r);",
        "record r { x: string } f: func(a: r);",
        "field `x` of parameter `a` was u8 and is now string",
        BOTH,
    ),
    ("record r { x: u8 } f: func() -> r;", "record s { x: u8 } f: func() -> s;", None, NOBODY),
    ("type t = u8; f: func() -> t;", "f: func() -> u8;", None, NOBODY),
    ("type t = u8; f: func() -> t;", "type t = u16; f: func() -> t;", "the result was u8 and is now u16", BOTH),
    (
        "variant v { a, b(u8) } f: func() -> v;",
        "variant v { a, b(u8), c } f: func() -> v;",
        "case `c` of the result was added",
        BOTH,
    ),
    (
        "variant v { a, b } f: func() -> v;",
        "variant v { a } f: func() -> v;",
        "case `b` of the result was removed",
        BOTH,
    ),
    (
        "variant v { a, b(u8) } f: func() -> v;",
        "variant v { a(u8), b(u8) } f: func() -> v;",
        "case `a` of the result carries u8",
        BOTH,
    ),
    ("enum e { a, b } f: func() -> e;", "enum e { a, b, c } f: func() -> e;", "case `c` of the result was added", BOTH),
    (
        "enum e { a, b } f: func(x: e);",
        "enum e { b, a } f: func(x: e);",
        "the cases of parameter `x` are in a different order",
        BOTH,
    ),
    (
        "flags g { a, b } f: func(x: g);",
        "flags g { a } f: func(x: g);",
        "flag `b` of parameter `x` was removed",
        BOTH,
    ),
    ("enum e { a } f: func() -> e;", "flags e { a } f: func() -> e;", "was enum {a} and is now flags {a}", BOTH),
    ("f: func();", "f: func(); resource r { constructor(); }", "added", HOSTS),
    ("f: func(); resource r { go: func(); }", "f: func(); resource r { }", "removed", CALLERS),
    (
        "resource r { go: func(a: u8); }",
        "resource r { go: func(a: u16); }",
        "parameter `a` was u8 and is now u16",
        BOTH,
    ),
    (
        "resource r { } f: func() -> r;",
        "resource r { } f: func(a: borrow<r>);",
        "it returns nothing instead of own<r>",
        BOTH,
    ),
    (
        "record in { x: list<u8> } record r { i: option<in> } f: func() -> r;",
        "record in { x: list<u16> } record r { i: option<in> } f: func() -> r;",
        "an element of field `x` of the value of field `i` of the result was u8 and is now u16",
        BOTH,
    ),
]
"""Before, after, what is said (nothing: no change at all), and whom it breaks."""

OF_WORLD = [
    ("export f: func();", "export f: func(); export g: func();", NOBODY),
    ("export f: func(); export g: func();", "export f: func();", CALLERS),
    ("export f: func();", "export f: func() -> u8;", CALLERS),
    ("import f: func();", "import f: func(); import g: func();", HOSTS),
    ("import f: func(); import g: func();", "import f: func();", NOBODY),
    ("import f: func();", "import f: func() -> u8;", HOSTS),
    ("import f: func(a: u8);", "import f: func(b: u8);", NOBODY),
    ("import f: func(); export g: func();", "export f: func(); import g: func();", BOTH),
    ("export a: interface { f: func(); }", "export a: interface { f: func(); g: func(); }", NOBODY),
    ("export a: interface { f: func(); }", "", CALLERS),
    ("import a: interface { f: func(); }", "import a: interface { f: func(); g: func(); }", HOSTS),
    ("import a: interface { f: func(); }", "", NOBODY),
]

OF_PACKAGE = [
    (("1.0.0", "interface x { f: func(); }"), ("1.1.0", "interface x { f: func(); }"), NOBODY),
    (("1.0.0", "interface x { f: func(); }"), ("2.0.0", "interface x { f: func(); }"), CALLERS),
    (("0.1.0", "interface x { f: func(); }"), ("0.2.0", "interface x { f: func(); }"), CALLERS),
    (("0.1.0", "interface x { f: func(); }"), ("0.1.1", "interface x { f: func(); }"), NOBODY),
    (("1.0.0", "interface x { f: func(); }"), ("1.0.0", "interface x { f: func(); } interface y {}"), NOBODY),
    (("1.0.0", "interface x {} interface y { f: func(); }"), ("1.0.0", "interface x {}"), CALLERS),
    (("1.0.0", "interface x {} world w { import x; }"), ("1.0.0", "interface x {}"), CALLERS),
]


def package(folder: Path, text: str, version: str = "1.0.0") -> str:
    folder.mkdir(parents=True)
    (folder / "it.wit").write_text(f"package a:b@{version};\n{text}\n")
    return str(folder)


def judged(tmp_path: Path, old: tuple[str, str], new: tuple[str, str]):
    before, after = package(tmp_path / "old", old[1], old[0]), package(tmp_path / "new", new[1], new[0])
    found = [difference.change for difference in compare(before, after)]
    whom = {"callers" for change in found if change.breaking} | {"hosts" for change in found if change.breaks_hosts}
    return found, whom


@pytest.mark.parametrize(("old", "new", "said", "breaks"), OF_INTERFACE)
def test_an_interface(tmp_path: Path, old: str, new: str, said: str | None, breaks: set[str]) -> None:
    found, whom = judged(tmp_path, ("1.0.0", f"interface x {{ {old} }}"), ("1.0.0", f"interface x {{ {new} }}"))
    assert whom == breaks
    lines = [change.describe() for change in found]
    assert lines == [] if said is None else any(said in line for line in lines), lines


@pytest.mark.parametrize(("old", "new", "breaks"), OF_WORLD)
def test_a_world(tmp_path: Path, old: str, new: str, breaks: set[str]) -> None:
    _, whom = judged(tmp_path, ("1.0.0", f"world w {{ {old} }}"), ("1.0.0", f"world w {{ {new} }}"))
    assert whom == breaks


@pytest.mark.parametrize(("old", "new", "breaks"), OF_PACKAGE)
def test_a_package(tmp_path: Path, old: tuple[str, str], new: tuple[str, str], breaks: set[str]) -> None:
    _, whom = judged(tmp_path, old, new)
    assert whom == breaks


def test_the_table_is_long_enough() -> None:
    assert len(OF_INTERFACE) + len(OF_WORLD) + len(OF_PACKAGE) >= 55


def test_two_releases_of_a_component(capsys: pytest.CaptureFixture[str]) -> None:
    releases = ROOT / "sample_components" / ".releases" / "counter"
    old, new = (str(releases / version / "counter.wasm") for version in ("1.1.0", "1.3.0"))
    assert main(["wit", "diff", old, new]) == 1
    assert capsys.readouterr().out.split() == ["breaks", "callers", "export", "`reset`", "removed"]
    assert main(["wit", "diff", old, old]) == 0
    assert capsys.readouterr().out == "no differences\n"


def test_json_names_whom_it_breaks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    old = package(tmp_path / "old", "world w { import f: func(); }")
    new = package(tmp_path / "new", "world w { import f: func() -> u8; }")
    assert main(["wit", "diff", old, new, "--json"]) == 1
    (line,) = json.loads(capsys.readouterr().out)
    assert line["breaks"] == ["hosts"]
    assert (line["before"], line["after"]) == ("f: func()", "f: func() -> u8")
    assert line["world"] == "a:b/w@1.0.0"


def test_a_component_is_not_compared_with_a_package() -> None:
    with pytest.raises(UsageError, match="is a component, core-host is a WIT package"):
        compare(str(ROOT / "sample_components" / "counter" / "counter.wasm"), "core-host")


def test_packages_of_ours_are_compared_without_the_tool(tmp_path: Path) -> None:
    code = (
        "import sys; from airssys_tui.cli.main import main; sys.exit(main(['wit', 'diff', 'core-host', 'core-host']))"
    )
    empty = {"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    hidden = f"import airssys_tui.wit.tool as t; t.NAME = 'no-such-tool'; {code}"
    done = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, check=False, env=empty)
    assert (done.returncode, done.stdout) == (0, "no differences\n"), done.stderr


def test_a_components_folder_stands_for_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    releases = ROOT / "sample_components" / ".releases" / "counter"
    assert main(["wit", "diff", str(releases / "1.1.0"), str(releases / "1.3.0")]) == 1
    assert "export `reset` removed" in capsys.readouterr().out
    assert main(["wit", "show", str(releases / "1.1.0")]) == 0
    assert "export stats: func()" in capsys.readouterr().out
    (tmp_path / "Component.toml").touch()
    assert main(["wit", "show", str(tmp_path)]) == 2
    assert "has 0 .wasm files" in capsys.readouterr().err
