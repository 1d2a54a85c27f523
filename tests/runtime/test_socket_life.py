"""A program of WASI that talks over sockets, in the whole runtime: granted, denied, replaced, stopped and trapped."""

from __future__ import annotations

import gc
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.api.commands import Grant, Reload, Restart, Revoke, Rollback, Stop
from airssys_tui.core.lifecycle import State
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok
from airssys_tui.runtime.actors import contract
from tests.support.places import FIXTURES
from tests.support.world import PATIENCE, World, replace

WASM = (FIXTURES / "talker" / "talker.wasm").read_bytes()
LISTEN, CONNECT = "network:listen:127.0.0.1:*", "network:connect:localhost:*"
DECLARES = '[capabilities]\nnetwork = ["listen:127.0.0.1:*", "connect:localhost:*"]\n'
LONG = '[resources]\ndeadline = "1h"\n[supervision]\nshutdown = "0s"\n'
BRIEF = '[supervision]\nbackoff = {initial = "10ms", factor = 1.0, jitter = 0.0}\nmax_restarts = 100\n'
NOT_GRANTED = Err("access-denied")


@pytest.fixture
def talker(world: World) -> World:
    """Open a runtime with a talker that may do what it declares."""
    world.put("talker", WASM, DECLARES + LONG, version="1.0.0")
    world.open()
    grant(world, "talker")
    return world


def grant(world: World, name: str, *permissions: str) -> None:
    for permission in permissions or (LISTEN, CONNECT):
        world.do(Grant(name, permission))


def listening(world: World, port: int = 0, name: str = "talker") -> int:
    answer = world.call(name, "listen", port)
    assert isinstance(answer, Ok), answer
    return int(answer.value)


def knock(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), PATIENCE)


def conversation(world: World, port: int) -> socket.socket:
    """Connect to a talker that listens, and have it take the conversation."""
    peer = knock(port)
    assert world.call("talker", "take") == Ok()
    return peer


def is_over(peer: socket.socket) -> bool:
    """Wait until the other end is gone."""
    with suppress(ConnectionResetError):
        return peer.recv(1) == b""
    return True


WAKE = "anon_inode:[eventfd]"


def kinds_of_descriptors() -> Counter[str]:
    """Return how many descriptors of each kind this process has open; files come and go with the disk's work."""
    found: list[str] = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(re.sub(r":\[[0-9]+\]", "", str(link.readlink())))
    return Counter(kind for kind in found if not kind.startswith("/"))


def sockets() -> int:
    """Return how many sockets this process has open."""
    return kinds_of_descriptors()["socket"]


@contextmanager
def echoing() -> Iterator[int]:
    """Give everything back that arrives in one conversation, outside the runtime; yield the port."""

    def serve() -> None:
        taken, _ = listener.accept()
        with taken:
            while data := taken.recv(65_536):
                taken.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        server = threading.Thread(target=serve)
        server.start()
        yield listener.getsockname()[1]
        server.join(PATIENCE)


# --- what it does, and what it may not ------------------------------------------------------------------------------


def test_a_server_gives_back_what_many_clients_send(talker: World) -> None:
    port = listening(talker)
    served = talker.runtime.invoke("talker", "echo", 5 * 3_000)
    peers = [knock(port) for _ in range(5)]
    for place, peer in enumerate(peers):
        peer.sendall(bytes([place]) * 3_000)
    for place, peer in enumerate(peers):
        with peer, peer.makefile("rb") as reader:
            assert reader.read(3_000) == bytes([place]) * 3_000
    assert served.result(PATIENCE) == Ok()


def test_a_client_finds_a_server_by_name(talker: World) -> None:
    with echoing() as port:
        assert talker.call("talker", "dial", "localhost", port) == Ok()
        said = bytes(range(256)) * 40
        assert talker.call("talker", "ask", said) == Ok(said)
        talker.call("talker", "leave")


def test_two_components_talk_to_each_other(talker: World) -> None:
    talker.install("caller", WASM, DECLARES + LONG)
    grant(talker, "caller", CONNECT)
    port = listening(talker)
    served = talker.runtime.invoke("talker", "echo", 5)
    assert talker.call("caller", "dial", "localhost", port) == Ok()
    assert talker.call("caller", "ask", b"hello") == Ok(b"hello")
    assert served.result(PATIENCE) == Ok()


def test_packets_by_a_client_that_may_only_connect(talker: World) -> None:
    talker.install("caller", WASM, '[capabilities]\nnetwork = ["connect:localhost:*"]\n' + LONG)
    grant(talker, "caller", CONNECT)
    port = talker.call("talker", "bind", 0).value
    returned = talker.runtime.invoke("talker", "return-packets", 2)
    for said in (b"one", b"two"):
        assert talker.call("caller", "query", "localhost", port, said) == Ok(said)
    assert returned.result(PATIENCE) == Ok()


DENIED: tuple[tuple[str, tuple[Any, ...], str], ...] = (
    ("listen", (0,), "listen"),
    ("dial", ("localhost", 7), "connect"),
    ("bind", (5_353,), "listen"),
    ("dial", ("127.0.0.1", 7), "connect"),
    ("query", ("127.0.0.2", 7, b"x"), "connect"),
)


def test_what_is_declared_is_denied_until_it_is_granted(world: World) -> None:
    world.put("talker", WASM, DECLARES + LONG)
    world.open()
    for export, arguments, action in DENIED:
        assert world.call("talker", export, *arguments) == NOT_GRANTED
        said = world.told("talker", "denied")
        assert said.startswith(f"network:{action}:")
        assert " was denied: not-granted: airssys-tui grant talker " in said


