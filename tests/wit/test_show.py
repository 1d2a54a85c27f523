"""`wit show` prints what `wit check` accepts, for every component, and reads component text; `--features`."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.cli.main import main
from airssys_tui.core.types.interface import Interface
from airssys_tui.wit import tool
from airssys_tui.wit.component_text import component_text
from airssys_tui.wit.target import built_text, is_valid, types_of
from tests.support.engine import guests
from tests.support.places import FIXTURES, SAMPLES

FOREIGN = '(instance (export "f" (func (param "type" u8) (result (list string)))))'
WATS = {
    "root function": '(component (import "log" (func (param "m" string))))',
    "wasi http": f'(component (import "wasi:http/types@0.2.10" {FOREIGN}))',
    "release candidate": f'(component (import "wasi:io/streams@0.2.0-rc-2023-11-10" {FOREIGN}))',
    "two versions": f'(component (import "a:b/c@1.0.0" {FOREIGN}) (import "a:b/c@2.0.0" {FOREIGN}))',
    "a plain instance": f'(component (import "interface" {FOREIGN}) (import "other" (instance)))',
    "asynchronous": '(component (import "f" (func async (param "s" u32) (result u32))))',
    "streams": """(component (import "x:y/z@0.3.0" (instance (type $s (stream u8)) (type $f (future string))
      (export "read" (func (param "from" $s) (result $f))))))""",
    "named types": """(component (import "x:y/z" (instance
      (type $r' (record (field "type" u8) (field "b" (tuple u8 string)))) (export "item" (type $r (eq $r')))
      (type $v' (variant (case "list" $r) (case "none"))) (export "choice" (type $v (eq $v')))
      (type $e' (enum "from" "to")) (export "way" (type $e (eq $e')))
      (type $f' (flags "use" "as")) (export "marks" (type $f (eq $f')))
      (export "f" (func (param "v" $v) (param "e" $e) (result (result $f (error (option char)))))))))""",
    "a resource from elsewhere": """(component
      (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))
        ))
      (alias export $poll "pollable" (type $p))
      (import "wasi:clocks/monotonic-clock@0.2.0" (instance
        (export "pollable" (type $q (eq $p)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $q)))))))""",
    "resources": guests.TICKETS,
    "exported resources": guests.RESOURCES,
}


@pytest.mark.parametrize("name", WATS)
@pytest.mark.parametrize("suffix", ["wat", "wasm"])
def test_what_is_shown_of_a_component_is_valid(tmp_path: Path, capsys, name: str, suffix: str) -> None:
    file, shown = tmp_path / f"c.{suffix}", tmp_path / "shown.wit"
    file.write_bytes(WATS[name].encode() if suffix == "wat" else guests.binary(WATS[name]))
    assert main(["wit", "show", str(file)]) == 0
    shown.write_text(capsys.readouterr().out)
    assert main(["wit", "check", str(shown)]) == 0, shown.read_text()


@pytest.mark.parametrize("name", WATS)
def test_without_the_tool_it_is_valid_too(tmp_path: Path, monkeypatch, name: str) -> None:
    file = tmp_path / "c.wat"
    file.write_text(WATS[name])
    with monkeypatch.context() as without:
        without.setattr(tool, "NAME", "no-such-tool")
        text = built_text(file)
    assert is_valid(text), text


BUILT = sorted(path for path in [*SAMPLES.glob("*/*.wasm"), *FIXTURES.glob("*/*.wasm")] if path.stem != "core-module")


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.stem)
def test_every_built_component_of_the_repository_is_shown_as_valid_text(path: Path) -> None:
    types = types_of(str(path))
    assert isinstance(types, Interface)
    text = component_text(types)
    assert is_valid(text), text
    for item in (*types.imports, *types.exports):
        assert item.name in text


def test_names_are_kept_where_the_tool_knows_them(tmp_path: Path, capsys) -> None:
    file = tmp_path / "c.wat"
    file.write_text(WATS["named types"])
    assert main(["wit", "show", str(file)]) == 0
    out = capsys.readouterr().out
    assert "record item {" in out
    assert "%type: u8" in out


@pytest.mark.parametrize(
    ("text", "said"), [("(component", "expected"), ("nonsense", "expected"), ("\xff", "is not UTF-8")]
)
def test_text_that_is_no_component_is_an_error_with_its_place(tmp_path: Path, capsys, text: str, said: str) -> None:
    file = tmp_path / "c.wat"
    file.write_bytes(text.encode("latin-1"))
    assert main(["wit", "show", str(file)]) != 0
    err = capsys.readouterr().err
    assert said in err
    assert "c.wat" in err


def test_component_text_is_compared(tmp_path: Path, capsys) -> None:
    old, new = tmp_path / "old.wat", tmp_path / "new.wasm"
    old.write_text(WATS["root function"])
    new.write_bytes(guests.binary('(component (import "log" (func (param "m" string) (param "n" u8))))'))
    assert main(["wit", "diff", str(old), str(new)]) == 1
    assert "it takes 2 parameters instead of 1 parameter" in capsys.readouterr().out


UNSTABLE = """package a:b;
@unstable(feature = fancy)
interface fancy-face { type t = u32; }
@unstable(feature = plain)
interface plain-face { type t = u32; }
world both { import fancy-face; import plain-face; }
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 1),
        (("--features", "fancy"), 1),
        (("--features", "fancy,plain"), 0),
        (("--features", "fancy", "--features", "plain"), 0),
        (("--features", "all"), 0),
        (("--features", "unknown"), 1),
    ],
)
def test_what_is_unstable_can_be_used_when_its_feature_is_named(tmp_path: Path, capsys, words, code) -> None:
    file = tmp_path / "a.wit"
    file.write_text(UNSTABLE)
    assert main(["wit", "check", str(file), *words]) == code, capsys.readouterr().out
