"""Asynchronous components (WASI 0.3): one line with the way out, before they are compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.core.errors import AdmissionError, GateRefusal
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import State
from airssys_tui.runtime.standalone.call import call_path
from airssys_tui.runtime.standalone.check import inspect_path
from airssys_tui.wit.comparison import compare
from airssys_tui.wit.target import built_text, types_of
from tests.support.components import Crafted
from tests.support.engine import guests
from tests.support.world import World

BODY = """(core module $m (func (export "f") (param i32) (result i32) local.get 0))
  (core instance $i (instantiate $m))"""
LIFTED = f"""(component {BODY}
  (func (export "f") async (param "x" u32) (result u32) (canon lift (core func $i "f"))))"""
PLAIN = f"""(component {BODY}
  (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))"""
STREAMS = """(component (import "wasi:cli/stdin@0.3.0" (instance
  (type $s (stream u8)) (export "read" (func (result (tuple $s u32)))))))"""
NESTED = '(component (component (type $f (future)) (import "x" (func (param "a" $f)))))'

REFUSED = {"async func": LIFTED, "stream": STREAMS, "future": NESTED}
LINE = "it uses asynchronous components (WASI 0.3: `{}`), which this version cannot run"
WAY_OUT = "build it for WASI 0.2, with synchronous exports (componentize-qjs: `--sync`)"


@pytest.mark.parametrize("feature", REFUSED)
def test_a_candidate_is_refused_at_the_sections_and_the_old_revision_serves(world: World, feature: str) -> None:
    world.put("c", Crafted())
    world.open()
    world.call("c", "add", 7)
    world.install("c", guests.binary(REFUSED[feature]))
    assert LINE.format(feature) in world.row("c").note.text
    said = world.told("c", "refused")
    assert f"refused at sections: {LINE.format(feature)}" in said
    assert WAY_OUT in said
    assert Gate.COMPILE not in dict(world.history("c")[0].gates)
    assert world.call("c", "get") == 7


def test_a_first_one_fails_with_the_same_line_and_is_replaced_by_a_synchronous_build(world: World) -> None:
    world.put("c", guests.binary(LIFTED))
    world.open()
    assert world.row("c").state is State.FAILED
    assert LINE.format("async func") in world.row("c").note.text
    world.install("c", guests.binary(PLAIN))
    assert world.call("c", "f", 3) == 3


@pytest.mark.parametrize("feature", REFUSED)
def test_check_and_call_say_the_same(tmp_path: Path, feature: str) -> None:
    file = tmp_path / "c.wasm"
    file.write_bytes(guests.binary(REFUSED[feature]))
    report = inspect_path(file)
    assert (report.admissible, report.gate, report.reason) == (False, Gate.SECTIONS, LINE.format(feature))
    assert report.remedy == WAY_OUT
    with pytest.raises(AdmissionError) as refused:
        call_path(file, "f", "[1]")
    assert (refused.value.message, refused.value.remedy) == (LINE.format(feature), WAY_OUT)


def test_their_types_are_shown_and_compared(tmp_path: Path) -> None:
    files = {}
    for name, text in {"plain": PLAIN, "lifted": LIFTED, "streams": STREAMS}.items():
        files[name] = tmp_path / f"{name}.wasm"
        files[name].write_bytes(guests.binary(text))
    assert "async func(x: u32) -> u32;" in built_text(files["lifted"])
    assert "stream<u8>" in built_text(files["streams"])
    assert len(types_of(str(files["streams"])).imports) == 1
    assert compare(str(files["lifted"]), str(files["lifted"])) == ()
    (found,) = compare(str(files["plain"]), str(files["lifted"]))
    assert (found.change.kind, found.change.reason) == ("changed", "it is now asynchronous")
    assert found.change.breaking
    (back,) = compare(str(files["lifted"]), str(files["plain"]))
    assert back.change.reason == "it is now synchronous"


def synchronous(version: str) -> bytes:
    """Make a component that calls two functions of WASI that are synchronous in 0.3 as well."""
    return guests.binary(
        f"""(component
          (import "wasi:random/random@{version}" (instance $r (export "get-random-u64" (func (result u64)))))
          (import "wasi:clocks/monotonic-clock@{version}" (instance $c (export "now" (func (result u64)))))
          (core func $random (canon lower (func $r "get-random-u64")))
          (core func $now (canon lower (func $c "now")))
          (core module $m (import "h" "r" (func $r (result i64))) (import "h" "n" (func $n (result i64)))
            (func (export "f") (result i64) (i64.or (call $r) (call $n))))
          (core instance $i (instantiate $m
            (with "h" (instance (export "r" (func $random)) (export "n" (func $now))))))
          (func (export "f") (result u64) (canon lift (core func $i "f"))))"""
    )


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("0.3.0", ""),
        ("0.3.1", ""),
        ("0.3.0-rc-2026-02-09", ", a release candidate"),
        ("0.3.0-dev", ", not a release"),
    ],
)
def test_what_is_synchronous_in_it_is_refused_by_its_version(
    world: World, tmp_path: Path, version: str, kind: str
) -> None:
    world.put("c", synchronous("0.2.0"))
    world.open()
    assert isinstance(world.call("c", "f"), int)
    world.install("c", synchronous(version))
    said = world.told("c", "refused")
    assert f"it is of WASI {version}{kind}; the host offers WASI 0.2" in said
    assert "build it with a toolchain for WASI 0.2" in said
    assert isinstance(world.call("c", "f"), int), "the old revision serves"
    file = tmp_path / "c.wasm"
    file.write_bytes(synchronous(version))
    report = inspect_path(file)
    assert (report.admissible, report.gate) == (False, Gate.TYPES)
    assert f"of WASI {version}" in report.reason
    with pytest.raises(GateRefusal, match=f"of WASI {version}"):
        call_path(file, "f")
