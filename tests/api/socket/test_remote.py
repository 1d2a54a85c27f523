"""A runtime behind its control socket keeps the contract, whatever it is and whoever else is connected."""

from __future__ import annotations

import contextlib

import pytest

from airssys_tui.api.socket.remote import RemoteRuntime
from airssys_tui.api.socket.server import ControlServer
from tests.support.api.contract import Bench, Contract
from tests.support.api.demonstration_bench import PlayedBench
from tests.support.api.embedded_bench import EmbeddedBench


class RemoteBench(Bench):
    """Another bench, seen through a control socket."""

    def __init__(self, inner: Bench, path, opened: contextlib.ExitStack) -> None:
        self.inner = inner
        server = ControlServer(inner.api, path)
        opened.callback(server.close)
        self.api = RemoteRuntime.open(path, follow=True, client="contract")
        opened.callback(self.api.close)

    def arrive(self, version):
        self.inner.arrive(version)
        self.versions()  # an answer never comes before the changes that it tells of


@pytest.fixture(params=["played", "embedded"])
def bench(request, tmp_path):
    with contextlib.ExitStack() as opened:
        inner = PlayedBench() if request.param == "played" else EmbeddedBench(request.getfixturevalue("world"))
        yield RemoteBench(inner, tmp_path / "control.sock", opened)


class TestRemote(Contract):
    pass
