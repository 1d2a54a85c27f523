"""A fresh instance after some requests, for handlers that are made for one request of each instance."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.gates import Gate
from airssys_tui.core.manifest.http_sections import ListenAddress
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.serving import Serving
from tests.support.http_client import Client
from tests.support.wasi.http_guest import http_guest
from tests.support.world import World


@pytest.fixture(params=[1, 2])
def most(request: pytest.FixtureRequest) -> int:
    """How many requests one instance takes."""
    return int(request.param)


@pytest.fixture
def client(world: World, most: int) -> Client:
    world.put("c", http_guest(), f'[http]\nroutes = ["/*"]\nrequests_per_instance = {most}\n')
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    return Client(world.runtime.probe.system.http.listeners[0].address.port)


def counts(client: Client, requests: int) -> list[int]:
    """Ask so often; return which request of its instance each was."""
    return [int(client.ask("GET", "/c").body.split()[1]) for _ in range(requests)]


def test_an_instance_takes_as_many_requests_as_the_manifest_says(world: World, client: Client, most: int) -> None:
    with client:
        assert counts(client, 5) == [1 + number % most for number in range(5)]
        served = world.runtime.probe.component("c").actor.serving
        assert served is not None
        assert served.requests == 1
        assert served.instance.resources.use.count == 0
    row = world.wait_row("c", lambda row: row.meters.calls == 5)
    assert (row.revision, row.restarts) == (1, 0)


def test_a_trap_is_one_as_ever(client: Client, most: int) -> None:
    with client:
        assert counts(client, most) == list(range(1, most + 1))
        assert client.ask("GET", "/t").status == 502
        assert counts(client, 1) == [1]


def test_the_old_one_goes_on_when_there_is_no_fresh_one(
    client: Client, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_serving: Serving) -> None:
        raise GateRefusal("init answered no", gate=Gate.INIT)

    with client:
        assert counts(client, most) == list(range(1, most + 1))
        with monkeypatch.context() as patched:
            patched.setattr(contract, "initialise", refuse)
            assert client.ask("GET", "/c").status == 502
        assert counts(client, 1) == [1]
