"""Connections that say nothing, or ask nothing, keep nobody out of the control socket."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.socket.connection import ServingLimits
from airssys_tui.api.socket.frames import PROTOCOL, Access, Hello, frame
from airssys_tui.core.errors import Overcrowded
from tests.support.api.sockets import PATIENCE, RawClient, client, serving, wait_for

HELLO = frame(Hello(PROTOCOL, "0.0.0", Access.FULL, "raw", follow=False))
SILENT = {"nothing": b"", "half a length": HELLO[:2], "half a hello": HELLO[:-1]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
def runtime() -> PlayedRuntime:
    return scenes.mixed(scenes.still)


@pytest.fixture
def opened() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("said", SILENT.values(), ids=SILENT)
def test_a_flood_of_silent_connections_keeps_nobody_out(
    path: Path, runtime: PlayedRuntime, opened: contextlib.ExitStack, said: bytes
) -> None:
    limits = ServingLimits()
    with serving(runtime, path, hello=PATIENCE) as server, client(path, follow=True) as before:
        for number in range(3 * limits.clients):
            silent = opened.enter_context(RawClient(path))
            silent.send(said)
            if number % limits.clients == 0:
                with client(path) as other:
                    assert other.describe("counter").result(PATIENCE)
        wait_for(lambda: server.status().served == 3 * limits.clients + 4)
        wait_for(lambda: server.status().clients <= limits.silent + 2)
        with client(path) as other:
            assert other.describe("counter").result(PATIENCE)
        assert before.describe("counter").result(PATIENCE), "who was there before is served on"


def test_the_oldest_silent_connection_gives_way_and_is_told(path: Path, runtime: PlayedRuntime) -> None:
    with serving(runtime, path, silent=2, hello=PATIENCE) as server, contextlib.ExitStack() as stack:
        first, second, _third = (stack.enter_context(RawClient(path)) for _ in range(3))
        assert isinstance(first.refusal(), Overcrowded)
        wait_for(lambda: server.status().refused == 1)
        assert second.greet()


def test_a_hello_in_small_bits_is_not_waited_for_without_end(path: Path, runtime: PlayedRuntime) -> None:
    with serving(runtime, path, hello=0.2) as server, RawClient(path) as slow:
        pause = threading.Event()
        for number in range(10_000):
            slow.send(b"\0" if number < 3 else HELLO[4:5])
            if server.status().faulty:
                break
            pause.wait(0.02)
        assert server.status().faulty == 1


def test_a_client_that_asks_nothing_gives_way_when_there_is_no_room(path: Path, runtime: PlayedRuntime) -> None:
    with serving(runtime, path, clients=2, idle=0.0) as server, RawClient(path) as first, RawClient(path) as second:
        assert first.greet()
        assert second.greet()
        first.ask(1, "describe", "counter")
        assert first.receive().number == 1
        with client(path) as third:
            assert third.describe("counter").result(PATIENCE)
            assert isinstance(second.refusal(), Overcrowded), "it has been idle for longer than the first"
            first.ask(2, "describe", "counter")
            assert first.receive().number == 2
        assert server.status().refused == 1


def test_who_follows_or_waits_for_an_answer_or_was_heard_lately_keeps_its_place(
    path: Path, runtime: PlayedRuntime
) -> None:
    with serving(runtime, path, clients=2, idle=0.0), client(path, follow=True) as screen:
        runtime.patience = True
        with client(path) as waiting:
            answer = waiting.describe("counter")
            wait_for(lambda: runtime.waiting)
            with pytest.raises(Overcrowded, match="2 clients"):
                client(path).__enter__()
            runtime.settle()
            assert answer.result(PATIENCE)
        runtime.patience = False
        assert screen.snapshot().components
    with serving(runtime, path, clients=1, idle=PATIENCE), RawClient(path) as quiet:
        assert quiet.greet()
        with pytest.raises(Overcrowded, match="1 clients"):
            client(path).__enter__()