def test_what_is_not_declared_names_the_line(world: World) -> None:
    world.put("talker", WASM, LONG)
    world.open()
    for export, arguments, action in DENIED:
        assert world.call("talker", export, *arguments) == NOT_GRANTED
        assert f'was denied: undeclared: network = ["{action}:' in world.told("talker", "denied")


def test_a_watched_folder_takes_it_in_and_replaces_it(world: World) -> None:
    world.open(watch=True)
    world.put("talker", WASM, DECLARES + LONG, version="1.0.0")
    world.wait_for(lambda shot: any(row.id == "talker" and row.state is State.RUNNING for row in shot.components))
    grant(world, "talker")
    port = listening(world)
    with conversation(world, port) as peer:
        world.put("talker", WASM, DECLARES + LONG, version="1.1.0")
        assert is_over(peer)
        world.wait_row("talker", lambda row: row.revision == 2 and row.state is State.RUNNING)
        assert listening(world, port) == port


def test_what_is_taken_back_is_closed(talker: World) -> None:
    port = listening(talker)
    with conversation(talker, port) as peer:
        talker.do(Revoke("talker", LISTEN))
        assert talker.call("talker", "hear") == NOT_GRANTED
        assert is_over(peer)
        assert talker.call("talker", "take") == NOT_GRANTED, "and nobody waits at a closed door"


# --- replaced, stopped and trapped with sockets open ----------------------------------------------------------------


def reload(world: World, _port: int) -> None:
    world.put("talker", WASM, DECLARES + LONG, version="1.1.0")
    world.do(Reload("talker"))


def roll_back(world: World, port: int) -> None:
    reload(world, port)
    assert listening(world, port) == port
    with conversation(world, port) as peer:
        world.do(Rollback("talker", to=1))
        assert is_over(peer)


def restart(world: World, _port: int) -> None:
    world.do(Restart("talker"))


def crash(world: World, _port: int) -> None:
    with pytest.raises(GuestTrap):
        world.call("talker", "crash")
    world.wait_row("talker", lambda row: row.restarts == 1 and row.state is State.RUNNING)


@pytest.mark.parametrize("replaced", [reload, roll_back, restart, crash])
def test_whoever_comes_after_has_the_port_at_once(talker: World, replaced: Callable[[World, int], None]) -> None:
    before = sockets()
    port = listening(talker)
    with conversation(talker, port) as peer:
        replaced(talker, port)
        assert is_over(peer)
    assert listening(talker, port) == port
    with conversation(talker, port):
        pass
    talker.call("talker", "leave")
    assert sockets() == before


def test_a_port_is_free_before_the_old_instance_has_said_goodbye(
    talker: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    goodbye, farewell = threading.Event(), contract.shut_down

    def late(*asked: Any) -> None:
        assert goodbye.wait(PATIENCE)
        farewell(*asked)

    monkeypatch.setattr(contract, "shut_down", late)
    port = listening(talker)
    with conversation(talker, port) as peer:
        reload(talker, port)
        assert is_over(peer)
        assert listening(talker, port) == port
    goodbye.set()


def test_stopping_ends_every_wait_and_every_socket(talker: World) -> None:
    before = sockets()
    port = listening(talker)
    with conversation(talker, port) as peer:
        hearing = talker.runtime.invoke("talker", "hear")
        waits(talker, 1)
        talker.do(Stop("talker"))
        assert trap_of(hearing) is TrapKind.CANCELLED
        assert is_over(peer)
    with socket.create_server(("127.0.0.1", port)):
        pass
    assert sockets() == before


def test_what_was_sent_before_a_stop_arrives(talker: World) -> None:
    with echoing() as port:
        assert talker.call("talker", "dial", "localhost", port) == Ok()
        assert talker.call("talker", "ask", b"x" * 50_000) == Ok(b"x" * 50_000)
        talker.do(Stop("talker"))


def test_a_hundred_reloads_lose_no_descriptor(talker: World) -> None:
    port, peers = listening(talker), []
    before = Counter[str]()
    for number in range(101):
        if number == 1:
            gc.collect()  # what tests before this one left behind is not of this one
            before = kinds_of_descriptors()
        peers.append(conversation(talker, port))
        manifest = (talker.folder / "talker" / "Component.toml").read_text()
        replace(
            talker.folder / "talker" / "Component.toml",
            manifest.replace(f'"1.{number}.0"', f'"1.{number + 1}.0"').encode(),
        )
        talker.do(Reload("talker"))
        with peers.pop() as peer:
            assert is_over(peer)
        assert listening(talker, port) == port
    gc.collect()
    after = kinds_of_descriptors()
    assert after.pop(WAKE, 0) <= before.pop(WAKE, 0) + threading.active_count(), "one for each thread that ever waited"
    assert after == before


# --- many -----------------------------------------------------------------------------------------------------------


def trap_of(call: Any) -> TrapKind:
    error = call.exception(PATIENCE)
    assert isinstance(error, GuestTrap)
    return error.trap.kind


def waits(world: World, count: int) -> None:
    """Wait until so many calls wait in the host."""
    tiers = world.runtime.probe.floor.tiers
    world.wait_for(lambda _: sum(activity.wake is not None for activity in tiers.running) >= count)
