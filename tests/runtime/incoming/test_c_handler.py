"""A handler in C, by the C library and the preview 1 adapter: admitted, served, and reloaded under requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_tui.api.commands import Grant
from airssys_tui.core.manifest.http_sections import ListenAddress
from tests.support.http_client import Client
from tests.support.http_load import MANIFEST, Load
from tests.support.places import FIXTURES
from tests.support.world import World

WASM = (FIXTURES / "c-handler" / "c-handler.wasm").read_bytes()
TIMES = 6


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    (tmp_path.resolve() / "data").mkdir()
    return tmp_path.resolve() / "data" / "notes"


@pytest.fixture
def site(world: World, notes: Path) -> Iterator[Client]:
    files = ", ".join(f'"{action}:{notes}"' for action in ("read", "write"))
    rights = (
        f'[wasi]\npreopens = {{"/data" = "{notes.parent}"}}\n'
        f'[capabilities]\nfilesystem = [{files}]\nenvironment = ["COLOUR"]\n'
    )
    world.put("c", WASM, MANIFEST + rights)
    world.open(http=(ListenAddress("127.0.0.1", 0),), shutdown=30.0)
    with Client(world.runtime.probe.system.http.listeners[0].address.port) as client:
        yield client


def test_it_answers_by_what_it_is_granted(
    world: World, site: Client, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [site.ask("GET", "/count").body for _ in range(2)] == [b"v1 00000001", b"v1 00000002"]
    body = bytes(range(256)) * 300
    upper = site.ask("POST", "/upper", body)
    assert (upper.status, upper.body) == (200, body.upper())
    assert upper.headers["content-type"] == "text/plain"
    assert site.ask("GET", "/a%20b?c").body == b"nothing at /a%20b?c\n"
    assert site.ask("POST", "/notes", b"one").body == b"Permission denied"
    for action in ("read", "write"):
        world.do(Grant("c", f"filesystem:{action}:{notes}"))
    assert [site.ask("POST", "/notes", b"one").body for _ in range(2)] == [b"3", b"6"]
    assert notes.read_bytes() == b"oneone"
    heard = {"asked for /count", "asked for /notes"}
    world.wait_for(lambda _: heard <= {event.text for event in world.events("c", "stdout")})


def test_variables_are_granted_too(world: World, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOUR", "blue")
    world.do(Grant("c", "environment:COLOUR"))  # the C library reads them once
    assert site.ask("GET", "/colour").body == b"blue 1"


@pytest.mark.parametrize(
    ("path", "said"),
    [("/abort", "before that it printed: asked for /abort | cannot go on"), ("/leave", "exited with status")],
)
def test_an_end_of_its_own_is_a_counted_502(world: World, site: Client, path: str, said: str) -> None:
    assert site.ask("GET", path).status == 502
    assert site.ask("GET", "/count").body == b"v1 00000001", "a fresh instance"
    (route,) = world.runtime.http().result(30).routes
    assert [(each.reason, each.count) for each in route.reasons] == [("trap", 1)]
    assert any(said in event.text for event in world.events("c"))


def test_reloads_lose_no_request(world: World) -> None:
    world.put("c", WASM, MANIFEST, version="0.0.0")
    world.open(http=(ListenAddress("127.0.0.1", 0),), shutdown=30.0)
    load = Load(world.runtime.probe.system.http.listeners[0].address.port, "/count")
    for number in range(TIMES):
        world.install("c", WASM, MANIFEST, version=f"1.{number}.0")
    answers = load.end()
    assert set(answers) == {"v1"}, answers
    assert (world.row("c").meters.errors, world.row("c").revision) == (0, TIMES + 1)
