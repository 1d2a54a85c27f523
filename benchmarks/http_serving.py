"""Requests over HTTP to a component, beside the same answer of an application on the bare ASGI server.

Server and component have one core, and the client another one, in a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, Final

import uvicorn

from airssys_tui.core.manifest.http_sections import ListenAddress
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
from benchmarks.clock import Effort
from benchmarks.report import Row, beside
from benchmarks.scene import put_component, running, scratch
from tests.support.wasi.http_guest import http_guest

CONNECTIONS: Final = 16
BARE: Final = "the bare server"


def serving(effort: Effort) -> Iterator[Row]:
    """The median time of an empty request on one connection, and requests a second on several."""
    settings = RuntimeSettings(watch=False, http=(ListenAddress("127.0.0.1", 0),))
    with scratch() as directory, _one_core(), _client() as client:
        put_component(directory, "c", http_guest(), 'fuel_per_call = "unlimited"\n[http]\nroutes = ["/*"]\n')
        with running(directory, settings) as runtime, _bare() as bare:
            ours = runtime.probe.system.http.listeners[0].address.port
            alone, many = effort.count(1_000), effort.count(5_000)
            for port in (ours, bare):
                client(port, CONNECTIONS, alone)
            single = [(client(ours, 1, alone)[1], client(bare, 1, alone)[1]) for _ in range(effort.rounds)]
            crowd = [
                (many / client(ours, CONNECTIONS, many)[0], many / client(bare, CONNECTIONS, many)[0])
                for _ in range(effort.rounds)
            ]
    yield beside("http/empty-request-p50", *_middles(single, "µs"))
    yield beside("http/requests", *_middles(crowd, "/s"), more_is_better=True)


def _middles(pairs: list[tuple[float, float]], unit: str) -> tuple[float, str, str, float]:
    ours, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    return ours, unit, BARE, bare


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    """Confine this process to one core; what it starts begins on all of them."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def _client() -> Iterator[Any]:
    """Start the client; give what has it ask."""
    others = os.sched_getaffinity(os.getppid()) - os.sched_getaffinity(0) or os.sched_getaffinity(0)
    command = [sys.executable, "-m", "benchmarks.http_load"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, others)
    assert process.stdin is not None
    assert process.stdout is not None
    asks, tells = process.stdin, process.stdout

    def ask(port: int, connections: int, count: int) -> list[float]:
        print(port, connections, count, file=asks, flush=True)
        return [float(figure) for figure in tells.readline().split()]

    try:
        yield ask
    finally:
        asks.close()
        process.wait(30.0)
        tells.close()


async def _application(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """Answer as the component does, but for the count."""
    assert scope["type"] == "http"
    headers = [(b"content-length", b"11"), (b"x-request-id", b"0" * 32)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"v1 00000001"})


@contextlib.contextmanager
def _bare() -> Iterator[int]:
    """Serve the application; give the port."""
    # With the protocol named, the loop turns off that the system holds back the second of two small pieces (RFC 896).
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            _application, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False,
            proxy_headers=False, server_header=False,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
