"""``run --metrics`` beside a screen: the figures are served, the screen is not disturbed."""

from __future__ import annotations

import http.client
import socket

from tests.support.terminal.scratch import Scratch


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_metrics_are_served_while_the_screen_is_open(scratch: Scratch) -> None:
    port = free_port()
    with scratch.screen("run", "--metrics", f"127.0.0.1:{port}") as term:
        term.wait_row("counter", "running", "1.0.0")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        assert 'airssys_component_revision{component="counter"} 1.0' in text
        assert "GET /metrics" not in term.text, "no line of the server's log on the screen"
        term.send("ctrl+q")
        assert term.wait_exit() == 0
        assert term.is_restored()
