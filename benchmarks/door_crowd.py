"""Ten components that do blocking work through the doors all the time: files, the network, programs.

And the same work without components, from threads of this process.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from airssys_tui.api.commands import Grant
from airssys_tui.core.types.values import Ok
from airssys_tui.core.units import KIB
from airssys_tui.runtime.embedded import EmbeddedRuntime
from benchmarks.scene import PATIENCE, put_component

FIXTURES: Final = Path(__file__).parents[1] / "tests" / "fixtures" / "components"
WRITERS: Final = tuple(f"writer-{number}" for number in range(4))
CLIENTS: Final = tuple(f"client-{number}" for number in range(3))
PARENTS: Final = tuple(f"parent-{number}" for number in range(3))

CONTROL: Final = "control"
"""The socket at which another process is told to begin and to end the work."""

EVERY: Final = 0.1
"""Seconds from one work of a component to the next, where they do not do as much as they can."""

FILES: Final = "fixture:archivist/doors@1.0.0#"
NETWORK: Final = "fixture:networker/doors@1.0.0#"

LIMITS: Final = 'deadline = "1h"\nfuel_per_call = "unlimited"\n'
CONTENT: Final = bytes(16 * KIB)
SLOW: Final = 0.05
"""Seconds until the server answers."""

SLEEP: Final = ("sleep", "0.2")
"""The program that is waited for."""

SERVER: Final = f"""
import asyncio

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    await asyncio.sleep({SLOW})
    writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 4\\r\\nconnection: close\\r\\n\\r\\nslow")
    await writer.drain()
    writer.close()

async def serve():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(serve())
"""


@contextmanager
def slow_server() -> Iterator[int]:
    """Run a server that takes its time for each answer, in a process of its own; yield its port."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            if server.stdout is None:
                raise RuntimeError("the server has no output")
            yield int(server.stdout.readline())
        finally:
            server.kill()


def put_crowd(directory: Path, port: int) -> None:
    """Put the ten components in the folder, and make the directory that they write to."""
    (directory / "data").mkdir(exist_ok=True)
    for names, fixture, kind, permissions in _kinds(directory, port):
        wasm = (FIXTURES / fixture / f"{fixture}.wasm").read_bytes()
        wanted = ", ".join(f'"{permission}"' for permission in permissions)
        for name in names:
            put_component(directory, name, wasm, f"{LIMITS}[capabilities]\n{kind} = [{wanted}]")


def grant(runtime: EmbeddedRuntime, directory: Path, port: int) -> None:
    """Grant each what it declares, for good."""
    for names, _, kind, permissions in _kinds(directory, port):
        for name in names:
            for permission in permissions:
                runtime.submit(Grant(name, f"{kind}:{permission}")).result(PATIENCE)


def _kinds(directory: Path, port: int) -> Iterator[tuple[tuple[str, ...], str, str, tuple[str, ...]]]:
    """Yield components with their fixture, and the kind and the rest of the permissions that they need."""
    data = directory.resolve() / "data"
    yield WRITERS, "archivist", "filesystem", (f"read:{data}/**", f"write:{data}/**")
    yield CLIENTS, "networker", "network", (f"connect:127.0.0.1:{port}",)
    yield PARENTS, "process-probe", "process", (f"spawn:{SLEEP[0]}",)


class Work:
    """Work that several threads do again and again, from one moment to another.

    Args:
        works: What each thread does.
        every: Seconds from one beginning to the next, at least; 0 for as often as it can.
    """

    def __init__(self, works: Sequence[Callable[[], object]], every: float = 0.0) -> None:
        self._works = works
        self._every = every
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []
        self._done = [0] * len(works)
        self._began = 0.0
        self._seconds = 0.0

    @property
    def rate(self) -> float:
        """How much was done in a second, while it lasted."""
        return sum(self._done) / self._seconds if self._seconds else 0.0

    def begin(self) -> None:
        """Have all threads work; each has begun when it returns."""
        self._over.clear()
        barrier = threading.Barrier(len(self._works) + 1)
        self._threads = [
            threading.Thread(target=self._again, args=(place, barrier), name="door-work")
            for place in range(len(self._works))
        ]
        for thread in self._threads:
            thread.start()
        try:
            barrier.wait(PATIENCE)
        except threading.BrokenBarrierError:
            self.end()
        self._began = perf_counter()

    def end(self) -> None:
        """Have them end with what they do now, and wait for that.

        Raises:
            RuntimeError: If some work failed.
        """
        self._over.set()
        self._seconds += perf_counter() - self._began
        for thread in self._threads:
            thread.join(PATIENCE)
        if self._errors:
            raise RuntimeError(f"the work beside failed: {self._errors[0]}")

    def _again(self, place: int, barrier: threading.Barrier) -> None:
        work = self._works[place]
        try:
            work()
            barrier.wait(PATIENCE)
            began = perf_counter()
            while not self._over.wait(max(0.0, self._every - (perf_counter() - began))):
                began = perf_counter()
                work()
                self._done[place] += 1
        except BaseException as error:  # noqa: BLE001 - the end of a thread: whoever ends the work is told
            self._errors.append(error)
            barrier.abort()


def of_components(runtime: EmbeddedRuntime, directory: Path, port: int, every: float = 0.0) -> Work:
    """Return the work of the ten components of :func:`put_crowd`; ``every`` as for :class:`Work`."""

    def call(name: str, export: str, *arguments: object) -> Any:
        answer = runtime.invoke(name, export, *arguments).result(PATIENCE)
        if answer is not None and not isinstance(answer, Ok):
            raise RuntimeError(f"{name}: {answer}")
        return None if answer is None else answer.value

    def write(name: str) -> None:
        path = f"{directory.resolve()}/data/{name}"
        call(name, FILES + "write-all", path, CONTENT)
        call(name, FILES + "read-all", path)

    request: dict[str, Any] = {
        "method": "get",
        "url": f"http://127.0.0.1:{port}/",
        "headers": [],
        "body": None,
        "timeout": None,
    }

    def fetch(name: str) -> None:
        call(name, NETWORK + "drop-body", call(name, NETWORK + "send", request)["body"])

    command: dict[str, Any] = {"program": SLEEP[0], "arguments": [SLEEP[1]], "environment": []}
    command |= {"working-directory": None, "timeout": None, "output": "nothing"}

    def await_program(name: str) -> None:
        program = call(name, "spawn", command)
        call(name, "wait", program, 60_000)
        call(name, "drop-processes", program)

    kinds = ((WRITERS, write), (CLIENTS, fetch), (PARENTS, await_program))
    return Work([lambda work=work, name=name: work(name) for names, work in kinds for name in names], every)  # type: ignore[misc]


def bare(directory: Path, port: int, every: float = 0.0) -> Work:
    """Return the same work without components."""
    folder = directory / "data"

    def write(name: str) -> None:
        path, aside = folder / name, folder / f"{name}.part"
        with aside.open("wb") as file:
            file.write(CONTENT)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        path.read_bytes()

    def fetch(_: str) -> None:
        client = http.client.HTTPConnection("127.0.0.1", port)
        client.request("GET", "/")
        client.getresponse().read()
        client.close()

    def await_program(_: str) -> None:
        subprocess.run(SLEEP, check=True)

    kinds = ((WRITERS, write), (CLIENTS, fetch), (PARENTS, await_program))
    return Work([lambda work=work, name=name: work(name) for names, work in kinds for name in names], every)  # type: ignore[misc]
