"""Requests that a component answered, recorded and replayed: without a server, a client or a wait."""

from __future__ import annotations

import contextlib
import http.client

import pytest

from airssys_tui.core.manifest.http_sections import ListenAddress
from tests.support.http_client import Client
from tests.support.wasi.http_guest import http_guest
from tests.support.world import World

MANIFEST = """[http]
routes = ["/*"]
[supervision]
max_restarts = 1000
backoff = {initial = "1ms"}
[resources]
deadline = "20s"
[state]
record = 20
"""
PATHS = ("/c", "/e", "/r", "/b", "/w", "/t", "/c", "/x", "/n", "/u", "/f", "/o", "/4", "/c")


@pytest.mark.parametrize("more", ["", "requests_per_instance = 2"], ids=["one instance", "an instance for two"])
def test_requests_are_replayed_without_a_server(world: World, more: str) -> None:
    world.put("c", http_guest(), MANIFEST.replace("[http]", f"[http]\n{more}"))
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    port = world.runtime.probe.system.http.listeners[0].address.port
    for path in PATHS:
        with Client(port) as client, contextlib.suppress(http.client.HTTPException):
            client.ask("POST", path, b"some text" * 1_000)
    kept = world.runtime.recordings("c").result(30)
    assert len(kept.calls) == len(PATHS)
    assert kept.calls[-1].arguments == '[{"$resource":1},{"$resource":2}]'
    report = world.runtime.replay("c", every=True).result(60)
    assert [(one.outcome, one.differences) for one in report.calls] == [("same", ())] * len(PATHS)
    assert {one.note for one in report.calls} == {""}
