"""A client in a process of its own: asks the same request on some connections, and tells how long the answers took.

``python -m benchmarks.http_load`` reads ``PORT CONNECTIONS COUNT`` from each line, and prints the seconds of all and
the median microseconds of one.
"""

from __future__ import annotations

import select
import socket
import statistics
import sys
from time import perf_counter
from typing import Final

REQUEST: Final = b"GET /c HTTP/1.1\r\nhost: localhost\r\n\r\n"
END: Final = b"\r\n\r\n"
BODY: Final = 11
"""Bytes of the body of each answer."""
LAST_CHUNK: Final = b"\r\n0\r\n\r\n"


def ask(port: int, connections: int, count: int) -> tuple[float, float]:
    """Ask so often; return the seconds of all, and the median microseconds of one.

    Raises:
        ConnectionError: If the server hangs up, or gives another answer.
    """
    opened = [socket.create_connection(("127.0.0.1", port), 30.0) for _ in range(connections)]
    poll = select.epoll()
    sent: dict[int, float] = {}
    by_number = {one.fileno(): one for one in opened}
    for one in opened:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(one, select.EPOLLIN)
    took: list[float] = []
    began = perf_counter()
    for number, one in by_number.items():
        sent[number] = perf_counter()
        one.sendall(REQUEST)
    left = count - connections
    try:
        while len(took) < count:
            for number, _ in poll.poll():
                _receive(by_number[number])
                now = perf_counter()
                took.append(now - sent[number])
                if left > 0:
                    left -= 1
                    sent[number] = now
                    by_number[number].sendall(REQUEST)
        return perf_counter() - began, statistics.median(took) * 1e6
    finally:
        poll.close()
        for one in opened:
            one.close()


def _receive(connection: socket.socket) -> None:
    got = b""
    while not _is_whole(got):
        piece = connection.recv(65_536)
        if not piece:
            raise ConnectionError(f"the server hung up after {got!r}")
        got += piece
    if not got.startswith(b"HTTP/1.1 200 "):
        raise ConnectionError(f"another answer: {got!r}")


def _is_whole(answer: bytes) -> bool:
    """Return whether an answer is all there; a busy machine sends it in chunks."""
    head, end, body = answer.partition(END)
    return bool(end) and (body.endswith(LAST_CHUNK) if b"\r\ntransfer-encoding:" in head else len(body) == BODY)


if __name__ == "__main__":
    for line in sys.stdin:
        seconds, middle = ask(*map(int, line.split()))
        print(seconds, middle, flush=True)
