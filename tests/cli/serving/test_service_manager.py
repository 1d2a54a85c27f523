"""What a service manager is told, over a real datagram socket, by a real runtime and by the rules alone."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.played.scenes import NOON
from airssys_tui.api.views.http import HttpView
from airssys_tui.api.views.runtime import Phase
from airssys_tui.cli.serving.service_manager import ServiceManager, service_manager
from airssys_tui.cli.serving.service_report import ServiceReport
from tests.support.command_line import Desk

LIMIT = 60.0
"""Seconds after which a datagram that has not come fails the test."""


@pytest.fixture
def notices(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.settimeout(LIMIT)
        yield bound


def told(notices: socket.socket) -> dict[str, str]:
    """Return the variables of the next datagram."""
    return dict(line.split("=", 1) for line in notices.recv(4096).decode().split("\n"))


def of_environment(notices: socket.socket, **more: str) -> ServiceManager:
    found = service_manager({"NOTIFY_SOCKET": notices.getsockname(), **more})
    assert found is not None
    return found


def test_without_a_socket_nothing_is_sent() -> None:
    for environment in ({}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:3"}, {"WATCHDOG_USEC": "5"}):
        assert service_manager(environment) is None
        assert environment == {}, "no child speaks for this process"


def test_variables_go_out_as_one_datagram(notices: socket.socket) -> None:
    assert of_environment(notices).tell(READY=1, STATUS="3 running\nMAINPID=1")
    assert told(notices) == {"READY": "1", "STATUS": "3 running MAINPID=1"}


@pytest.mark.skipif(not Path("/proc/net/unix").exists(), reason="abstract sockets are of Linux")
def test_a_name_with_an_at_sign_is_an_abstract_socket() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind("")  # the system chooses an abstract name
        bound.settimeout(LIMIT)
        found = service_manager({"NOTIFY_SOCKET": "@" + bound.getsockname()[1:].decode()})
        assert found is not None
        assert found.tell(STOPPING=1)
        assert told(bound) == {"STOPPING": "1"}


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_the_watchdog_is_that_of_this_process(variables: dict[str, str], seconds: float | None) -> None:
    found = service_manager({"NOTIFY_SOCKET": "/run/notify", **variables})
    assert found is not None
    assert found.watchdog == seconds


def test_a_manager_that_has_gone_is_counted_and_nothing_else(tmp_path: Path) -> None:
    gone = ServiceManager(str(tmp_path / "gone"))
    assert not gone.tell(READY=1)
    assert not ServiceManager("/" + "long" * 99).tell(READY=1)
    assert gone.unsent == 1


class Hanging(PlayedRuntime):
    """A runtime whose control loop can be made to hang."""

    hangs = False

    def http(self, component: str = "", requests: int = 100) -> Future[HttpView]:
        return Future() if self.hangs else super().http(component, requests)


def test_a_report_goes_from_start_to_stop(notices: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airssys_tui.cli.serving.service_report.PATIENCE", 0.0)
    runtime, now = Hanging(clock=lambda: NOON), [0.0]
    report = ServiceReport(of_environment(notices, WATCHDOG_USEC="2000000"), runtime, lambda: now[0])
    runtime.phase = Phase.STARTING
    report.update()
    assert told(notices) == {
        "EXTEND_TIMEOUT_USEC": "30000000", "STATUS": "starting, 0 running", "WATCHDOG": "1",
    }  # fmt: skip
    runtime.phase = Phase.RUNNING
    report.update()  # too early
    now[0] += 0.5
    report.update()
    assert told(notices) == {"READY": "1", "STATUS": "0 running", "WATCHDOG": "1"}
    now[0] += 0.5
    report.update()
    assert told(notices) == {"WATCHDOG": "1"}, "readiness and an unchanged status are told once"
    runtime.hangs = True
    now[0] += 0.5
    report.update()
    report.stopping(6.5)
    assert told(notices) == {"STOPPING": "1", "STATUS": "saving states", "EXTEND_TIMEOUT_USEC": "6500000"}, (
        "a loop that hangs is not alive"
    )


def test_a_service_is_ready_once_its_components_run(
    desk: Desk, notices: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.install("counter")
    monkeypatch.setenv("NOTIFY_SOCKET", notices.getsockname())
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    with desk.spawn("run", str(desk.folder), "--headless", "--log-format", "journal") as process:
        try:
            found: dict[str, str] = {}
            while "READY" not in found:
                found |= told(notices)
            assert found["STATUS"] == "1 running"
            while "WATCHDOG" not in told(notices):
                pass
            process.terminate()
            while "STOPPING" not in (last := told(notices)):
                pass
            assert last["STATUS"] == "saving states"
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == 0, err
    lines = out.splitlines()
    assert lines
    assert {line[:3] for line in lines} <= {"<3>", "<4>", "<6>", "<7>"}
    assert any(line.startswith("<6>counter r1: ") for line in lines), "no time, which the journal has itself"
