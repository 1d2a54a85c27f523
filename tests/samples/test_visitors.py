"""The sample that answers requests over HTTP: a page with a count that outlives reloads and restarts."""

from __future__ import annotations

import pytest

from airssys_tui.core.manifest.http_sections import ListenAddress
from tests.support.http_client import Client
from tests.support.places import SAMPLES
from tests.support.world import World

ANYWHERE = (ListenAddress("127.0.0.1", 0),)
SALT = b"\0\6\4salt!"
"""A custom section: the same component with another digest."""


@pytest.fixture
def serving(world: World) -> World:
    world.put("visitors", SAMPLES / "visitors")
    world.open(http=ANYWHERE)
    return world


def client(world: World) -> Client:
    return Client(world.runtime.probe.system.http.listeners[0].address.port)


def test_it_shows_a_page_that_counts(serving: World) -> None:
    with client(serving) as browser:
        for number in (1, 2):
            page = browser.ask("GET", "/visits?from=here")
            assert page.status == 200
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert f"<h1>Visit {number}</h1>" in page.body.decode()
        assert browser.ask("GET", "/visits/count").body == b"2\n"
        assert browser.ask("GET", "/visits/else").status == 404
    actor = serving.runtime.probe.component("visitors").actor
    assert actor.serving is not None
    assert actor.serving.instance.resources.use.count == 0


def test_the_count_outlives_a_reload_and_a_restart_of_the_runtime(serving: World) -> None:
    with client(serving) as browser:
        browser.ask("GET", "/visits")
    wasm = serving.folder / "visitors" / "visitors.wasm"
    wasm.write_bytes(wasm.read_bytes() + SALT)
    serving.notice("visitors")
    assert serving.row("visitors").revision == 2
    with client(serving) as browser:
        assert b"<h1>Visit 2</h1>" in browser.ask("GET", "/visits").body
    serving.reopen(http=ANYWHERE)
    with client(serving) as browser:
        assert b"<h1>Visit 3</h1>" in browser.ask("GET", "/visits").body


def test_the_count_goes_over_when_each_request_has_an_instance_of_its_own(world: World) -> None:
    text = (SAMPLES / "visitors" / "Component.toml").read_text()
    manifest = text.partition('[component]\nwasm = "visitors.wasm"\n')[2]
    manifest = manifest.replace("[http]\n", "[http]\nrequests_per_instance = 1\n")
    world.put("visitors", (SAMPLES / "visitors" / "visitors.wasm").read_bytes(), manifest)
    world.open(http=ANYWHERE)
    with client(world) as browser:
        for number in (1, 2, 3):
            assert f"<h1>Visit {number}</h1>" in browser.ask("GET", "/visits").body.decode()
    served = world.runtime.probe.component("visitors").actor.serving
    assert served is not None
    assert served.requests == 1
