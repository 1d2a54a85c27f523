"""`wit check` on our packages and on folders of anybody's, right and wrong, with the place of what is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from airssys_tui.cli.main import main
from airssys_tui.core.errors import MissingTool
from airssys_tui.wit import tool
from airssys_tui.wit.unit import parse_unit
from airssys_tui.wit.validation import check
from tests.support.places import ROOT

RIGHT = {
    "one file": {"a.wit": "package a:b;\ninterface x { f: func(); }"},
    "two files": {"a.wit": "package a:b@1.0.0;\ninterface x { f: func(); }", "b.wit": "interface y {}"},
    "a dependency": {
        "a.wit": "package a:b@1.0.0;\ninterface x { use c:d/y@1.0.0.{t}; f: func(a: t); }",
        "deps/d/d.wit": "package c:d@1.0.0;\ninterface y { type t = u32; }",
    },
    "words in comments": {"a.wit": "package a:b@1.0.0;\n// use c:d/e@9.9.9.{t};\n/* c:d/e@9.9.9\n*/ interface x {}"},
    "an escaped keyword": {"a.wit": "package a:b;\ninterface x { %list: func(); }"},
    "a world": {"a.wit": "package a:b;\ninterface x {}\nworld w { import x; export run: func(); }"},
}

WRONG = {
    "syntax": ({"a.wit": "package a:b@1.0.0;\ninterface x { f: func(a u32); }"}, "a.wit:2:25", "expected ':'"),
    "an open bracket": ({"a.wit": "package a:b@1.0.0;\ninterface x {"}, "a.wit:2:14", "eof"),
    "a missing package": (
        {"a.wit": "package a:b@1.0.0;\ninterface x { use c:d/e@1.0.0.{t}; }"},
        "a.wit:2:19",
        "'c:d@1.0.0' not found",
    ),
    "a circle of interfaces": (
        {"a.wit": "package a:b;\ninterface x { use y.{t}; type s = u8; }\ninterface y { use x.{s}; type t = u8; }"},
        "a.wit:3:11",
        "depends on itself",
    ),
    "a circle of packages": (
        {
            "a.wit": "package a:b@1.0.0;\ninterface x { use c:d/y@1.0.0.{t}; type s = u8; }",
            "deps/d/d.wit": "package c:d@1.0.0;\ninterface y { use a:b/x@1.0.0.{s}; type t = u8; }",
        },
        "a.wit:2:19",
        "cycle",
    ),
    "a name twice": (
        {"a.wit": "package a:b;\ninterface x {}\ninterface x {}"},
        "a.wit:3:11",
        "duplicate item named `x`",
    ),
    "a function twice": ({"a.wit": "package a:b;\ninterface x {\n  f: func();\n  f: func();\n}"}, "a.wit:4:3", "`f`"),
    "another version": (
        {
            "a.wit": "package a:b@1.0.0;\n\n  interface x { use c:d/y@1.1.0.{t}; }",
            "deps/d/d.wit": "package c:d@1.0.0;\ninterface y { type t = u8; }",
        },
        "a.wit:3:21",
        "c:d@1.1.0 is requested; deps/ has @1.0.0",
    ),
    "no version": (
        {
            "a.wit": "package a:b@1.0.0;\ninterface x { use c:d/y.{t}; }",
            "deps/d/d.wit": "package c:d@1.0.0;\ninterface y { type t = u8; }",
        },
        "a.wit:2:19",
        "c:d without a version is requested; deps/ has @1.0.0",
    ),
    "an unknown interface": ({"a.wit": "package a:b;\ninterface x { use y.{t}; }"}, "a.wit:2:19", "`y` does not exist"),
    "an unknown type": ({"a.wit": "package a:b;\ninterface x { f: func(a: nope); }"}, "a.wit:2:26", "`nope`"),
    "a keyword as a name": (
        {"a.wit": "package a:b;\ninterface x { stream: func(); }"},
        "a.wit:2:15",
        "keyword `stream`",
    ),
    "two packages in a folder": (
        {"a.wit": "package a:b@1.0.0;\ninterface x {}", "b.wit": "\npackage a:c@1.0.0;\ninterface y {}"},
        "b.wit:2:9",
        "this is a:c@1.0.0; a.wit next to it is a:b@1.0.0",
    ),
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("files", RIGHT.values(), ids=RIGHT)
def test_what_is_right_is_right(tmp_path: Path, files: dict[str, str]) -> None:
    (verdict,) = check(write(tmp_path, files))
    assert verdict.problem == ""


@pytest.mark.parametrize(("files", "place", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_placed(tmp_path: Path, files: dict[str, str], place: str, said: str) -> None:
    (verdict,) = check(write(tmp_path, files))
    assert said in verdict.problem
    assert verdict.place == f"{tmp_path}/{place}"
    assert verdict.problem.startswith(verdict.place)


def test_our_packages_are_right() -> None:
    verdicts = check(ROOT / "wit")
    assert len(verdicts) == 7
    assert [verdict.problem for verdict in verdicts if verdict.problem] == []


def test_a_folder_without_wit_and_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    assert "has no .wit file" in check(tmp_path)[0].problem
    assert "does not exist" in check(tmp_path / "nowhere")[0].problem


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_bytes(b"package a:b;\n\xff")
    assert "byte 13 is not UTF-8" in check(tmp_path)[0].problem


def test_a_stale_workspace_is_wrong(tmp_path: Path) -> None:
    wit = shutil.copytree(ROOT / "wit", tmp_path / "wit")
    (wit / "core-host" / "deps" / "core-types" / "time.wit").unlink()
    (verdict,) = check(wit)
    assert "core-host/deps/core-types differs" in verdict.problem
    assert "wit vendor" in verdict.remedy


def test_without_the_tool_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tool, "NAME", "no-such-tool")
    with pytest.raises(MissingTool) as caught:
        check(write(tmp_path, RIGHT["one file"]))
    assert "airssys-tui[build]" in caught.value.remedy


def test_the_command_answers_for_every_path(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    right = write(tmp_path / "right", RIGHT["one file"])
    wrong = write(tmp_path / "wrong", WRONG["syntax"][0])
    assert main(["wit", "check", str(right)]) == 0
    assert main(["wit", "check", str(right), str(wrong)]) == 1
    out = capsys.readouterr().out
    assert f"valid    {right}" in out
    assert f"{wrong}/a.wit:2:25: expected ':'" in out
    assert main(["wit", "check", str(wrong), "--json"]) == 1
    (verdict,) = json.loads(capsys.readouterr().out)
    assert verdict["place"] == f"{wrong}/a.wit:2:25"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("core-host/storage", "interface storage {"),
        ("airssys:core-types/errors@1.0.0", "variant storage-error {"),
        ("core-component/stateful", "export state;"),
        ("ext-network", "interface tcp {"),
        (str(ROOT / "sample_components/counter/counter.wasm"), "export increment: func(by: u64) -> u64;"),
        (str(ROOT / "wit/core-types.wasm"), "package airssys:core-types@1.0.0;"),
        (str(ROOT / "wit/core-types"), "interface errors {"),
    ],
)
def test_showing(capsys: pytest.CaptureFixture[str], target: str, said: str) -> None:
    assert main(["wit", "show", target]) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("target", ["nowhere", "core-host/nowhere", str(ROOT / "Makefile")])
def test_showing_what_is_not_there(capsys: pytest.CaptureFixture[str], target: str) -> None:
    assert main(["wit", "show", target]) != 0
    assert "error: " in capsys.readouterr().err


def test_types_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wit", "show", "core-host", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    names = {interface["name"] for interface in answer["interfaces"]}
    assert "airssys:core-host/storage@1.0.0" in names
    assert {world["name"] for world in answer["worlds"]} >= {"airssys:core-host/imports@1.0.0"}


def test_what_is_exported_is_right_and_complete(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["wit", "export", str(tmp_path / "wit")]) == 0
    assert main(["wit", "check", str(tmp_path / "wit")]) == 0
    assert main(["wit", "vendor", str(tmp_path / "wit"), "--check", "--binary"]) == 0
    capsys.readouterr()


def test_places_count_from_one_and_comments_do_not_count() -> None:
    unit = parse_unit(
        "/* a:b/c */\n// d:e/f\npackage g:h@1.2.3;\ninterface x { use i:j/k@0.1.0.{t}; }\n", Path("x.wit")
    )
    assert (unit.package, unit.version, str(unit.place)) == ("g:h", "1.2.3", "x.wit:3:9")
    (reference,) = unit.references
    assert (reference.package, reference.item, reference.version) == ("i:j", "k", "0.1.0")
    assert str(reference.place) == "x.wit:4:19"
