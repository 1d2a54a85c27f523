"""``demo``: a page on this machine for the sample that fetches one."""

from __future__ import annotations

import http.client
import signal
import socket

import pytest

from tests.support.command_line import Desk


def fetch(port: int, path: str = "/") -> tuple[int, str]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    client.request("GET", path)
    answer = client.getresponse()
    found = answer.status, answer.read().decode()
    client.close()
    return found


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_a_page_until_it_is_told_to_end(desk: Desk, by: signal.Signals) -> None:
    with desk.spawn("demo", "--port", "0") as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        port = int(said.rpartition(":")[2].rstrip("/\n"))
        assert said == f"serving http://127.0.0.1:{port}/\n"
        assert fetch(port) == (200, "Hello from the host. You are visitor 1.\n")
        assert fetch(port, "/other")[0] == 404
        with socket.create_connection(("127.0.0.1", port)):  # says nothing, and is gone
            pass
        assert fetch(port) == (200, "Hello from the host. You are visitor 2.\n")
        process.send_signal(by)
        assert process.wait(60) == 0


def test_a_port_in_use_and_a_port_that_is_none_are_said(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = desk.run("demo", "--port", taken.getsockname()[1])
    assert answer.code == 2
    assert "--port" in answer.err
    assert desk.run("demo", "--port", "70000").code == 2
