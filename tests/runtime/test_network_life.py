"""What a component has open on the network ends with its instance, and what waits there holds up nobody else."""

from __future__ import annotations

import contextlib
import socket
from concurrent.futures import Future
from typing import Any

import pytest

from airssys_tui.api.commands import Restart, Stop
from airssys_tui.core.capability.permission import Kind
from airssys_tui.core.capability.policy import PolicySource
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Ok
from tests.support.network import DOORS, NETWORKER
from tests.support.world import PATIENCE, World

WASM = NETWORKER.read_bytes()
ASKS = '[capabilities]\nnetwork = ["listen:127.0.0.1:*", "connect:127.0.0.1:*"]\n'
SHORT = '[resources]\ndeadline = "1h"\n[supervision]\nshutdown = "0s"\n'


def trusting(world: World, **settings: Any) -> World:
    """Open a runtime whose operator grants the network to everybody who declares it."""
    world.open(**settings)

    async def trust() -> None:
        world.runtime.probe.system.guards.follow(PolicySource(default=(Kind.NETWORK,)))

    world.run(trust)
    return world


def ask(world: World, function: str, *arguments: Any, name: str = "networker") -> Any:
    return world.call(name, DOORS + function, *arguments)


def listening(world: World) -> tuple[int, int]:
    """Have it listen; return the number of the listener and the port."""
    number = ask(world, "listen", "127.0.0.1", 0).value
    return number, ask(world, "listener-address", number).value["port"]


def free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


@pytest.fixture
def networker(world: World) -> World:
    world.put("networker", WASM, ASKS + SHORT, version="1.0.0")
    return trusting(world)


def test_nothing_is_granted_until_somebody_grants_it(world: World) -> None:
    world.put("networker", WASM, ASKS, version="1.0.0")
    world.open()
    refused = ask(world, "listen", "127.0.0.1", 0)
    assert refused.value.case == "denied"
    assert refused.value.payload.startswith("not-granted: airssys-tui grant networker ")
    assert "network:listen:127.0.0.1:* was denied" in world.told("networker", "denied")


def test_a_listener_ends_when_its_component_stops(networker: World) -> None:
    _, port = listening(networker)
    assert not free(port)
    networker.do(Stop("networker"))
    assert free(port)


def test_a_connection_ends_when_its_component_starts_anew(networker: World) -> None:
    number, port = listening(networker)
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.settimeout(PATIENCE)
        assert isinstance(ask(networker, "accept", number, 5_000), Ok)
        networker.do(Restart("networker"))
        assert peer.recv(1) == b""


def test_everything_ends_with_a_trap(networker: World) -> None:
    _, port = listening(networker)
    with pytest.raises(GuestTrap):
        ask(networker, "read", 99, 1)
    networker.wait_row("networker", lambda row: row.restarts == 1 and row.state == "running")
    assert free(port)


def test_a_new_revision_listens_where_the_old_one_did(networker: World) -> None:
    _, port = listening(networker)
    networker.install("networker", WASM, ASKS + SHORT, version="1.1.0")
    assert networker.row("networker").revision == 2
    assert isinstance(ask(networker, "listen", "127.0.0.1", port), Ok)


def test_a_right_that_is_taken_back_ends_what_it_opened(networker: World) -> None:
    number, port = listening(networker)

    async def distrust() -> None:
        networker.runtime.probe.system.guards.follow(PolicySource())

    networker.run(distrust)
    assert ask(networker, "accept", number, 1).value.case == "denied"
    assert free(port)


def test_whoever_waits_on_the_network_holds_up_nobody_else_and_can_be_stopped(world: World) -> None:
    names = ("one", "two", "three")
    for name in (*names, "networker"):
        world.put(name, WASM, ASKS + SHORT)
    trusting(world, workers=2)
    waiting: list[Future[Any]] = []
    for name in names:
        number = ask(world, "listen", "127.0.0.1", 0, name=name).value
        waiting.append(world.runtime.invoke(name, DOORS + "accept", number, 60_000))
    world.wait_for(lambda snapshot: snapshot.busy >= 3)
    assert isinstance(ask(world, "listen", "127.0.0.1", 0), Ok), "on a replacement: both workers wait"
    world.do(Stop("one"))
    with pytest.raises(GuestTrap) as caught:
        waiting[0].result(PATIENCE)
    assert caught.value.trap.kind is TrapKind.CANCELLED


def test_dozens_may_wait_on_silent_sockets_while_others_are_served(world: World) -> None:
    names = [f"waits-{number}" for number in range(40)]
    for name in (*names, "networker"):
        world.put(name, WASM, ASKS + SHORT)
    trusting(world, workers=2)
    waiting: list[Future[Any]] = []
    for name in names:
        number = ask(world, "listen", "127.0.0.1", 0, name=name).value
        waiting.append(world.runtime.invoke(name, DOORS + "accept", number, 60_000))
    world.wait_for(lambda snapshot: snapshot.busy >= len(names))
    assert isinstance(ask(world, "listen", "127.0.0.1", 0), Ok)
    world.close()
    for call in waiting:
        with pytest.raises(GuestTrap) as caught:
            call.result(PATIENCE)
        assert caught.value.trap.kind is TrapKind.CANCELLED
