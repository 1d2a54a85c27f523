"""How a connection ends when the server does."""

from __future__ import annotations

import asyncio

from uvicorn import Config
from uvicorn.server import ServerState

from airssys_tui.runtime.incoming.connection_guard import GuardedProtocol


class Wire(asyncio.Transport):
    """A transport that notes how it was ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[str] = []

    def is_closing(self) -> bool:
        return "close" in self.ended

    def close(self) -> None:
        self.ended.append("close")

    def write_eof(self) -> None:
        self.ended.append("write_eof")

    def resume_reading(self) -> None:
        pass


async def _nobody(_scope: object, _receive: object, _send: object) -> None:
    """Answer nothing."""


def test_a_client_that_has_sent_nothing_is_not_waited_for_when_the_server_ends() -> None:
    async def shut_down() -> list[str]:
        protocol = GuardedProtocol(Config(_nobody, lifespan="off", log_config=None), ServerState(), {})
        wire = Wire()
        protocol.connection_made(wire)
        protocol.shutdown()
        ended = list(wire.ended)
        protocol.connection_lost(None)
        return ended

    assert asyncio.run(shut_down()) == ["close"]
