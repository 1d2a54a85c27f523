"""What toolchains make by default is admitted, run, served and reloaded. The small ones are tried everywhere else."""

from __future__ import annotations

import http.server
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.api.commands import Grant
from airssys_tui.core.manifest.http_sections import ListenAddress
from airssys_tui.core.types.values import Err, Ok
from tests.support import ordinary
from tests.support.http_client import Client
from tests.support.toolchains import has_python_toolchain
from tests.support.world import World

WIDE = '[resources]\nmemory = "256MiB"\nfuel_per_call = "unlimited"\ndeadline = "30s"\n'
COMPILING = 300.0
"""Seconds for compiling what is as large."""

ANYWHERE = (ListenAddress("127.0.0.1", 0),)

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is missing")
needs_python = pytest.mark.skipif(
    not has_python_toolchain(), reason="componentize-py is missing: install the extra `build`"
)
needs_rust = pytest.mark.skipif(
    not ordinary.has_rust(), reason="apt-get install rustc libstd-rust-dev-wasm32 lld brings Rust for WASI"
)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "data"
    folder.mkdir()
    return folder


def surroundings(data: Path) -> tuple[str, list[str]]:
    """Return what a manifest says of a folder and a variable, and the permissions that go with it."""
    files = [f"filesystem:{action}:{data}/**" for action in ("read", "write", "delete", "list")]
    declared = ", ".join(f'"{each.removeprefix("filesystem:")}"' for each in files)
    text = (
        f'args = ["one", "two"]\n[wasi]\npreopens = {{"/data" = "{data}"}}\n'
        f'[capabilities]\nfilesystem = [{declared}]\nenvironment = ["COLOUR"]\n{WIDE}'
    )
    return text, [*files, "environment:COLOUR"]


def grant(world: World, name: str, permissions: list[str]) -> None:
    for permission in permissions:
        world.do(Grant(name, permission))


def begin(world: World, name: str, wasm: bytes, manifest: str) -> None:
    """Open a runtime that has the component."""
    world.put(name, wasm, manifest)
    world.open_later(http=ANYWHERE)
    assert world.runtime.wait_settled(COMPILING)


@needs_python
def test_a_program_in_python(world: World, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOUR", "blue")
    text, permissions = surroundings(data)
    begin(world, "desk", ordinary.python_program(), text)

    def ask(function: str, *arguments: Any) -> Any:
        return world.call("desk", f"fixture:ordinary/desk#{function}", *arguments)

    grant(world, "desk", permissions[-1:])  # programs in Python look at their variables once
    assert isinstance(ask("keep", "/data/a", "hello"), Err)
    grant(world, "desk", permissions[:-1])
    found = ask("look", "COLOUR")
    assert found["variable"].value == "blue"
    assert found["arguments"] == ["desk", "one", "two"]
    assert abs(found["wall"] - time.time()) < 600
    assert found["dice"] != ask("look", "COLOUR")["dice"]
    assert ask("keep", "/data/a", "hello") == Ok(5)
    assert ask("read", "/data/a") == Ok(("hello", ["a"]))
    assert (data / "a").read_text() == "hello"
    assert isinstance(ask("read", "/data/../b"), Err)
    assert ask("pause", 20) >= 20
    assert [ask("count"), ask("count")] == [1, 2]
    assert any(event.text == "keeping /data/a" for event in world.events("desk"))
    assert world.install("desk", ordinary.python_program(), text, version="2.0.0").revision == 2
    assert ask("count") == 3


@needs_rust
@needs_npm
def test_a_program_in_rust(world: World, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOUR", "blue")
    text, permissions = surroundings(data)
    begin(world, "desk", ordinary.rust_program(), text)
    assert world.call("desk", "files") == 0
    grant(world, "desk", permissions)
    assert world.call("desk", "files") == 5
    assert [path.name for path in (data / "rust").iterdir()] == ["old"]
    assert world.call("desk", "pause", 20) >= 20
    assert [world.call("desk", "count") for _ in range(2)] == [1, 2]
    said = [event.text for event in world.events("desk")]
    assert {'variable Some("blue")', 'found "old"', "cannot: Permission denied (os error 2)"} <= set(said)


@needs_npm
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: ordinary.javascript("greeter.js", "greeter"), id="componentize-js"),
        pytest.param(lambda: ordinary.quickjs("greeter.js", "greeter", "--sync"), id="componentize-qjs"),
    ],
)
def test_a_function_in_javascript(world: World, make: Callable[[], bytes]) -> None:
    begin(world, "greeter", make(), WIDE)
    assert world.row("greeter").state == "running"
    assert world.call("greeter", "greet", "Zoë") == "hello, Zoë"


@needs_npm
def test_what_componentize_qjs_makes_for_asynchronous_hosts_is_refused_with_the_way_out(world: World) -> None:
    begin(world, "greeter", ordinary.quickjs("greeter.js", "greeter"), WIDE)
    assert world.row("greeter").state == "failed"
    (event,) = world.events("greeter", "refused")
    assert "it uses asynchronous components (WASI 0.3:" in event.text
    assert "componentize-qjs: `--sync`" in event.text


def serve(world: World, wasm: bytes, manifest: str) -> Client:
    begin(world, "site", wasm, f'[http]\nroutes = ["/*"]\n{manifest}')
    return Client(world.runtime.probe.system.http.listeners[0].address.port)


@needs_npm
def test_a_handler_in_javascript_that_drops_no_handle(world: World) -> None:
    limits = WIDE + "handles = 100\n"
    with serve(world, ordinary.javascript("handler.js"), f"requests_per_instance = 20\n{limits}") as client:
        answers = [client.ask("GET", "/a") for _ in range(200)]
    assert {answer.status for answer in answers} == {200}
    assert [answer.body for answer in answers] == [f"/a {1 + number % 20}".encode() for number in range(200)]


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "9")
        self.end_headers()
        self.wfile.write(b"from afar")

    def log_request(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[int]:
    """A web server at this port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@needs_npm
def test_a_handler_of_fetch_events_in_javascript(world: World, elsewhere: int) -> None:
    wasm = ordinary.javascript("fetch.js", version="0.2.3")
    reach = f"connect:127.0.0.1:{elsewhere}"
    manifest = f'requests_per_instance = 1\n[capabilities]\nnetwork = ["{reach}"]\n{WIDE}'
    with serve(world, wasm, manifest) as client:
        world.do(Grant("site", f"network:{reach}"))
        for path, body in (("/a", "hello"), ("/late", ""), ("/a", "again")):
            answer = client.ask("POST", path, body.encode())
            assert (answer.status, answer.body) == (200, f"{path} 1 {body}".encode())
            assert answer.headers["x-made"] == "36"
        passed = client.ask("POST", "/pass", f"http://127.0.0.1:{elsewhere}/".encode())
        assert passed.body == b"got 200 from afar"
        assert world.install("site", wasm, f'[http]\nroutes = ["/*"]\n{manifest}', version="2.0.0").revision == 2
        assert client.ask("POST", "/a", b"new").body == b"/a 1 new"
    assert any(event.text == "asked for /late" for event in world.events("site"))


@needs_npm
def test_a_second_fetch_event_of_one_instance_says_what_to_do(world: World) -> None:
    with serve(world, ordinary.javascript("fetch.js", version="0.2.3"), WIDE) as client:
        assert client.ask("POST", "/a", b"x").status == 200
        assert client.ask("POST", "/a", b"x").status == 502
    (newest,) = world.runtime.http("site", 1).result(30).requests
    assert "requests_per_instance = 1" in newest.detail
