"""The sample that shows the ends of files, with the doors and the rules of the host."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airssys_tui.core.limits import Limits
from airssys_tui.core.types.values import Err, Ok
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.instance import Instance
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from tests.support.file_trees import descriptors
from tests.support.guarded import RuledGuard
from tests.support.guest import component_file
from tests.support.places import SAMPLES

TAIL = "airssys:file-tail/tail@1.0.0#"


@pytest.fixture(scope="module")
def linked() -> Iterator[Any]:
    engine = Engine()
    yield engine.linker(INTERFACES), engine.compile(component_file("file-tail").read_bytes())
    engine.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path.resolve() / "service.log"


@pytest.fixture
def guard(log: Path) -> RuledGuard:
    return RuledGuard(f"filesystem:read:{log.parent}/*.log")


@pytest.fixture
def tail(linked: Any, guard: RuledGuard) -> Iterator[Instance]:
    linker, code = linked
    owner = SimpleNamespace(filesystem=Filesystem(guard), blocking=contextlib.nullcontext)
    with linker.instantiate(code, Limits(fuel_per_call=10_000_000, memory=1 << 20), owner=owner) as instance:
        yield instance


def last(tail: Instance, path: Path, lines: int) -> Any:
    return tail.call(TAIL + "last", str(path), lines).value


def follow(tail: Instance, path: Path) -> Any:
    return tail.call(TAIL + "follow", str(path)).value


@pytest.mark.parametrize(
    ("content", "lines", "expected"),
    [
        (b"", 5, []),
        (b"one\ntwo\nthree\n", 2, ["two", "three"]),
        (b"one\ntwo\nthree", 2, ["two", "three"]),
        (b"one\n\n", 5, ["one", ""]),
        (b"one\n", 0, []),
        ("Grüße\n".encode() + b"\xff\xfe!\n", 2, ["Grüße", "??!"]),
        (b"x" * 70_000 + b"\nwhole\n", 5, ["whole"]),
        (b"12345678\n" * 9_000, 2_000, ["12345678"] * 1_000),
    ],
    ids=range(8),
)
def test_the_last_lines_of_a_file(tail: Instance, log: Path, content: bytes, lines: int, expected: list[str]) -> None:
    log.write_bytes(content)
    before = descriptors()
    assert last(tail, log, lines) == Ok(expected)
    assert descriptors() <= before


def test_a_file_is_followed(tail: Instance, log: Path) -> None:
    log.write_text("old\n")
    assert follow(tail, log) == Ok([])
    with log.open("a") as file:
        file.write("new\nhalf")
        file.flush()
        assert follow(tail, log) == Ok(["new"])
        file.write(" a line\n\nlast\n")
    assert follow(tail, log) == Ok(["half a line", "", "last"])
    assert follow(tail, log) == Ok([])
    log.write_text("anew\n")
    assert follow(tail, log) == Ok(["anew"])


def test_it_is_denied_with_what_would_allow_it(tail: Instance, log: Path, guard: RuledGuard) -> None:
    log.write_text("secret\n")
    guard.grants.clear()
    answer = last(tail, log, 1)
    assert isinstance(answer, Err)
    assert answer.value.case == "denied"
    assert answer.value.payload == f"not-granted: airssys-tui grant local/guest filesystem:read:{log} would allow it"


def test_what_is_followed_is_denied_as_soon_as_its_grant_is_revoked(
    tail: Instance, log: Path, guard: RuledGuard
) -> None:
    log.write_text("old\n")
    before = descriptors()
    follow(tail, log)
    assert len(descriptors() - before) == 1
    guard.grants.clear()
    assert follow(tail, log).value.case == "denied"
    tail.call("airssys:core-component/lifecycle@1.0.0#shutdown")
    assert descriptors() <= before


def test_another_file_is_followed_in_place_of_the_first(tail: Instance, log: Path) -> None:
    other = log.with_name("other.log")
    for path in (log, other):
        path.write_text("old\n")
    before = descriptors()
    assert [follow(tail, path) for path in (log, other)] == [Ok([]), Ok([])]
    assert len(descriptors() - before) == 1


def test_what_it_declares_is_no_more_than_logs() -> None:
    manifest = tomllib.loads((SAMPLES / "file-tail" / "Component.toml").read_text())
    assert manifest["capabilities"]["filesystem"] == ["read:/var/log/**", "read:/tmp/*.log"]
